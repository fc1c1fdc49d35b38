using System.Globalization;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class PrintTests
{
    [Theory]
    [InlineData(Family.Ipv4, "iptables")]
    [InlineData(Family.Ipv6, "ip6tables")]
    public void Every_rule_form_has_its_golden_text(Family family, string tool)
    {
        var file = Assert.Single(IptablesBackend.Instance.Print(EveryRuleForm.For(family)));
        Assert.Equal(tool + ".rules", file.Name);
        Assert.Equal(File.ReadAllText(Checkout.PathOf("tests/RuleCompiler.Tests/Backends/Iptables", $"EveryRuleForm.{tool}.verified.txt")), file.Text);
    }

    [Theory]
    [InlineData(0u, "0.00000000000000")]
    [InlineData(1u, "0.00000000046566")]
    [InlineData(48806447u, "0.02272727293894")]
    [InlineData(2147483647u, "0.99999999953434")]
    [InlineData(2147483648u, "1.00000000000000")]
    public void A_probability_has_fourteen_decimals(uint threshold, string text) =>
        Assert.Equal($"-m statistic --mode random --probability {text}", Text(new Match.Statistic(threshold)));

    [Fact]
    public void The_tool_rounds_every_probability_to_its_threshold()
    {
        for (var n = 1u; n <= 100_000; n++)
        {
            var threshold = (uint)(((1ul << 31) + (n / 2)) / n);
            var text = Text(new Match.Statistic(threshold));
            var probability = double.Parse(text.AsSpan(text.LastIndexOf(' ')), CultureInfo.InvariantCulture);
            Assert.Equal(threshold, (uint)Math.Round((1ul << 31) * probability, MidpointRounding.AwayFromZero));
        }
    }

    [Fact]
    public void A_step_prints_each_kind_of_command()
    {
        var rule = new Rule([new Match.SourceIsLocal()], new Target.Return());
        TableBlock step = new(TableName.Nat,
        [
            new RestoreCommand.Declare("KUBE-A", null),
            new RestoreCommand.Declare("OUTPUT", Policy.Accept),
            new RestoreCommand.Append("KUBE-A", rule),
            new RestoreCommand.Insert("OUTPUT", 1, new Rule([], new Target.Jump("KUBE-A"))),
            new RestoreCommand.Replace("KUBE-A", 1, rule),
            new RestoreCommand.Delete("KUBE-A", rule),
            new RestoreCommand.DeleteAt("OUTPUT", 1),
            new RestoreCommand.Flush("KUBE-A"),
            new RestoreCommand.DeleteChain("KUBE-A"),
        ]);
        Assert.Equal(
            """
            *nat
            :KUBE-A - [0:0]
            :OUTPUT ACCEPT [0:0]
            -A KUBE-A -m addrtype --src-type LOCAL -j RETURN
            -I OUTPUT 1 -j KUBE-A
            -R KUBE-A 1 -m addrtype --src-type LOCAL -j RETURN
            -D KUBE-A -m addrtype --src-type LOCAL -j RETURN
            -D OUTPUT 1
            -F KUBE-A
            -X KUBE-A
            COMMIT

            """,
            IptablesBackend.Instance.PrintStep(step, Family.Ipv4));
    }

    public static TheoryData<Rule> Unprintable => new(
        new Rule([], null, ""),
        new Rule([], null, "two\nlines"),
        new Rule([], null, "nul\0"),
        new Rule([], null, new string('x', 256)),
        new Rule([], null, new string('é', 128)),
        new Rule([], new Target.Jump("")),
        new Rule([], new Target.Jump("A B")),
        new Rule([], new Target.Jump("-A")),
        new Rule([], new Target.Jump("ACCEPT")),
        new Rule([], new Target.Jump(new string('X', 29))),
        new Rule([], new Target.Dnat(Endpoint.Parse("[fd00::1]:80"))),
        new Rule([new Match.Source(Ip.Parse("10.0.0.1"), Ip.Parse("255.0.0.0"))], null),
        new Rule([new Match.Source(Ip.Parse("fd00::"), Ip.Parse("ffff::"))], null),
        new Rule([new Match.DestinationPort(new(80), new(80))], null),
        new Rule([new Match.OfProtocol(Protocol.Tcp, true), new Match.DestinationPort(new(80), new(80))], null),
        new Rule([new Match.OfProtocol(Protocol.Icmp), new Match.DestinationPort(new(80), new(80))], null),
        new Rule([new Match.OfProtocol(Protocol.Tcp), new Match.InInterface("lo")], null),
        new Rule([new Match.SourceIsLocal(), new Match.InInterface("lo")], null),
        new Rule([new Match.InInterface("lo"), new Match.InInterface("lo")], null),
        new Rule([new Match.ConntrackState(ConntrackStates.None)], null),
        new Rule([new Match.Statistic((1u << 31) + 1)], null));

    [Theory]
    [MemberData(nameof(Unprintable))]
    public void What_no_text_expresses_is_refused(Rule rule) =>
        Assert.Throws<InvalidOperationException>(() => IptablesBackend.PrintRule(rule, Family.Ipv4));

    [Fact]
    public void IPv6_has_no_protocol_unreachable() => Assert.Throws<InvalidOperationException>(
        () => IptablesBackend.PrintRule(new Rule([], new Target.Reject(RejectKind.ProtocolUnreachable)), Family.Ipv6));

    private static string Text(Match match) => IptablesBackend.PrintRule(new Rule([match], null), Family.Ipv4);
}
