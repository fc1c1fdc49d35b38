using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using Xunit;
using static RuleCompiler.Tests.Emulation.World;

namespace RuleCompiler.Tests.Emulation;

/// <summary>The way of a packet past the hooks of net/netfilter/ipvs/ip_vs_core.c:ip_vs_ops4 @v6.1.</summary>
public sealed class IpvsPathTests
{
    private static readonly Match _marked = new Match.Mark(0x4000, 0x4000);
    private static readonly Target _mark = new Target.SetMark(0x4000, 0x4000);

    private static IpvsArtifact Web(params Table[] tables) =>
        IpvsWorld.Of("tcp 10.96.0.1:80", Scheduler.Rr, "10.64.0.9:8080") with
        {
            Rules = new IptablesRuleset(Family.Ipv4, tables.ToSeq()),
        };

    [Fact]
    public void A_pods_flow_skips_FORWARD_and_its_answer_comes_from_the_virtual_server()
    {
        // ip_vs_nat_xmit sends it on by the output hook; the answer is rewritten at FORWARD 100.
        var count = If(null);
        var world = new IpvsWorld(Web(Filter(
            Chain("INPUT", count), Chain("FORWARD", count), Chain("OUTPUT", count))));
        var passage = world.Send("tcp 10.64.0.5:1000 > 10.96.0.1:80", "cni0");
        Assert.Equal(new Fate.Sent("cni0"), passage.Fate);
        Assert.Equal(Tuple("tcp 10.64.0.5:1000 > 10.64.0.9:8080"), passage.Sent.Tuple);
        Assert.Equal(new Outcome.Translated(Endpoint.Parse("10.64.0.9:8080"), false), passage.Outcome);
        Assert.Equal(["INPUT", "INPUT", "OUTPUT"], passage.Steps.Select(step => step.Hook));
        Assert.Equal("ipvs: 10.96.0.1:80 by rr to 10.64.0.9:8080", passage.Steps[1].Effect);
        var answer = world.Answer(passage);
        Assert.Equal(Tuple("tcp 10.96.0.1:80 > 10.64.0.5:1000"), answer.Sent.Tuple);
        Assert.Equal(["FORWARD", "FORWARD"], answer.Steps.Select(step => step.Hook));
    }

    [Fact]
    public void A_masquerade_is_decided_with_conntrack_that_knows_the_server_but_calls_nothing_DNAT()
    {
        // ip_vs_nfct.c:ip_vs_update_conntrack alters the reply tuple; IPS_DST_NAT stays unset.
        var world = new IpvsWorld(Web(Nat(
            Chain("PREROUTING", If(_mark, To("10.96.0.1/32"))),
            Chain("POSTROUTING", If(Drop, States(ConntrackStates.Dnat)), If(Masquerade, _marked)))));
        var passage = world.Send("tcp 203.0.113.7:4000 > 10.96.0.1:80", "eth0");
        Assert.Equal(new Outcome.Translated(Endpoint.Parse("10.64.0.9:8080"), true), passage.Outcome);
        Assert.Equal(Tuple("tcp 192.168.0.10:4000 > 10.64.0.9:8080"), passage.Sent.Tuple);
        Assert.Equal(Tuple("tcp 10.64.0.9:8080 > 192.168.0.10:4000"), passage.Reply);
        var answer = world.Answer(passage);
        Assert.Equal(new Fate.Sent("eth0"), answer.Fate);
        Assert.Equal(Tuple("tcp 10.96.0.1:80 > 203.0.113.7:4000"), answer.Sent.Tuple);
    }

