using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using Xunit;
using static RuleCompiler.Tests.Emulation.NftWorld;

namespace RuleCompiler.Tests.Emulation;

/// <summary>Chains, verdicts, maps and NAT of nftables.</summary>
public sealed class NftRuleTests
{
    private const string Flow = "tcp 10.64.0.5:1000 > 203.0.113.9:443";

    [Fact]
    public void Accept_ends_its_base_chain_only_and_drop_ends_all()
    {
        var accepts = Filter(NftHookPoint.Forward, -10, Do(End(Accept)), Do(End(Drop)));
        var drops = Filter(NftHookPoint.Forward, 10, Do(End(Drop)));
        Assert.IsType<Fate.Sent>(new NftWorld(Rules(Table(accepts))).Send(Flow, "cni0").Fate);
        Assert.IsType<Fate.Dropped>(new NftWorld(Rules(Table(accepts, drops))).Send(Flow, "cni0").Fate);
    }

    [Fact]
    public void Base_chains_run_by_priority_across_tables_and_around_NAT()
    {
        NftRule[] counts = [Do(new Statement.Counter())];
        var first = new NftTable(
            "a", [], [Filter(NftHookPoint.Prerouting, -110, counts), Filter(NftHookPoint.Forward, 1, counts)]);
        var second = new NftTable("b", [],
        [
            Nat(NftHookPoint.Prerouting, -100, counts), Filter(NftHookPoint.Prerouting, -300, counts),
            Filter(NftHookPoint.Prerouting, -90, counts), Filter(NftHookPoint.Forward, 0, counts),
            Nat(NftHookPoint.Postrouting, 100, counts),
        ]);
        var passage = new NftWorld(Rules(first, second)).Send(Flow, "cni0");
        Assert.Equal(
            "b Prerouting-300, a Prerouting-110, b natPrerouting-100, b Prerouting-90, b Forward0, a Forward1, " +
            "b natPostrouting100",
            string.Join(", ", passage.Steps.Select(step => $"{step.Table} {step.Chain}")));
    }

    /// <summary>
    /// nf_nat_core.c:nf_nat_inet_fn runs the nat chains of a hook from one place, by their own priorities, until one
    /// has set up NAT.
    /// </summary>
    [Fact]
    public void Nat_chains_run_until_one_translates()
    {
        var world = new NftWorld(Rules(Table(
            Nat(NftHookPoint.Prerouting, 500, Do(Dnat("10.0.0.3:3"))),
            Nat(NftHookPoint.Prerouting, -150, Do(Is(DestinationPort, 1), Dnat("10.0.0.1:1"))),
            Nat(NftHookPoint.Prerouting, 0, Do(Is(DestinationPort, 443), Dnat("10.0.0.2:2"))),
            Filter(NftHookPoint.Prerouting, -99, Do(Is(DestinationPort, 3), End(Drop))))));
        Assert.Equal(
            new Outcome.Translated(Endpoint.Parse("10.0.0.2:2"), false), world.Send(Flow, "cni0").Outcome);

        // A chain of priority 500 has run before the filter chain of priority -99 all the same.
        Assert.Equal(new Outcome.Dropped(), world.Send("tcp 10.64.0.5:1000 > 203.0.113.9:8", "cni0").Outcome);
    }

    [Fact]
    public void Jumps_gotos_and_returns_lead_where_the_kernel_leads_them()
    {
        var world = new NftWorld(Rules(Table(
            Filter(NftHookPoint.Forward, Do(Jump("A")), Do(new Statement.Counter(), End(Accept)), Do(End(Drop))),
            Chain("A", Do(Goto("B")), Do(End(Drop))),
            Chain("B", Do(End(Continue)), Do(End(Return)), Do(End(Drop))))));
        var passage = world.Send(Flow, "cni0");
        Assert.Equal(new Fate.Sent("eth0"), passage.Fate);
        Assert.Equal(
            [("Forward0", 1, "jump to A"), ("A", 1, "go to B"), ("B", 1, "count"), ("B", 2, "return"),
                ("Forward0", 2, "accept")],
            passage.Steps.Select(step => (step.Chain, step.RuleNumber, step.Effect)));
    }

    [Fact]
    public void The_end_of_a_base_chain_is_its_policy()
    {
        NftChain Dropping(Statement last) => new(
            "f", new NftHook(NftChainType.Filter, NftHookPoint.Forward, 0, true), [Do(last), Do(End(Accept))]);
        Assert.IsType<Fate.Dropped>(new NftWorld(Rules(Table(Dropping(End(Return))))).Send(Flow, "cni0").Fate);
        Assert.IsType<Fate.Dropped>(
            new NftWorld(Rules(Table(Dropping(Goto("B")), Chain("B")))).Send(Flow, "cni0").Fate);
        Assert.IsType<Fate.Sent>(new NftWorld(Rules(Table(Dropping(Jump("B")), Chain("B")))).Send(Flow, "cni0").Fate);
    }

