using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// Connections, affinity and draining over time (net/netfilter/ipvs/ip_vs_conn.c, ip_vs_proto_tcp.c @v6.1).
/// </summary>
public sealed class IpvsConnectionTests
{
    private const string First = "tcp 10.64.0.5:1000 > 10.96.0.1:80";
    private const string Second = "tcp 10.64.0.5:1001 > 10.96.0.1:80";

    private static VirtualServer Web(params string[] servers) =>
        IpvsWorld.Server("tcp 10.96.0.1:80", Scheduler.Rr, servers);

    private static readonly string[] _both = ["10.64.0.8:80", "10.64.0.9:80"];

    [Fact]
    public void A_connection_keeps_its_server_to_its_end()
    {
        var world = new IpvsWorld(IpvsWorld.Of(Web(_both)));
        var passage = world.Send(First, "cni0");
        world.Answer(passage);
        for (var i = 0; i < 3; i++)
            Assert.Equal(passage.Outcome, world.Send(First, "cni0", TcpFlags.Ack).Outcome);
        Assert.NotEqual(passage.Outcome, world.Send(Second, "cni0").Outcome);
    }

    // Seconds after the last packet in a state, and whether the connection is still known (tcp_timeouts).
    [Theory]
    [InlineData("", 59, true)] // SYN_RECV
    [InlineData("", 61, false)]
    [InlineData("answer ack", 899, true)] // ESTABLISHED
    [InlineData("answer ack", 901, false)]
    [InlineData("answer ack answer-fin", 119, true)] // FIN_WAIT
    [InlineData("answer ack answer-fin", 121, false)]
    [InlineData("answer ack fin", 59, true)] // CLOSE_WAIT
    [InlineData("answer ack fin", 61, false)]
    [InlineData("answer ack rst", 9, true)] // CLOSE
    [InlineData("answer ack rst", 11, false)]
    public void Each_state_lasts_as_long_as_in_the_kernel(string story, double seconds, bool isKnown)
    {
        var world = new IpvsWorld(IpvsWorld.Of(Web(_both)));
        var passage = world.Send(First, "cni0");
        foreach (var word in story.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (word)
            {
                case "answer": world.Answer(passage); break;
                case "answer-fin": world.Answer(passage, TcpFlags.Fin | TcpFlags.Ack); break;
                case "ack": world.Send(First, "cni0", TcpFlags.Ack); break;
                case "fin": world.Send(First, "cni0", TcpFlags.Fin | TcpFlags.Ack); break;
                case "rst": world.Send(First, "cni0", TcpFlags.Rst); break;
                default: throw new InvalidOperationException(word);
            }
        }

        world.Wait(seconds);

        // Without a connection an ACK is for the node itself: it starts none.
        var later = world.Send(First, "cni0", TcpFlags.Ack);
        Assert.Equal(isKnown, later.Fate is Fate.Sent);
    }

    [Fact]
    public void Timeouts_are_those_that_were_set()
    {
        var world = new IpvsWorld(
            IpvsWorld.Of(IpvsWorld.Server("udp 10.96.0.1:53", Scheduler.Rr, "10.64.0.8:53", "10.64.0.9:53")) with
            {
                Timeouts = new Timeouts(0, 0, 10),
            });
        const string flow = "udp 10.64.0.5:1000 > 10.96.0.1:53";
        var first = world.Serve(flow, "cni0");
        world.Wait(9);
        Assert.Equal(first, world.Serve(flow, "cni0"));
        world.Wait(11);
        Assert.NotEqual(first, world.Serve(flow, "cni0"));
    }

    [Fact]
    public void A_connection_takes_its_conntrack_entry_along()
    {
        // ip_vs_conn_drop_conntrack; UDP's own entry would otherwise lead on to the old server.
        var world = new IpvsWorld(IpvsWorld.Of(Web(_both)));
        world.Answer(world.Send(First, "cni0"));
        Assert.Equal(1, world.Emulator.FlowCount);
        world.Wait(70);
        world.Send("tcp 10.64.0.6:1 > 203.0.113.9:1", "cni0");
        Assert.Equal(1, world.Emulator.FlowCount);
    }

    [Fact]
    public void A_drained_server_keeps_its_connections_and_gets_no_new_ones()
    {
        var world = new IpvsWorld(IpvsWorld.Of(Web(_both)));
        var passage = world.Send(First, "cni0");
        Assert.Equal("10.64.0.9:80", passage.Outcome.ToString());
        world.Answer(passage);
        world.Load(IpvsWorld.Of(Web("10.64.0.8:80", "10.64.0.9:80=0")));
        Assert.Equal(passage.Outcome, world.Send(First, "cni0", TcpFlags.Ack).Outcome);
        for (var i = 0; i < 4; i++)
            Assert.Equal("10.64.0.8:80", world.Serve($"tcp 10.64.0.5:{2000 + i} > 10.96.0.1:80", "cni0"));
    }