    [Fact]
    public void A_process_of_the_node_is_served_at_the_output_hook()
    {
        var world = new IpvsWorld(Web(Nat(
            Chain("OUTPUT", If(_mark, To("10.96.0.1/32"))), Chain("POSTROUTING", If(Masquerade, _marked)))));
        var passage = world.Send("tcp 10.96.0.1:4000 > 10.96.0.1:80", null);
        Assert.Equal(new Fate.Sent("cni0"), passage.Fate);
        Assert.Equal(Tuple("tcp 192.168.0.10:4000 > 10.64.0.9:8080"), passage.Sent.Tuple);
        var answer = world.Answer(passage);
        Assert.Equal(new Fate.Delivered(), answer.Fate);
        Assert.Equal(Tuple("tcp 10.96.0.1:80 > 10.96.0.1:4000"), answer.Sent.Tuple);
    }

    [Theory]
    [InlineData("tcp 203.0.113.7:4000 > 10.96.0.1:80", "eth0")]
    [InlineData("tcp 192.168.0.10:4000 > 10.96.0.1:80", null)]
    public void A_local_server_gets_the_packet_where_it_is(string flow, string? input)
    {
        var world = new IpvsWorld(IpvsWorld.Of("tcp 10.96.0.1:80", Scheduler.Rr, "192.168.0.10:8080"));
        var passage = world.Send(flow, input);
        Assert.Equal(new Fate.Delivered(), passage.Fate);
        Assert.Equal(Endpoint.Parse("192.168.0.10:8080"), new Endpoint(
            passage.Sent.Tuple.Destination, passage.Sent.Tuple.DestinationPort));
        var answer = world.Emulator.Send(new Packet(passage.Reply!.Value, null, TcpFlags.Syn | TcpFlags.Ack));
        Assert.Equal(Endpoint.Parse("10.96.0.1:80"), new Endpoint(
            answer.Sent.Tuple.Source, answer.Sent.Tuple.SourcePort));
    }

    [Fact]
    public void Addresses_of_the_device_are_local_and_strangers_must_not_use_them()
    {
        var world = new IpvsWorld(Web(Filter(
            Chain("INPUT", If(
                new Target.Reject(RejectKind.PortUnreachable), To("10.96.0.1/32"), new Match.DestinationIsLocal())))));
        Assert.Equal("reject", world.Serve("tcp 10.64.0.5:1000 > 10.96.0.1:81", "cni0"));
        Assert.Contains("martian", world.Send("tcp 10.96.0.1:1 > 10.64.0.9:80", "eth0").Steps[^1].Effect);
    }

    [Theory]
    [InlineData("tcp 10.64.0.5:1000 > 10.96.0.1:80", "cni0")]
    [InlineData("tcp 192.168.0.10:1000 > 10.96.0.1:80", null)]
    public void Without_a_server_the_client_is_told(string flow, string? input)
    {
        var world = new IpvsWorld(IpvsWorld.Of("tcp 10.96.0.1:80", Scheduler.Rr, "10.64.0.9:8080=0"));
        Assert.Equal(new Fate.Rejected(RejectKind.PortUnreachable), world.Send(flow, input).Fate);
    }

    [Theory]
    [InlineData("tcp 10.64.0.5:1000 > 10.96.0.1:80", TcpFlags.Ack)]
    [InlineData("tcp 10.64.0.5:1000 > 10.96.0.1:80", TcpFlags.Rst)]
    [InlineData("tcp 10.64.0.5:20 > 10.96.0.1:80", TcpFlags.Syn)]
    [InlineData("tcp 10.64.0.5:1000 > 10.96.0.1:81", TcpFlags.Syn)]
    public void What_starts_no_connection_goes_to_the_node(string flow, TcpFlags flags)
    {
        var passage = new IpvsWorld(Web()).Send(flow, "cni0", flags);
        Assert.Equal(new Fate.Delivered(), passage.Fate);
        Assert.Equal(new Outcome.Untouched(), passage.Outcome);
    }

    [Fact]
    public void A_loopback_source_cannot_leave_the_node()
    {
        var passage = new IpvsWorld(Web()).Send("tcp 127.0.0.1:1000 > 10.96.0.1:80", null);
        Assert.Equal(new Fate.Dropped(), passage.Fate);
        Assert.Contains("loopback", passage.Steps[^1].Effect);
    }

