using System.Text;
using FsCheck.Xunit;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class ParseLawsTests
{
    private const string Noise = "*:-!\"\\ \t\n[]0:,/#ACOMITnatfilter-A-j-m--s\0\ré\ud800";

    [Property(Arbitrary = [typeof(RulesetGen)], MaxTest = 60)]
    public void What_is_printed_is_read_back(IptablesRuleset ruleset)
    {
        var parsed = IptablesBackend.Instance.Parse(IptablesBackend.Instance.Print(ruleset), ruleset.Family);
        Assert.Empty(parsed.Diagnostics);
        Assert.Equal(ruleset, parsed.Artifact);
    }

    [Property(Arbitrary = [typeof(RulesetGen)], MaxTest = 60)]
    public void A_printed_step_is_read_back(IptablesRuleset ruleset)
    {
        foreach (var table in ruleset.Tables)
        {
            var step = new TableBlock(table.Name, Seq.Create<RestoreCommand>(
            [
                .. table.Chains.Select(chain => new RestoreCommand.Declare(chain.Name, chain.Policy)),
                .. table.Chains.SelectMany(chain => chain.Rules.Select((rule, index) => (RestoreCommand)(index switch
                {
                    0 => new RestoreCommand.Append(chain.Name, rule),
                    1 => new RestoreCommand.Insert(chain.Name, 2, rule),
                    2 => new RestoreCommand.Replace(chain.Name, 1, rule),
                    _ => new RestoreCommand.Delete(chain.Name, rule),
                }))),
                new RestoreCommand.DeleteAt("A", 7),
                new RestoreCommand.Flush("A"),
                new RestoreCommand.DeleteChain("A"),
            ]));
            var read = IptablesBackend.ParseBlocks(new ArtifactFile("step", IptablesBackend.Instance.PrintStep(step, ruleset.Family)), ruleset.Family);
            Assert.Empty(read.Diagnostics);
            Assert.Equal(step, Assert.Single(read.Artifact));
        }
    }

    [Property(MaxTest = 60)]
    public void Arbitrary_characters_never_throw(string? text) => PrintWhatIsRead(text ?? "");

    [Property(MaxTest = 60)]
    public void Arbitrary_bytes_never_throw(byte[] bytes)
    {
        PrintWhatIsRead(Encoding.UTF8.GetString(bytes));
        PrintWhatIsRead(Encoding.Latin1.GetString(bytes));
        PrintWhatIsRead("*nat\n:A - [0:0]\n-A A " + string.Concat(bytes.Select(value => Noise[value % Noise.Length])) + "\nCOMMIT\n");
    }

    /// <summary>Valid text with a few characters changed, left out, doubled or cut off.</summary>
    [Property(Arbitrary = [typeof(RulesetGen)], MaxTest = 60)]
    public void Damaged_text_never_throws(IptablesRuleset ruleset, (ushort At, byte How)[] damages) =>
        PrintWhatIsRead(Damage.Done(IptablesBackend.Instance.Print(ruleset)[0].Text, damages, Noise));

    /// <summary>Law 2 on anything: what was read can be printed, and reads back as itself.</summary>
    private static void PrintWhatIsRead(string text)
    {
        foreach (var family in Enum.GetValues<Family>())
        {
            var first = IptablesBackend.Instance.Parse([new ArtifactFile("noise", text)], family);
            Assert.All(first.Diagnostics, diagnostic => Assert.Equal("noise", diagnostic.Location.Path));
            var printed = IptablesBackend.Instance.Print(first.Artifact);
            var second = IptablesBackend.Instance.Parse(printed, family);
            Assert.Empty(second.Diagnostics);
            Assert.Equal(first.Artifact, second.Artifact);
            Assert.Equal(printed, IptablesBackend.Instance.Print(second.Artifact));
        }
    }
}