    [Fact]
    public void A_SYN_on_a_drained_connection_ends_it_and_the_next_one_is_served_elsewhere()
    {
        // ip_vs_in_hook with expire_nodest_conn: the packet that uses the old conntrack entry is dropped.
        var world = new IpvsWorld(IpvsWorld.Of(Web(_both)));
        world.Answer(world.Send(First, "cni0"));
        world.Load(IpvsWorld.Of(Web("10.64.0.8:80", "10.64.0.9:80=0")));
        Assert.Equal("drop", world.Serve(First, "cni0"));
        Assert.Equal("10.64.0.8:80", world.Serve(First, "cni0"));
    }

    [Fact]
    public void A_deleted_server_ends_its_connections_when_they_are_met()
    {
        var world = new IpvsWorld(IpvsWorld.Of(Web(_both)));
        world.Answer(world.Send(First, "cni0"));
        world.Load(IpvsWorld.Of(Web("10.64.0.8:80")));
        Assert.Equal(new Fate.Dropped(), world.Send(First, "cni0", TcpFlags.Ack).Fate);

        // Now nobody knows the flow: the ACK is the node's own business, a SYN starts anew.
        Assert.Equal(new Fate.Delivered(), world.Send(First, "cni0", TcpFlags.Ack).Fate);
        world.Wait(400);
        Assert.Equal("10.64.0.8:80", world.Serve(First, "cni0"));
    }

    /// <summary>
    /// ip_vs_expire_nodest_conn_flush, a jiffy after the deletion, takes the conntrack entry along, so that nothing is
    /// dropped. Found by the kernel tests (seeds 20260114, 20260115, 20260126).
    /// </summary>
    [Theory]
    [InlineData(null)]
    [InlineData(100)]
    public void A_moment_after_its_deletion_nothing_of_a_server_is_left(int? persistence)
    {
        IpvsArtifact With(params string[] servers) =>
            IpvsWorld.Of(Web(servers) with { PersistenceSeconds = persistence });
        var world = new IpvsWorld(With(_both));
        Assert.Equal("10.64.0.9:80", world.Serve(First, "cni0"));
        world.Load(With("10.64.0.8:80"));
        world.Wait(0.05);
        Assert.Equal("10.64.0.8:80", world.Serve(First, "cni0"));
        Assert.Equal(1, world.Emulator.FlowCount);
    }

    /// <summary>
    /// ip_vs_in_hook and, for one that comes back, ip_vs_trash_get_dest: the virtual server may go meanwhile.
    /// </summary>
    [Fact]
    public void Without_expire_nodest_conn_a_connection_waits_for_its_server()
    {
        IpvsArtifact With(params string[] servers) => Settled(IpvsWorld.Of(Web(servers)));
        var world = new IpvsWorld(With(_both));
        Assert.Equal("10.64.0.9:80", world.Serve(First, "cni0"));
        world.Load(With("10.64.0.8:80"));
        world.Wait(0.05);
        Assert.Equal("drop", world.Serve(First, "cni0"));
        world.Load(Settled(IpvsWorld.Of("tcp 10.96.0.2:80", Scheduler.Rr, _both)));
        world.Load(With(_both));
        Assert.Equal("10.64.0.9:80", world.Serve(First, "cni0"));

        static IpvsArtifact Settled(IpvsArtifact artifact) => artifact with
        {
            Sysctls = [new Sysctl("net.ipv4.vs.expire_nodest_conn", "0", "")],
        };
    }

    [Fact]
    public void Edits_leave_the_rotation_where_it_is()
    {
        var world = new IpvsWorld(IpvsWorld.Of(Web("10.64.0.7:80", "10.64.0.8:80", "10.64.0.9:80")));
        Assert.Equal("10.64.0.9:80", world.Serve(First, "cni0"));
        world.Load(IpvsWorld.Of(Web("10.64.0.7:80", "10.64.0.8:80", "10.64.0.9:80")));
        Assert.Equal("10.64.0.8:80", world.Serve(Second, "cni0"));
    }

    // conn_reuse_mode: a SYN on a connection in CLOSE is scheduled anew; without conntrack no old entry holds it back.
    [Theory]
    [InlineData("1", "10.64.0.8:80")]
    [InlineData("0", "10.64.0.9:80")]
    public void A_closed_connection_is_reopened_to_the_next_server(string mode, string expected)
    {
        var world = new IpvsWorld(IpvsWorld.Of(Web(_both)) with
        {
            Sysctls =
            [
                new Sysctl("net.ipv4.vs.conntrack", "0", ""),
                new Sysctl("net.ipv4.vs.conn_reuse_mode", mode, ""),
            ],
        });
        Assert.Equal("10.64.0.9:80", world.Serve(First, "cni0"));
        world.Send(First, "cni0", TcpFlags.Ack);
        world.Send(First, "cni0", TcpFlags.Rst);
        Assert.Equal(expected, world.Serve(First, "cni0"));
    }

