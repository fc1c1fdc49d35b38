using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using Xunit;
using static RuleCompiler.Tests.Emulation.World;

namespace RuleCompiler.Tests.Emulation;

public sealed class NatTests
{
    private static readonly Match[] Vip = [To("10.96.0.1/32"), Is(Protocol.Tcp), Port(80)];

    /// <summary>One service 10.96.0.1:80 with one endpoint; everything that gets it is masqueraded if asked for.</summary>
    private static IptablesRuleset Service(string endpoint, bool masquerade = false, bool randomFully = false)
    {
        var dnat = If(Dnat(endpoint), Vip);
        var post = masquerade
            ? Chain("POSTROUTING", If(new Target.Masquerade(randomFully), States(ConntrackStates.Dnat)))
            : Chain("POSTROUTING");
        return Rules(Nat(Chain("PREROUTING", dnat), Chain("OUTPUT", dnat), post));
    }

    [Fact]
    public void A_pods_flow_is_translated_and_its_answer_translated_back()
    {
        var world = new World(Service("10.64.0.9:8080"));
        var passage = world.Send(First("tcp 10.64.0.5:1000 > 10.96.0.1:80", "cni0"));
        Assert.Equal(new Fate.Sent("cni0"), passage.Fate);
        Assert.Equal(Tuple("tcp 10.64.0.5:1000 > 10.64.0.9:8080"), passage.Sent.Tuple);
        Assert.Equal(new Outcome.Translated(Endpoint.Parse("10.64.0.9:8080"), false), passage.Outcome);
        var answer = world.Answer(passage);
        Assert.Equal(Tuple("tcp 10.96.0.1:80 > 10.64.0.5:1000"), answer.Sent.Tuple);
        Assert.Equal(new Fate.Sent("cni0"), answer.Fate);
    }

    [Fact]
    public void Masquerade_takes_the_output_interfaces_address_and_the_answer_finds_back()
    {
        var world = new World(Service("10.65.0.9:8080", masquerade: true));
        var passage = world.Send(First("tcp 203.0.113.7:4000 > 10.96.0.1:80", "eth0"));
        Assert.Equal(Tuple("tcp 192.168.0.10:4000 > 10.65.0.9:8080"), passage.Sent.Tuple);
        Assert.Equal(new Outcome.Translated(Endpoint.Parse("10.65.0.9:8080"), true), passage.Outcome);
        Assert.Equal(Tuple("tcp 10.96.0.1:80 > 203.0.113.7:4000"), world.Answer(passage).Sent.Tuple);
    }

    [Fact]
    public void An_interface_without_an_address_masquerades_with_anothers()
    {
        var world = new World(Service("10.64.0.9:8080", masquerade: true));
        var passage = world.Send(First("tcp 203.0.113.7:4000 > 10.96.0.1:80", "eth0"));
        Assert.Equal(Tuple("tcp 192.168.0.10:4000 > 10.64.0.9:8080"), passage.Sent.Tuple);
    }

    [Fact]
    public void Two_flows_never_share_a_reply_tuple()
    {
        // The second client's port is taken on the node's address: 1024 + word % 64512.
        var world = new World(Service("10.65.0.9:8080", masquerade: true), null, 7);
        var first = world.Send(First("tcp 203.0.113.7:4000 > 10.96.0.1:80", "eth0"));
        var second = world.Send(First("tcp 203.0.113.8:4000 > 10.96.0.1:80", "eth0"));
        Assert.Equal(4000, first.Sent.Tuple.SourcePort.Value);
        Assert.Equal(1031, second.Sent.Tuple.SourcePort.Value);
        Assert.Equal(Tuple("tcp 10.96.0.1:80 > 203.0.113.8:4000"), world.Answer(second).Sent.Tuple);
    }

    [Theory]
    [InlineData(4000, 65530, 1024 + (65530 % 64512))]
    [InlineData(100, 600, 1 + (600 % 511))]
    [InlineData(700, 424, 600)]
    public void Random_fully_draws_the_port_from_its_class(int port, uint word, int expected)
    {
        var world = new World(Service("10.65.0.9:8080", masquerade: true, randomFully: true), null, word);
        var passage = world.Send(First($"tcp 203.0.113.7:{port} > 10.96.0.1:80", "eth0"));
        Assert.Equal(expected, passage.Sent.Tuple.SourcePort.Value);
    }

    [Fact]
    public void Without_masquerade_a_clash_moves_the_source_port_only()
    {
        // Two VIPs to one endpoint, one client port: the null binding of POSTROUTING keeps the replies apart.
        var world = new World(
            Rules(Nat(Chain("PREROUTING", If(Dnat("10.65.0.9:8080"), To("10.96.0.0/24"))))), null, 5);
        world.Send(First("udp 10.64.0.5:2000 > 10.96.0.1:53", "cni0"));
        var second = world.Send(First("udp 10.64.0.5:2000 > 10.96.0.2:53", "cni0"));
        Assert.Equal(Tuple("udp 10.64.0.5:1029 > 10.65.0.9:8080"), second.Sent.Tuple);
        Assert.Equal(new Outcome.Translated(Endpoint.Parse("10.65.0.9:8080"), false), second.Outcome);
        Assert.Equal(Tuple("udp 10.96.0.2:53 > 10.64.0.5:2000"), world.Answer(second).Sent.Tuple);
    }