    /// <summary>
    /// nft_do_chain: an expression that breaks leads to the next rule; what the rule did before stays done.
    /// </summary>
    [Fact]
    public void What_a_rule_did_before_it_broke_stays_done()
    {
        var empty = Map("empty", [FieldType.InetService], [FieldType.Mark]);
        var world = new NftWorld(Rules(Table([empty],
            Filter(NftHookPoint.Forward, Do(SetMark(Value(5)), SetMark(MapOf(DestinationPort, "empty")), End(Drop))))));
        var passage = world.Send(Flow, "cni0");
        Assert.Equal(5u, passage.Sent.Mark);
        Assert.Equal(["mark 0x5"], passage.Steps.Select(step => step.Effect));
    }

    [Fact]
    public void A_verdict_map_decides_unless_it_says_to_continue()
    {
        var map = Vmap("map", FrontendKey,
            El("203.0.113.9 . tcp . 443", new NftVerdict.Goto("svc"), "shop/cart:http"),
            El("203.0.113.9 . tcp . 1", Continue), El("203.0.113.9 . tcp . 2", Drop));
        var world = new NftWorld(Rules(Table([map],
            Filter(NftHookPoint.Forward, Do(Vmap(ToFrontend, "map"), SetMark(Value(9)), End(Accept)),
                Do(SetMark(Value(3)))),
            Chain("svc", Do(SetMark(Value(7)))))));
        var found = world.Send(Flow, "cni0");
        Assert.Equal(7u, found.Sent.Mark);
        Assert.Equal([("go to svc", "shop/cart:http"), ("mark 0x7", "shop/cart:http")],
            found.Steps.Select(step => (step.Effect, step.Service)));
        Assert.Equal(9u, world.Send("tcp 10.64.0.5:1000 > 203.0.113.9:1", "cni0").Sent.Mark);
        Assert.IsType<Fate.Dropped>(world.Send("tcp 10.64.0.5:1000 > 203.0.113.9:2", "cni0").Fate);
        var missed = world.Send("tcp 10.64.0.5:1000 > 203.0.113.9:3", "cni0");
        Assert.Equal(3u, missed.Sent.Mark);
        Assert.Equal([null], missed.Steps.Select(step => step.Service));
    }

    [Fact]
    public void A_destination_comes_from_a_map_and_keeps_its_port_where_none_is_given()
    {
        var endpoints = Map(
            "endpoints", [.. FrontendKey, FieldType.Integer], [FieldType.Ipv4Addr, FieldType.InetService],
            El("203.0.113.9 . tcp . 443 . 0", "10.64.0.7:8080"), El("203.0.113.9 . tcp . 443 . 1", "10.64.0.8:8080"));
        var key = Concat(Destination, L4Proto, DestinationPort, Numgen(2));
        var world = new NftWorld(Rules(Table([endpoints],
            Nat(NftHookPoint.Prerouting, Do(Dnat(MapOf(key, "endpoints"))),
                Do(Is(DestinationPort, 80), Dnat("10.64.0.9"))))));
        var outcomes = world.Emulator.Explore(World.First(Flow, "eth0")).Outcomes;
        Assert.Equal(
            [("10.64.0.7:8080", 2), ("10.64.0.8:8080", 2)],
            outcomes.Select(each => (((Outcome.Translated)each.Outcome).To.ToString(), (int)each.Denominator)));
        Assert.Equal(
            new Outcome.Translated(Endpoint.Parse("10.64.0.9:80"), false),
            world.Send("udp 198.51.100.1:1 > 203.0.113.9:80", "eth0").Outcome);

        // No element for the key: the rule is over, and the flow is left as it is.
        Assert.Equal(new Outcome.Untouched(), world.Send("udp 198.51.100.1:1 > 203.0.113.9:443", "eth0").Outcome);
    }

    [Fact]
    public void Masquerade_takes_the_interfaces_address_and_a_random_port()
    {
        var rules = Rules(Table(
            Nat(NftHookPoint.Postrouting, Do(Is(new Expression.Bitwise(Mark, 0x4000, 0), 0x4000),
                SetMark(new Expression.Bitwise(Mark, uint.MaxValue, 0x4000)), Masquerade))));
        var passage = new NftWorld(rules, null, 5).Send(World.First(Flow, "cni0") with { Mark = 0x4001 });
        Assert.Equal(("192.168.0.10", 600 + 5, 1u),
            (passage.Sent.Tuple.Source.ToString(), passage.Sent.Tuple.SourcePort.Value, passage.Sent.Mark));
        Assert.Equal(["mark 0x1", "source 192.168.0.10:605"], passage.Steps.Select(step => step.Effect));
        Assert.Equal(new Outcome.Untouched(), new NftWorld(rules).Send(Flow, "cni0").Outcome);
    }

