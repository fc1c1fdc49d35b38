using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.KernelTests.Probing;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>Session affinity for many clients, in the lists of a real xt_recent.</summary>
public sealed class AffinityTests
{
    /// <summary>
    /// 250 to each of two endpoints, so 62 to each of its four lists: 100 in one are 6.7 standard deviations away. In a
    /// single list the 250 would push each other out.
    /// </summary>
    private const int Clients = 500;


    /// <summary>A list of xt_recent remembers 100 sources unless its module was told otherwise (service-semantics §13.2 #18).</summary>
    [Theory]
    [MemberData(nameof(Flavours.EachFamily), MemberType = typeof(Flavours))]
    public void More_clients_than_a_list_holds_stay_with_their_endpoints(Flavour flavour, Family family)
    {
        using var network = Start(flavour, family, timeoutSeconds: 10_800);
        using var prober = new Prober(network);
        var first = Ask(prober, family, 20_000);
        Assert.Equal(2, first.Distinct().Count());
        for (ushort port = 20_001; port < 20_005; port++) Assert.Equal(first, Ask(prober, family, port));
    }

    [Theory]
    [MemberData(nameof(Flavours.EachFamily), MemberType = typeof(Flavours))]
    public void After_the_timeout_clients_choose_anew(Flavour flavour, Family family)
    {
        using var network = Start(flavour, family, timeoutSeconds: 1);
        using var prober = new Prober(network);
        var first = Ask(prober, family, 20_000);
        Thread.Sleep(TimeSpan.FromSeconds(2.5));
        // That all choose again what they had: 2^-500.
        Assert.NotEqual(first, Ask(prober, family, 20_001));
    }

    private static NodeNetwork Start(Flavour flavour, Family family, int timeoutSeconds)
    {
        KernelMachine.Require();
        var tiny = TinyCluster.Read();
        var cluster = new TinyCluster(tiny.State with
        {
            Services = tiny.State.Services
                .Select(service => service.AffinityTimeoutSeconds is null
                    ? service
                    : service with { AffinityTimeoutSeconds = timeoutSeconds })
                .ToSortedSeq(),
        });
        var network = NodeNetwork.Create(HostNetworks.For(TinyCluster.Node, family));
        flavour.Room.Load(network.Node, family, flavour.Room.Compile(cluster.State, TinyCluster.Node, family));
        return network;
    }

    /// <summary>One new flow of each client; the endpoint that each came to.</summary>
    private static Endpoint[] Ask(Prober prober, Family family, ushort sourcePort)
    {
        var frontend = Endpoint.Parse(family == Family.Ipv4 ? "10.96.0.11:80" : "[fd00:96::11]:80");
        var first = Ip.Parse(family == Family.Ipv4 ? "172.16.0.1" : "2001:db8:16::1").Bits;
        var probes = Enumerable.Range(0, Clients).Select(client => new Probe(
            new FlowTuple(
                Client(first + (uint)client), new Port(sourcePort), Protocol.Tcp, frontend.Address, frontend.Port),
            HostNetworks.Uplink)).ToArray();
        var sightings = prober.Send(probes);
        return probes.Select((probe, i) => Assert.IsType<Ending.Sent>(Ending.Of(probe.Tuple, sightings[i])).To).ToArray();

        Ip Client(UInt128 bits) => family == Family.Ipv4 ? Ip.V4((uint)bits) : Ip.V6(bits);
    }
}
