using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Properties;

/// <summary>Session affinity (service-semantics §3.9): a client keeps its endpoint, as long as it comes back in time.</summary>
public sealed class AffinityProperties
{
    /// <summary>
    /// In IPVS mode a client is remembered while a connection of it is known (affinity-while-connected of the profile):
    /// for a half-open one a minute, and then a minute until the kernel looks again (ip_vs_conn.c:ip_vs_conn_expire @v6.1).
    /// </summary>
    private const int SecondsConnected = 120;

    private static readonly Ip _clusterIp = Ip.Parse("10.96.0.10");

    public static TheoryData<ProxyMode> Modes => [.. Pipeline.Modes];

    public static MatrixTheoryData<(int Endpoints, int TimeoutSeconds), ProxyMode> Samples =>
        new([(2, 1), (3, 60), (7, 10800), (40, 60)], Pipeline.Modes);

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_client_keeps_its_endpoint_until_it_stays_away((int Endpoints, int TimeoutSeconds) sample, ProxyMode mode)
    {
        var (endpoints, timeoutSeconds) = sample;
        var scenario = OutcomeProperties.Many(endpoints, timeoutSeconds).In(mode);
        var clock = new ManualClock();
        var node = Pipeline.Node(scenario, Family.Ipv4, clock);
        var client = Ip.Parse("10.64.0.77");
        var chosen = Visit(node, client, 1);

        // Each visit starts the time again. In iptables mode another frontend of the service-port knows the client (§3.9).
        for (ushort visit = 2; visit < 6; visit++)
        {
            clock.Advance(TimeSpan.FromSeconds(timeoutSeconds * 0.75));
            Assert.Equal(chosen, Single(node, client, _clusterIp, 80));
            if (mode == ProxyMode.Iptables) Assert.Equal(chosen, Single(node, client, Ir.MeaningSample.NodeIp, 30080));
            else Assert.Equal(endpoints, Choices(node, client, Ir.MeaningSample.NodeIp, 30080));
            Assert.Equal(chosen, Visit(node, client, visit));
        }

        Assert.Equal(endpoints, Choices(node, Ip.Parse("10.64.0.78"), _clusterIp, 80));
        clock.Advance(TimeSpan.FromSeconds(timeoutSeconds + 1 + (mode == ProxyMode.Ipvs ? SecondsConnected : 0)));
        Assert.Equal(endpoints, Choices(node, client, _clusterIp, 80));
    }

    /// <summary>On generated clusters, from every kind of source: kept in time, whatever was chosen, and chosen anew too late.</summary>
    [Theory]
    [MemberData(nameof(Modes))]
    public void Clients_of_any_cluster_keep_their_endpoints_until_they_stay_away(ProxyMode mode)
    {
        var tried = 0;
        Fuzz.Scenarios(40, any =>
        {
            var scenario = any.In(mode);
            foreach (var family in Pipeline.Families)
            {
                var program = Pipeline.Compile(scenario, family);
                foreach (var (flow, timeoutSeconds) in StickyFlows(scenario, family))
                {
                    tried++;
                    if (Forgets(program, scenario, flow, timeoutSeconds) is { } forgotten) return $"{flow}\n{forgotten}";
                }
            }

            return null;
        });
        Assert.True(tried > 0, "no generated client has a choice to remember");
    }

