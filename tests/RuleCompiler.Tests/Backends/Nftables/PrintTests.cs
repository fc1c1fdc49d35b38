using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Backends.Nftables;

public sealed class PrintTests
{
    /// <summary>Loaded and listed by nft 1.0.6 on Linux 6.18.</summary>
    [Theory]
    [InlineData(Family.Ipv4, "ip.nft")]
    [InlineData(Family.Ipv6, "ip6.nft")]
    public void Every_form_has_its_golden_text(Family family, string name)
    {
        var file = Assert.Single(NftablesBackend.Instance.Print(EveryNftForm.For(family)));
        Assert.Equal(name, file.Name);
        Assert.Equal(File.ReadAllText(Checkout.PathOf("tests/RuleCompiler.Tests/Backends/Nftables", $"EveryForm.{name}.verified.txt")), file.Text);
    }

    [Fact]
    public void To_take_over_is_to_delete_the_other_table_first() => Assert.StartsWith(
        """
        table ip kube-proxy
        delete table ip kube-proxy
        table ip every
        delete table ip every
        table ip every {

        """.ReplaceLineEndings("\n"),
        Assert.Single(NftablesBackend.Instance.PrintTakeOver(EveryNftForm.For(Family.Ipv4))).Text, StringComparison.Ordinal);

    [Fact]
    public void What_nft_cannot_read_is_not_written()
    {
        Refused(new Statement.Reject(NftRejectKind.NoRoute));
        Refused(new Statement.Bits(new Expression.Ct(CtKey.State), 4096, Inverted: false));
        Refused(new Statement.Bits(new Expression.Ct(CtKey.State), 0, Inverted: false));
        Refused(new Statement.Match(new Expression.FibType(OfSource: true), Relation.Equal, [new(99)]));
        Refused(new Statement.Match(new Expression.Meta(MetaKey.InputInterfaceName), Relation.Equal, [new(1, 5)]));
        Refused(new Statement.Match(new Expression.Constant([1]), Relation.Equal, [new(1)]));
        Refused(new Statement.Counter(), "a \"quoted\" word");

        static void Refused(Statement statement, string? comment = null) => Assert.Throws<InvalidOperationException>(
            () => NftablesBackend.PrintRule(new NftRule([statement], comment), Family.Ipv4));
    }

    [Fact]
    public void Every_command_has_its_text()
    {
        var set = new NftSet("ports", [FieldType.InetService], new DataType.Verdict(), SetFlags.Interval, null, 10,
            [new([new(80)], new ElementData.Verdict(new NftVerdict.Drop()), "web"), new([new(90, 99)], new ElementData.Verdict(new NftVerdict.Accept()))]);
        var step = new NftTransaction("t",
        [
            new NftCommand.AddTable(), new NftCommand.AddSet(set), new NftCommand.AddElements(set), new NftCommand.DeleteElements(set),
            new NftCommand.DeleteSet("ports", IsMap: true), new NftCommand.DeleteSet("names", IsMap: false),
            new NftCommand.AddChain("c", null), new NftCommand.AddChain("in", new(NftChainType.Filter, NftHookPoint.Input, 0, true)),
            new NftCommand.AddRule("c", new([new Statement.Counter()], "seen")), new NftCommand.FlushChain("c"),
            new NftCommand.DeleteChain("c"), new NftCommand.DeleteTable(),
        ]);
        Assert.Equal(
            """
            add table ip6 t
            add map ip6 t ports { type inet_service : verdict; flags interval; size 10; }
            add element ip6 t ports { 80 comment "web" : drop, 90-99 : accept }
            delete element ip6 t ports { 80, 90-99 }
            delete map ip6 t ports
            delete set ip6 t names
            add chain ip6 t c
            add chain ip6 t in { type filter hook input priority 0; policy drop; }
            add rule ip6 t c counter comment "seen"
            flush chain ip6 t c
            delete chain ip6 t c
            delete table ip6 t

            """.ReplaceLineEndings("\n"),
            NftablesBackend.Instance.PrintStep(step, Family.Ipv6));
    }
}
