using System.Text;
using FsCheck.Xunit;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Backends.Nftables;

public sealed class ParseLawsTests
{
    private const string Noise = "{}:;,.@!=<>&|^()#\"\\ \t\n0/-$*addtableiprulesetchainmapvmaptcpelements\0\ré\ud800";

    [Property(Arbitrary = [typeof(NftRulesetGen)], MaxTest = 25)]
    public void What_is_printed_is_read_back(NftRuleset ruleset)
    {
        var parsed = NftablesBackend.Instance.Parse(NftablesBackend.Instance.Print(ruleset), ruleset.Family);
        Assert.Empty(parsed.Diagnostics);
        Same(ruleset, parsed.Artifact);
    }

    [Theory]
    [InlineData(Family.Ipv4)]
    [InlineData(Family.Ipv6)]
    public void Every_form_is_read_back(Family family)
    {
        var parsed = NftablesBackend.Instance.Parse(NftablesBackend.Instance.Print(EveryNftForm.For(family)), family);
        Assert.Empty(parsed.Diagnostics);
        Same(EveryNftForm.For(family), parsed.Artifact);
    }

    [Property(MaxTest = 25)]
    public void Arbitrary_characters_never_throw(string? text)
    {
        PrintWhatIsRead(text ?? "");
        PrintWhatIsRead("{" + text);
    }

    [Property(MaxTest = 25)]
    public void Arbitrary_bytes_never_throw(byte[] bytes)
    {
        PrintWhatIsRead(Encoding.UTF8.GetString(bytes));
        PrintWhatIsRead(Encoding.Latin1.GetString(bytes));
        var noise = string.Concat(bytes.Select(value => Noise[value % Noise.Length]));
        PrintWhatIsRead("table ip t { chain c { ip saddr " + noise + "\n} }\n");
        PrintWhatIsRead("table ip6 t { set s { type ipv6_addr; elements = { " + noise + "\n} } }\n");
    }

    /// <summary>Valid text with a few characters changed, left out, doubled or cut off.</summary>
    [Property(Arbitrary = [typeof(NftRulesetGen)], MaxTest = 25)]
    public void Damaged_text_never_throws(NftRuleset ruleset, (ushort At, byte How)[] damages) =>
        PrintWhatIsRead(Damage.Done(NftablesBackend.Instance.Print(ruleset)[0].Text, damages, Noise));

    [Theory]
    [InlineData("txt")]
    [InlineData("json")]
    public void Damaged_listings_never_throw(string format)
    {
        var text = File.ReadAllText(Checkout.PathOf("tests/RuleCompiler.Tests/Backends/Nftables", "EveryStatement." + format));
        var random = new Random(20261123);
        for (var i = 0; i < Fuzz.Cases(30); i++)
        {
            var damages = Enumerable.Range(0, random.Next(1, 4))
                .Select(_ => ((ushort)random.Next(), (byte)random.Next())).ToArray();
            PrintWhatIsRead(Damage.Done(text, damages, Noise));
        }
    }

    /// <summary>What is left of a listing that was cut off is a beginning of it, and the cut is reported.</summary>
    [Theory]
    [InlineData("txt")]
    [InlineData("json")]
    public void A_listing_that_is_cut_off_is_reported(string format)
    {
        var text = File.ReadAllText(Checkout.PathOf("tests/RuleCompiler.Tests/Backends/Nftables", "EveryStatement." + format))
            .TrimEnd();
        var whole = NftablesBackend.Instance.Parse([new ArtifactFile("dump", text)], Family.Ipv4).Artifact.Tables[0];
        for (var length = 1; length < text.Length; length += 97)
        {
            var parsed = NftablesBackend.Instance.Parse([new ArtifactFile("dump", text[..length])], Family.Ipv4);
            Assert.True(parsed.HasErrors, text[..length]);
            foreach (var chain in parsed.Artifact.Tables.SelectMany(table => table.Chains))
            {
                var known = whole.Chains.First(other => other.Name == chain.Name);
                Assert.Equal(known.Rules.Take(chain.Rules.Count), chain.Rules);
            }
        }
    }

    /// <summary>Texts first: they are easier to read where they differ.</summary>
    private static void Same(NftRuleset expected, NftRuleset found)
    {
        if (expected == found) return;
        Assert.Equal(NftablesBackend.Instance.Print(expected)[0].Text, NftablesBackend.Instance.Print(found)[0].Text);
        foreach (var (left, right) in expected.Tables.Zip(found.Tables))
        {
            Assert.Equal(left.Sets, right.Sets);
            foreach (var (one, other) in left.Chains.Zip(right.Chains)) Assert.Equal(one.Rules.AsEnumerable(), other.Rules);
        }

        Assert.Equal(expected, found);
    }

    /// <summary>Law 2 on anything: what was read can be printed, and reads back as itself.</summary>
    private static void PrintWhatIsRead(string text)
    {
        foreach (var family in Enum.GetValues<Family>())
        {
            var first = NftablesBackend.Instance.Parse([new ArtifactFile("noise", text)], family);
            Assert.All(first.Diagnostics, diagnostic => Assert.Equal("noise", diagnostic.Location.Path));
            var printed = NftablesBackend.Instance.Print(first.Artifact);
            var second = NftablesBackend.Instance.Parse(printed, family);
            Assert.Empty(second.Diagnostics);
            Same(first.Artifact, second.Artifact);
            Assert.Equal(printed, NftablesBackend.Instance.Print(second.Artifact));
        }
    }
}