    [Fact]
    public void A_finished_connection_is_served_anew()
    {
        var world = new IpvsWorld(IpvsWorld.Of(Web(_both)));
        world.Answer(world.Send(First, "cni0"));
        world.Send(First, "cni0", TcpFlags.Ack);
        world.Answer(world.Send(First, "cni0", TcpFlags.Fin | TcpFlags.Ack), TcpFlags.Fin | TcpFlags.Ack);
        world.Send(First, "cni0", TcpFlags.Ack);
        Assert.Equal("10.64.0.8:80", world.Serve(First, "cni0"));
    }

    [Fact]
    public void Affinity_is_per_client_and_virtual_server_and_refreshed_by_connections()
    {
        var web = Web(_both) with { PersistenceSeconds = 100 };
        var other = web with { Port = new Port(81) };
        var world = new IpvsWorld(IpvsWorld.Of(web, other));
        var first = world.Serve(First, "cni0");
        Assert.NotEqual(first, world.Serve("tcp 10.64.0.6:1000 > 10.96.0.1:80", "cni0"));
        Assert.Equal(first, world.Serve(Second, "cni0"));
        world.Wait(90);
        Assert.Equal(first, world.Serve("tcp 10.64.0.5:1002 > 10.96.0.1:80", "cni0"));
        world.Wait(90);
        Assert.Equal(first, world.Serve("tcp 10.64.0.5:1003 > 10.96.0.1:80", "cni0"));

        // The other port has a rotation and templates of its own.
        Assert.Equal("10.64.0.9:80", world.Serve("tcp 10.64.0.5:1013 > 10.96.0.1:81", "cni0"));
        Assert.Equal("10.64.0.9:80", world.Serve("tcp 10.64.0.5:1014 > 10.96.0.1:81", "cni0"));
    }

    [Fact]
    public void Affinity_ends_after_its_time_but_not_before_its_connections()
    {
        var world = new IpvsWorld(IpvsWorld.Of(Web(_both) with { PersistenceSeconds = 10 }));
        var first = world.Serve(First, "cni0");

        // The template would end at 10 s; its connection is in SYN_RECV until 60 s, so it looks again at 70 s.
        world.Wait(69);
        Assert.Equal(first, world.Serve(Second, "cni0"));
        world.Wait(200);
        Assert.NotEqual(first, world.Serve("tcp 10.64.0.5:1002 > 10.96.0.1:80", "cni0"));
    }

    [Theory]
    [InlineData("1", "10.64.0.8:80")]
    [InlineData("0", "10.64.0.9:80")]
    public void Affinity_to_a_drained_server_ends_with_expire_quiescent_template(string value, string expected)
    {
        IpvsArtifact With(params string[] servers) => IpvsWorld.Of(Web(servers) with { PersistenceSeconds = 100 }) with
        {
            Sysctls = [new Sysctl("net.ipv4.vs.expire_quiescent_template", value, "")],
        };
        var world = new IpvsWorld(With(_both));
        Assert.Equal("10.64.0.9:80", world.Serve(First, "cni0"));
        world.Load(With("10.64.0.8:80", "10.64.0.9:80=0"));
        Assert.Equal(expected, world.Serve(Second, "cni0"));
    }

    [Fact]
    public void A_client_with_affinity_is_explored_to_its_server()
    {
        var world = new IpvsWorld(IpvsWorld.Of(Web(_both) with { PersistenceSeconds = 100 }));
        Assert.Equal(2, world.Emulator.Explore(World.First(First, "cni0")).Outcomes.Count);
        var first = world.Send(First, "cni0");
        var again = world.Emulator.Explore(World.First(Second, "cni0"));
        Assert.Equal(first.Outcome, Assert.Single(again.Outcomes).Outcome);
    }

    [Fact]
    public void Least_connections_follow_what_is_open()
    {
        var world = new IpvsWorld(IpvsWorld.Of("tcp 10.96.0.1:80", Scheduler.Lc, _both));
        Assert.Equal("10.64.0.9:80", world.Serve(First, "cni0"));
        Assert.Equal("10.64.0.8:80", world.Serve(Second, "cni0"));
        world.Send(Second, "cni0", TcpFlags.Ack);
        world.Send(Second, "cni0", TcpFlags.Rst);
        Assert.Equal("10.64.0.8:80", world.Serve("tcp 10.64.0.5:1002 > 10.96.0.1:80", "cni0"));
    }
}
