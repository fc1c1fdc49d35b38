using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using Xunit;
using static RuleCompiler.Tests.Emulation.World;

namespace RuleCompiler.Tests.Emulation;

public sealed class TranslatorTests
{
    [Theory]
    [InlineData(Family.Ipv4)]
    [InlineData(Family.Ipv6)]
    public void Every_form_of_rule_translates_and_tells_its_text(Family family)
    {
        var program = IptablesTranslator.Translate(EveryRuleForm.StandingAlone(family));
        for (var rule = 0; rule < program.Rules.Count; rule++)
            Assert.StartsWith("-A ", program.Describe(rule).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void RC7001_a_jump_to_a_chain_that_is_not_there() => AssertRefused(
        DiagnosticCatalog.MissingChain, "-A PREROUTING -j KUBE-SVC-X", Nat(Chain("PREROUTING", If(Jump("KUBE-SVC-X")))));

    [Fact]
    public void RC7002_a_loop_even_where_no_hook_reaches_it() => AssertRefused(
        DiagnosticCatalog.ChainLoop, "-A B -g A",
        Nat(Chain("PREROUTING"), Chain("A", If(Jump("B"))), Chain("B", If(new Target.Goto("A")))));

    [Fact]
    public void RC7003_a_target_in_the_wrong_table() => AssertRefused(
        DiagnosticCatalog.TargetOutOfPlace, "found this target in table filter, expected it in table nat",
        Filter(Chain("FORWARD", If(Dnat("10.0.0.1:1")))));

    [Fact]
    public void RC7003_a_target_under_the_wrong_hook() => AssertRefused(
        DiagnosticCatalog.TargetOutOfPlace, "where POSTROUTING reaches it, expected it under PREROUTING or OUTPUT only",
        Nat(Chain("POSTROUTING", If(Jump("X"))), Chain("X", If(Dnat("10.0.0.1:1")))));

    [Fact]
    public void RC7004_an_address_of_the_other_family() => AssertRefused(
        DiagnosticCatalog.WrongFamily, "expected an address of that family", Nat(Chain("PREROUTING", If(Accept, To("fd00::/8")))));

    [Fact]
    public void RC7005_a_BPF_program_that_no_kernel_takes() => AssertRefused(
        DiagnosticCatalog.UnsoundBpf, "does not end with a return",
        Nat(Chain("PREROUTING", If(Accept, new Match.Bpf([new BpfInstruction(0x20, 0, 0, 12)])))));

    [Fact]
    public void RC7006_a_match_on_sets_that_nobody_gave() => AssertRefused(
        DiagnosticCatalog.StateNotGiven, "-m set --match-set KUBE-CLUSTER-IP dst,dst",
        Nat(Chain("PREROUTING", If(Accept,
            new Match.InSet("KUBE-CLUSTER-IP", [SetDimension.Destination, SetDimension.Destination])))));

    [Fact]
    public void Twenty_thousand_nested_chains_are_no_trouble()
    {
        const int Depth = 20_000;
        var chains = Enumerable.Range(0, Depth)
            .Select(i => Chain($"C{i:D5}", i + 1 < Depth ? [If(Jump($"C{i + 1:D5}"))] : [If(Drop)]))
            .Prepend(Chain("FORWARD", If(Jump("C00000"))));
        var world = new World(Rules(Filter(chains.ToArray())));
        Assert.Equal(new Fate.Dropped(), world.Send(First("udp 203.0.113.7:1 > 10.65.0.1:80", "eth0")).Fate);
    }

    [Theory]
    [InlineData("shop/cart-20:p1 cluster IP", "shop/cart-20:p1")]
    [InlineData("masquerade LOCAL traffic for ns/svc external destinations", "ns/svc")]
    [InlineData("ns1/svc1:p80 -> 10.180.0.1:80", "ns1/svc1:p80")]
    [InlineData("kubernetes service portals", null)]
    [InlineData("net 10.0.0.0/8 here", null)]
    [InlineData("a/b/c", null)]
    [InlineData(null, null)]
    public void A_comment_names_its_service(string? comment, string? service)
    {
        var program = IptablesTranslator.Translate(
            Rules(Filter(Chain("FORWARD", new Rule([], Drop, comment)))));
        Assert.Equal(service, program.Describe(0).Service);
    }

    private static void AssertRefused(DiagnosticRule rule, string text, Table table)
    {
        var (program, diagnostics) = IptablesTranslator.TryTranslate(Rules(table));
        Assert.Null(program);
        Assert.Contains(diagnostics, found => found.Rule == rule && found.Message.Contains(text, StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => IptablesTranslator.Translate(Rules(table)));
    }
}
