using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using Xunit;
using static RuleCompiler.Tests.Emulation.World;

namespace RuleCompiler.Tests.Emulation;

/// <summary>Each match on its own: a rule that drops in FORWARD, a packet that it takes and one that it leaves.</summary>
public sealed class MatchTests
{
    private const string Flow = "tcp 10.64.0.5:1000 > 203.0.113.9:443";

    public static TheoryData<string, Match, bool> Cases()
    {
        var data = new TheoryData<string, Match, bool>();
        void Add(string name, Match match, bool holds) => data.Add(name, match, holds);
        Add("source", From("10.64.0.0/16"), true);
        Add("source elsewhere", From("10.65.0.0/16"), false);
        Add("not source", From("10.64.0.0/16", inverted: true), false);
        Add("low bits of the source", new Match.Source(Ip.Parse("0.0.0.5"), Ip.Parse("0.0.0.7")), true);
        Add("other low bits", new Match.Source(Ip.Parse("0.0.0.4"), Ip.Parse("0.0.0.7")), false);
        Add("bits outside the mask are cut off", new Match.Source(Ip.Parse("10.64.0.5"), Ip.Parse("255.0.0.0")), true);
        Add("destination", To("203.0.113.9/32"), true);
        Add("not destination", To("203.0.113.9/32", inverted: true), false);
        Add("input", new Match.InInterface("cni0"), true);
        Add("input prefix", new Match.InInterface("cni+"), true);
        Add("any input", new Match.InInterface("+"), true);
        Add("input is no prefix without +", new Match.InInterface("cni"), false);
        Add("not input", new Match.InInterface("eth+", Inverted: true), true);
        Add("output", new Match.OutInterface("eth0"), true);
        Add("not output", new Match.OutInterface("eth0", Inverted: true), false);
        Add("protocol", Is(Protocol.Tcp), true);
        Add("not protocol", new Match.OfProtocol(Protocol.Udp, Inverted: true), true);
        Add("source port", new Match.SourcePort(new Port(1000), new Port(1000)), true);
        Add("source port range", new Match.SourcePort(new Port(0), new Port(999)), false);
        Add("port range", new Match.DestinationPort(new Port(443), new Port(65535)), true);
        Add("not port range", new Match.DestinationPort(new Port(1), new Port(442), Inverted: true), true);
        Add("state", States(ConntrackStates.New | ConntrackStates.Related), true);
        Add("not state", States(ConntrackStates.New, inverted: true), false);
        Add("not invalid", States(ConntrackStates.Invalid), false);
        Add("not untracked", States(ConntrackStates.Untracked), false);
        Add("no virtual state", States(ConntrackStates.Dnat | ConntrackStates.Snat), false);
        Add("mark", new Match.Mark(0x20, 0xF0), true);
        Add("mark value outside its mask never holds", new Match.Mark(0x25, 0xF0), false);
        Add("not mark", new Match.Mark(0, 0xF0, Inverted: true), true);
        Add("source is local", new Match.SourceIsLocal(), false);
        Add("destination is not local", new Match.DestinationIsLocal(Inverted: true), true);
        Add("a draw of certainty", new Match.Statistic(1u << 31), true);
        Add("a draw of impossibility", new Match.Statistic(0), false);
        Add("a counter", new Match.Nfacct("n"), true);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void Match_holds(string name, Match match, bool holds)
    {
        var world = new World(Rules(Filter(Chain("FORWARD", If(Drop, match)))));

        // Untraced: some of these rules have no text of their own, a port without a protocol for one.
        var passage = world.Emulator.Send(First(Flow, "cni0") with { Mark = 0x12345624 }, trace: false);
        Assert.True(passage.Fate is Fate.Dropped == holds, name);
    }

    [Theory]
    [InlineData(0u, 0u, false)]
    [InlineData(1u, 0u, true)]
    [InlineData(1u, 1u, false)]
    [InlineData(48806447u, 48806446u, true)]
    [InlineData(48806447u, 48806447u, false)]
    [InlineData(0x80000000u, 0x7FFFFFFFu, true)]
    [InlineData(0x40000000u, 0x3FFFFFFFu | 0x80000000u, true)]
    [InlineData(0x40000000u, 0x40000000u | 0x80000000u, false)]
    public void A_draw_compares_31_bits_of_the_word(uint threshold, uint word, bool holds)
    {
        foreach (var inverted in new[] { false, true })
        {
            var world = new World(
                Rules(Filter(Chain("FORWARD", If(Drop, new Match.Statistic(threshold, inverted))))), null, word);
            Assert.Equal(holds != inverted, world.Send(First(Flow, "cni0")).Fate is Fate.Dropped);
        }
    }

    [Fact]
    public void Before_conntrack_a_packet_counts_as_invalid()
    {
        var rules = Rules(new Table(TableName.Raw, [Chain("PREROUTING", If(Drop, States(ConntrackStates.Invalid)))]));
        Assert.Equal(new Fate.Dropped(), new World(rules).Send(First(Flow, "cni0")).Fate);
    }

    [Fact]
    public void A_packet_of_the_node_has_no_input_interface()
    {
        var world = new World(Rules(Filter(Chain("OUTPUT",
            If(Drop, new Match.InInterface("eth+")), If(Accept, new Match.InInterface("eth+", Inverted: true)), If(Drop)))));
        Assert.Equal(new Fate.Sent("eth0"), world.Send(First("udp 192.168.0.10:1 > 203.0.113.9:53", null)).Fate);
    }

    [Theory]
    [InlineData("192.168.0.10", true)]
    [InlineData("127.3.2.1", true)]
    [InlineData("192.168.0.11", false)]
    public void Local_is_loopback_and_the_interfaces_addresses(string destination, bool local)
    {
        var rules = Rules(new Table(TableName.Mangle, [Chain("PREROUTING", If(Drop, new Match.DestinationIsLocal()))]));
        var passage = new World(rules).Send(First($"udp 203.0.113.9:1 > {destination}:53", "eth0"));
        Assert.Equal(local, passage.Fate is Fate.Dropped);
    }

    [Fact]
    public void Jump_goto_and_return_lead_where_the_kernel_leads_them()
    {
        // FORWARD: jump A; drop.  A: goto B; drop.  B: return.  B's end is where A was called: after the first rule.
        var world = new World(Rules(Filter(
            Chain("FORWARD", If(Jump("A")), If(Accept, new Match.Nfacct("here")), If(Drop)),
            Chain("A", If(new Target.Goto("B")), If(Drop)),
            Chain("B", If(Return), If(Drop)))));
        var passage = world.Send(First(Flow, "cni0"));
        Assert.Equal(new Fate.Sent("eth0"), passage.Fate);
        Assert.Equal(
            [("FORWARD", 1, "jump to A"), ("A", 1, "go to B"), ("B", 1, "return"), ("FORWARD", 2, "accept")],
            passage.Steps.Select(step => (step.Chain, step.RuleNumber, step.Effect)));
    }

    [Fact]
    public void A_goto_or_return_from_a_builtin_chain_ends_at_its_policy()
    {
        Table Filtered(Target target) => new(TableName.Filter,
            [new Chain("FORWARD", Policy.Drop, [If(target), If(Accept)]), Chain("B")]);
        Assert.Equal(new Fate.Dropped(), new World(Rules(Filtered(new Target.Goto("B")))).Send(First(Flow, "cni0")).Fate);
        Assert.Equal(new Fate.Dropped(), new World(Rules(Filtered(Return))).Send(First(Flow, "cni0")).Fate);
    }

    [Fact]
    public void Hooks_and_tables_run_in_the_kernels_order()
    {
        var counts = If(null);
        Table Counting(TableName name) =>
            new(name, name.BuiltInChains().ToArray().Select(chain => Chain(chain, counts)).ToSeq());
        var world = new World(new IptablesRuleset(Family.Ipv4, TableFacts.All.Select(Counting).ToSeq()));
        Assert.Equal(
            "raw PREROUTING, mangle PREROUTING, nat PREROUTING, mangle FORWARD, filter FORWARD, security FORWARD, " +
            "mangle POSTROUTING, nat POSTROUTING",
            Path(world.Send(First(Flow, "cni0"))));
        Assert.Equal(
            "raw PREROUTING, mangle PREROUTING, nat PREROUTING, mangle INPUT, filter INPUT, security INPUT, nat INPUT",
            Path(world.Send(First("tcp 203.0.113.9:1 > 192.168.0.10:22", "eth0"))));
        Assert.Equal(
            "raw OUTPUT, mangle OUTPUT, nat OUTPUT, filter OUTPUT, security OUTPUT, mangle POSTROUTING, nat POSTROUTING",
            Path(world.Send(First("tcp 192.168.0.10:1 > 203.0.113.9:22", null))));

        // Measured on Linux 6.18, both flavours: back from lo a packet is still NEW and keeps its mark, and the nat
        // chains of PREROUTING and INPUT do not see it.
        Assert.Equal(
            "raw OUTPUT, mangle OUTPUT, nat OUTPUT, filter OUTPUT, security OUTPUT, mangle POSTROUTING, nat POSTROUTING, " +
            "raw PREROUTING, mangle PREROUTING, mangle INPUT, filter INPUT, security INPUT",
            Path(world.Send(First("tcp 192.168.0.10:1 > 192.168.0.10:22", null))));

        static string Path(Passage passage) =>
            string.Join(", ", passage.Steps.Select(step => $"{step.Table} {step.Chain}"));
    }

    [Fact]
    public void Marks_change_as_xt_MARK_does_and_leave_with_the_packet()
    {
        var rules = Rules(new Table(TableName.Mangle,
            [Chain("PREROUTING", If(new Target.SetMark(0xFF, 0x41)), If(new Target.SetMark(0, 0x40)))]));
        var passage = new World(rules).Send(First(Flow, "cni0") with { Mark = 0xABCD });
        Assert.Equal(0xAB01u, passage.Sent.Mark);
    }

    [Theory]
    [InlineData(RejectKind.PortUnreachable, TcpFlags.Syn, true)]
    [InlineData(RejectKind.TcpReset, TcpFlags.Ack, true)]
    [InlineData(RejectKind.TcpReset, TcpFlags.Rst | TcpFlags.Ack, false)]
    public void A_rejection_answers_anything_but_a_reset(RejectKind kind, TcpFlags flags, bool answered)
    {
        var world = new World(Rules(Filter(Chain("FORWARD", If(new Target.Reject(kind), Is(Protocol.Tcp))))));
        var passage = world.Send(First(Flow, "cni0") with { Tcp = flags });
        Assert.Equal(answered ? new Fate.Rejected(kind) : new Fate.Dropped(), passage.Fate);
    }

    [Fact]
    public void Without_a_route_a_packet_ends_unroutable()
    {
        var world = new World(Rules(), Network4 with { Routes = [] });
        Assert.Equal(new Fate.Unroutable(), world.Send(First(Flow, "cni0")).Fate);
        Assert.Equal(new Fate.Unroutable(), world.Send(First("udp 192.168.0.10:1 > 203.0.113.9:53", null)).Fate);
    }

    [Fact]
    public void IPv6_loopback_from_outside_is_dropped_before_any_rule()
    {
        var world = new World(new IptablesRuleset(Family.Ipv6, []));
        Assert.Equal(new Fate.Dropped(), world.Send(First("udp [fd00::9]:1 > [::1]:53", "eth0")).Fate);
        Assert.Equal(new Fate.Delivered(), world.Send(First("udp [::1]:1 > [::1]:53", null)).Fate);
    }

    [Fact]
    public void A_packet_of_the_other_family_is_a_mistake_of_the_caller() =>
        Assert.Throws<ArgumentException>(() => new World(Rules()).Send(First("udp [fd00::9]:1 > [fd00::1]:53", "eth0")));
}