    [Fact]
    public void Errors_find_their_connection_on_both_sides()
    {
        var world = new IpvsWorld(Web());
        var passage = world.Send("udp 10.64.0.5:1000 > 10.96.0.1:80", "cni0");
        Assert.Equal(new Outcome.Untouched(), passage.Outcome);
        passage = world.Send("tcp 203.0.113.7:4000 > 10.96.0.1:80", "eth0");
        var fromServer = world.Emulator.Send(new Packet(
            Tuple("icmp 10.64.0.9:0 > 203.0.113.7:0"), "cni0", Error: passage.Sent.Tuple));
        Assert.Equal(Tuple("icmp 10.96.0.1:0 > 203.0.113.7:0"), fromServer.Sent.Tuple);
        Assert.Equal(Tuple("tcp 203.0.113.7:4000 > 10.96.0.1:80"), fromServer.Sent.Error);
        var answer = world.Answer(passage);
        var fromClient = world.Emulator.Send(new Packet(
            Tuple("icmp 203.0.113.7:0 > 10.96.0.1:0"), "eth0", Error: answer.Sent.Tuple));
        Assert.Equal(new Fate.Sent("cni0"), fromClient.Fate);
        Assert.Equal(Tuple("icmp 203.0.113.7:0 > 10.64.0.9:0"), fromClient.Sent.Tuple);
        Assert.Equal(Tuple("tcp 10.64.0.9:8080 > 203.0.113.7:4000"), fromClient.Sent.Error);
    }

    [Fact]
    public void An_exploration_gives_a_whole_turn_and_leaves_no_trace_of_itself()
    {
        var world = new IpvsWorld(IpvsWorld.Of(
            "tcp 10.96.0.1:80", Scheduler.Rr, "10.64.0.7:80", "10.64.0.8:80", "10.64.0.9:80"));
        for (var i = 0; i < 2; i++)
        {
            var distribution = world.Emulator.Explore(First("tcp 10.64.0.5:1000 > 10.96.0.1:80", "cni0"));
            Assert.True(distribution.IsRotation);
            Assert.Equal(3, distribution.Outcomes.Count);
            Assert.All(distribution.Outcomes, one => Assert.Equal((1, 3), (one.Numerator, one.Denominator)));
        }

        // The server that was added last is the first in the list (list_add_rcu).
        Assert.Equal("10.64.0.9:80", world.Serve("tcp 10.64.0.5:1000 > 10.96.0.1:80", "cni0"));
    }

    [Fact]
    public void A_known_flow_is_explored_without_choices()
    {
        var world = new IpvsWorld(IpvsWorld.Of("tcp 10.96.0.1:80", Scheduler.Rr, "10.64.0.8:80", "10.64.0.9:80"));
        var packet = First("tcp 10.64.0.5:1000 > 10.96.0.1:80", "cni0");
        var sent = world.Emulator.Send(packet);
        var distribution = world.Emulator.Explore(packet with { Tcp = TcpFlags.Ack });
        Assert.False(distribution.IsRotation);
        Assert.Equal(sent.Outcome, Assert.Single(distribution.Outcomes).Outcome);
    }

    [Fact]
    public void IPv6_goes_the_same_way()
    {
        var world = new IpvsWorld(IpvsWorld.Of("udp [fd00:96::1]:53", Scheduler.Rr, "[fd00:64::9]:5353"));
        var passage = world.Send("udp [fd00:64::5]:1000 > [fd00:96::1]:53", "cni0");
        Assert.Equal("[fd00:64::9]:5353", passage.Outcome.ToString());
        Assert.Equal(Tuple("udp [fd00:96::1]:53 > [fd00:64::5]:1000"), world.Answer(passage).Sent.Tuple);
    }
}