    /// <summary>§13.2 #18: a recent list holds 100 sources; a thousand clients of each endpoint must fit all the same.</summary>
    [Theory]
    [InlineData(100)]
    [InlineData(2000)]
    public void A_thousand_clients_of_each_endpoint_are_remembered(int listEntries)
    {
        var scenario = OutcomeProperties.Many(2, 10800);
        scenario = scenario with { Node = scenario.Node with { Kernel = scenario.Node.Kernel with { RecentListEntries = listEntries } } };
        var node = Pipeline.Node(scenario, Family.Ipv4);
        var clients = Enumerable.Range(0, 2048).Select(i => Ip.V4((uint)(Ip.Parse("10.64.128.0").Bits + (uint)i))).ToArray();
        var chosen = clients.Select(client => Visit(node, client, 1)).ToArray();
        Assert.Equal(chosen, clients.Select(client => Single(node, client, _clusterIp, 80)));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_memory_of_an_endpoint_that_is_gone_does_not_matter(ProxyMode mode)
    {
        var scenario = OutcomeProperties.Many(3, 60).In(mode);
        var node = Pipeline.Node(scenario, Family.Ipv4);
        var client = Ip.Parse("10.64.0.77");
        var chosen = Visit(node, client, 1);
        var slice = scenario.Cluster.EndpointSlices[0];
        var smaller = scenario.Cluster with
        {
            EndpointSlices = [slice with { Endpoints = [.. slice.Endpoints.Where(endpoint => endpoint.Address != chosen.Address)] }],
        };
        node.Load(Pipeline.Compile(scenario with { Cluster = smaller }, Family.Ipv4));
        Assert.Equal(2, Choices(node, client, _clusterIp, 80));
    }

    /// <summary>Of each sticky frontend with a choice the flows of some sources.</summary>
    private static IEnumerable<(Flow Flow, int TimeoutSeconds)> StickyFlows(Scenario scenario, Family family) =>
        (from flow in FlowGen.Covering(scenario, family)
         let timeout = TimeoutFor(scenario.Cluster, flow)
         where timeout is not null && Meaning.Of(scenario.Cluster, scenario.Node, flow).Outcomes.Count > 1
         select (flow, timeout.Value)).DistinctBy(one => (one.flow.Destination, one.flow.DestinationPort, one.flow.Source)).Take(8);

    private static string? Forgets(PacketProgram program, Scenario scenario, Flow flow, int timeoutSeconds)
    {
        var clock = new ManualClock();
        var node = Pipeline.Load(program, scenario.Node, clock);
        for (ushort visit = 0; visit < 3; visit++)
        {
            var chosen = node.Send(Pipeline.First(flow with { SourcePort = new Port((ushort)(50_000 + visit)) }), trace: false).Outcome;
            clock.Advance(TimeSpan.FromSeconds(timeoutSeconds * 0.75));
            var again = node.Explore(Pipeline.First(flow with { SourcePort = new Port(60_000) }), trace: false).Outcomes;
            if (again.Count != 1 || again[0].Outcome != chosen)
                return $"visit {visit} chose {chosen}, and in time it is {string.Join(" | ", again.Select(one => one.Outcome))}";
        }

        // A day also ends what a virtual server knows of connections.
        clock.Advance(TimeSpan.FromSeconds(timeoutSeconds) + TimeSpan.FromDays(1));
        return Pipeline.Differs(scenario, node, flow with { SourcePort = new Port(7) }) is { } stuck ? $"too late: {stuck}" : null;
    }

    /// <summary>Null too where two Services with different timeouts may be meant.</summary>
    internal static int? TimeoutFor(ClusterState cluster, Flow flow) => cluster.Services
        .Where(service => service.Ports.Any(port => port.NodePort == flow.DestinationPort)
            || service.ClusterIps.Concat(service.ExternalIps).Concat(service.LoadBalancerIps).Contains(flow.Destination))
        .Select(service => service.AffinityTimeoutSeconds).Distinct().ToArray() is [var only] ? only : null;

    private static Endpoint Visit(NetfilterMachine node, Ip client, ushort sourcePort) =>
        Assert.IsType<Outcome.Translated>(node.Send(First(client, _clusterIp, 80, sourcePort)).Outcome).To;

    private static Endpoint Single(NetfilterMachine node, Ip client, Ip to, ushort port) => Assert.IsType<Outcome.Translated>(
        Assert.Single(node.Explore(First(client, to, port, 50000), trace: false).Outcomes).Outcome).To;

    private static int Choices(NetfilterMachine node, Ip client, Ip to, ushort port) =>
        node.Explore(First(client, to, port, 50000), trace: false).Outcomes.Count;

    private static Packet First(Ip client, Ip to, ushort port, ushort sourcePort) =>
        Packet.First(new FlowTuple(client, new Port(sourcePort), Protocol.Tcp, to, new Port(port)), "cni0");
}