    [Theory]
    [InlineData(Family.Ipv4, NftRejectKind.PortUnreachable, RejectKind.PortUnreachable)]
    [InlineData(Family.Ipv4, NftRejectKind.HostUnreachable, RejectKind.HostUnreachable)]
    [InlineData(Family.Ipv4, NftRejectKind.NetUnreachable, RejectKind.NetUnreachable)]
    [InlineData(Family.Ipv4, NftRejectKind.ProtocolUnreachable, RejectKind.ProtocolUnreachable)]
    [InlineData(Family.Ipv4, NftRejectKind.AdminProhibited, RejectKind.AdminProhibited)]
    [InlineData(Family.Ipv4, NftRejectKind.TcpReset, RejectKind.TcpReset)]
    [InlineData(Family.Ipv6, NftRejectKind.NoRoute, RejectKind.NetUnreachable)]
    [InlineData(Family.Ipv6, NftRejectKind.AddressUnreachable, RejectKind.HostUnreachable)]
    [InlineData(Family.Ipv6, NftRejectKind.PortUnreachable, RejectKind.PortUnreachable)]
    public void A_rejection_says_why(Family family, NftRejectKind kind, RejectKind expected)
    {
        var rules = new NftRuleset(family, [Table(Filter(NftHookPoint.Input, Do(new Statement.Reject(kind))))]);
        var flow = family == Family.Ipv4 ? "tcp 10.1.1.1:1 > 192.168.0.10:2" : "tcp [fd01::1]:1 > [fd00:192::10]:2";
        Assert.Equal(new Fate.Rejected(expected), new NftWorld(rules).Send(flow, "eth0").Fate);
    }

    /// <summary>
    /// nf_reject_ipv4.c:nf_reject_ip_tcphdr_get @v6.1: no reset for what is not TCP, nor for a reset.
    /// </summary>
    [Fact]
    public void A_reset_answers_TCP_only()
    {
        var world = new NftWorld(
            Rules(Table(Filter(NftHookPoint.Forward, Do(new Statement.Reject(NftRejectKind.TcpReset))))));
        Assert.Equal(new Fate.Dropped(), world.Send("udp 10.64.0.5:1 > 203.0.113.9:53", "cni0").Fate);
        Assert.Equal(
            new Fate.Dropped(), world.Send(World.First(Flow, "cni0") with { Tcp = TcpFlags.Rst | TcpFlags.Ack }).Fate);
        Assert.Equal(new Fate.Rejected(RejectKind.TcpReset), world.Send(Flow, "cni0").Fate);
    }

    /// <summary>
    /// It belongs to the packet: it comes back with it from lo, and ip_forward sets it from the TOS, 0 here.
    /// </summary>
    [Fact]
    public void Priority_stays_with_the_packet()
    {
        Statement Set(uint value) => new Statement.SetMeta(MetaKey.Priority, Value(value));
        var world = new NftWorld(Rules(Table(
            Filter(NftHookPoint.Output, Do(Set(7))), Filter(NftHookPoint.Prerouting, Do(Is(Input, NameOfEth0), Set(8))),
            Filter(NftHookPoint.Input, Do(SetMark(Priority))), Filter(NftHookPoint.Forward, Do(SetMark(Priority))))));
        Assert.Equal(7u, world.Send("udp 192.168.0.10:1 > 192.168.0.10:2", null).Sent.Mark);
        Assert.Equal(8u, world.Send("udp 10.1.1.1:1 > 192.168.0.10:2", "eth0").Sent.Mark);
        Assert.Equal(0u, world.Send("udp 10.1.1.1:1 > 10.64.0.5:2", "eth0").Sent.Mark);
    }

    private static readonly UInt128 NameOfEth0 = (UInt128)0x65746830 << 96;

    [Fact]
    public void A_map_of_five_thousand_services_is_looked_up_not_walked()
    {
        var elements = Enumerable.Range(0, 5000)
            .Select(i => El($"10.96.{i / 250}.{i % 250} . tcp . 80", i == 4321 ? Drop : Accept)).ToArray();
        var world = new NftWorld(Rules(Table([Vmap("services", FrontendKey, elements)],
            Filter(NftHookPoint.Forward, Do(Vmap(ToFrontend, "services"))))));
        Assert.IsType<Fate.Dropped>(world.Send("tcp 10.64.0.5:1 > 10.96.17.71:80", "cni0").Fate);
        Assert.IsType<Fate.Sent>(world.Send("tcp 10.64.0.5:1 > 10.96.17.72:80", "cni0").Fate);
    }
}