    [Fact]
    public void A_process_of_the_node_is_translated_in_OUTPUT_and_routed_again()
    {
        var world = new World(Service("10.64.0.9:8080", masquerade: true));
        var passage = world.Send(First("tcp 192.168.0.10:4000 > 10.96.0.1:80", null));
        Assert.Equal(new Fate.Sent("cni0"), passage.Fate);
        Assert.Equal(["OUTPUT", "POSTROUTING"], passage.Steps.Select(step => step.Hook));
        Assert.Equal(new Outcome.Translated(Endpoint.Parse("10.64.0.9:8080"), true), passage.Outcome);
        var answer = world.Answer(passage);
        Assert.Equal(new Fate.Delivered(), answer.Fate);
        Assert.Equal(Tuple("tcp 10.96.0.1:80 > 192.168.0.10:4000"), answer.Sent.Tuple);
    }

    [Fact]
    public void A_process_that_reaches_the_nodes_own_address_goes_through_lo()
    {
        var world = new World(Service("192.168.0.10:8080", masquerade: true));
        var passage = world.Send(First("tcp 192.168.0.10:4000 > 10.96.0.1:80", null));
        Assert.Equal(new Fate.Delivered(), passage.Fate);

        // Decided once, in OUTPUT and POSTROUTING; the nat chains of PREROUTING and INPUT do not see the packet again.
        Assert.Equal(["OUTPUT", "POSTROUTING"], passage.Steps.Select(step => step.Hook));
        Assert.Equal("lo", passage.Sent.InputInterface);
    }

    [Fact]
    public void A_localhost_NodePort_needs_route_localnet_both_ways()
    {
        var dnat = If(Dnat("10.65.0.9:8080"), Is(Protocol.Tcp), Port(30080), new Match.DestinationIsLocal());
        var rules = Rules(Nat(Chain("OUTPUT", dnat), Chain("POSTROUTING", If(Masquerade))));
        var open = new World(rules);
        var passage = open.Send(First("tcp 127.0.0.1:5000 > 127.0.0.1:30080", null));
        Assert.Equal(Tuple("tcp 192.168.0.10:5000 > 10.65.0.9:8080"), passage.Sent.Tuple);
        var answer = open.Answer(passage);
        Assert.Equal(new Fate.Delivered(), answer.Fate);
        Assert.Equal(Tuple("tcp 127.0.0.1:30080 > 127.0.0.1:5000"), answer.Sent.Tuple);

        var shut = new World(rules, Network4 with { RouteLocalnet = false });
        Assert.Equal(new Fate.Unroutable(), shut.Send(First("tcp 127.0.0.1:5000 > 127.0.0.1:30080", null)).Fate);
    }

    [Theory]
    [InlineData("tcp 203.0.113.7:1 > 127.0.0.1:80", false)]
    [InlineData("tcp 127.0.0.1:1 > 192.168.0.10:80", false)]
    [InlineData("tcp 192.168.0.10:1 > 192.168.0.10:80", true)]
    public void Martians_are_dropped(string flow, bool routeLocalnet)
    {
        var world = new World(Rules(), Network4 with { RouteLocalnet = routeLocalnet });
        var passage = world.Send(First(flow, "eth0"));
        Assert.Equal(new Fate.Dropped(), passage.Fate);
        Assert.Contains("martian", Assert.Single(passage.Steps).Effect);
    }

    [Fact]
    public void An_error_from_the_endpoint_reaches_the_client_as_from_the_service()
    {
        var world = new World(Service("10.65.0.9:8080", masquerade: true));
        var passage = world.Send(First("tcp 203.0.113.7:4000 > 10.96.0.1:80", "eth0"));
        var error = world.Send(new Packet(
            Tuple("icmp 10.65.0.9:0 > 192.168.0.10:0"), "eth0", Error: passage.Sent.Tuple));
        Assert.Equal(new Fate.Sent("eth0"), error.Fate);
        Assert.Equal(Tuple("icmp 10.96.0.1:0 > 203.0.113.7:0"), error.Sent.Tuple);
        Assert.Equal(Tuple("tcp 203.0.113.7:4000 > 10.96.0.1:80"), error.Sent.Error);
    }

    [Fact]
    public void An_error_from_the_client_reaches_the_endpoint()
    {
        var world = new World(Service("10.65.0.9:8080", masquerade: true));
        var passage = world.Send(First("tcp 203.0.113.7:4000 > 10.96.0.1:80", "eth0"));
        var answer = world.Answer(passage);
        var error = world.Send(new Packet(
            Tuple("icmp 203.0.113.7:0 > 10.96.0.1:0"), "eth0", Error: answer.Sent.Tuple));
        Assert.Equal(Tuple("icmp 192.168.0.10:0 > 10.65.0.9:0"), error.Sent.Tuple);
        Assert.Equal(passage.Reply, error.Sent.Error);
    }

    [Fact]
    public void A_hairpin_is_masqueraded_by_one_rule_that_compares_two_fields()
    {
        // layouts.md: load source, load destination, equal?
        var hairpin = new Match.Bpf(
            [new(32, 0, 0, 12), new(7, 0, 0, 0), new(32, 0, 0, 16), new(29, 0, 1, 0), new(6, 0, 0, 65535), new(6, 0, 0, 0)]);
        var rules = Rules(Nat(
            Chain("PREROUTING", If(Dnat("10.64.0.9:8080"), Vip)),
            Chain("POSTROUTING", If(Masquerade, States(ConntrackStates.Dnat), hairpin))));
        var world = new World(rules);
        var self = world.Send(First("tcp 10.64.0.9:1000 > 10.96.0.1:80", "cni0"));
        Assert.Equal(new Outcome.Translated(Endpoint.Parse("10.64.0.9:8080"), true), self.Outcome);
        Assert.Equal(Tuple("tcp 10.96.0.1:80 > 10.64.0.9:1000"), world.Answer(self).Sent.Tuple);
        var other = world.Send(First("tcp 10.64.0.8:1000 > 10.96.0.1:80", "cni0"));
        Assert.Equal(new Outcome.Translated(Endpoint.Parse("10.64.0.9:8080"), false), other.Outcome);
    }
}
