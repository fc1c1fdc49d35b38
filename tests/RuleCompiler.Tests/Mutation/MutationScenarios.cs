using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using RuleCompiler.Tests.Ir;

namespace RuleCompiler.Tests.Mutation;

/// <summary>
/// A fixed set of clusters that, together, use every kind of rule; features share a cluster, so that few rules of it are
/// idle.
/// </summary>
internal static class MutationScenarios
{
    private static readonly MeaningSample _sample = new();

    public static IEnumerable<(Scenario Scenario, Family Family)> All
    {
        get
        {
            // The second address is that of the pods' bridge: a process of the node that looks like a pod.
            var rich = new Scenario(Rich, _sample.Node with
            {
                Addresses = [MeaningSample.NodeIp, Ip.Parse("10.64.0.1")],
                Kernel = _sample.Node.Kernel with { RecentListEntries = 2000 },
            });
            yield return (rich, Family.Ipv4);
            yield return (Renaming.ToIpv6(Renaming.OnlyIpv4(rich)), Family.Ipv6);
            yield return (rich with
            {
                Node = rich.Node with
                {
                    Kernel = rich.Node.Kernel with { ConntrackTcpBeLiberal = true },
                    Config = rich.Node.Config with
                    {
                        NodePortAddresses = new(false, [Prefix.Parse("192.168.77.0/24"), Prefix.Parse("127.0.0.0/8")]),
                        DetectLocalMode = DetectLocalMode.BridgeInterface,
                        BridgeInterface = "cni0",
                    },
                },
            }, Family.Ipv4);
            yield return (Many, Family.Ipv4);
        }
    }

    /// <summary>Policies of each kind, no endpoints, source ranges, affinity, a health check: one Service for each.</summary>
    private static ClusterState Rich => Assemble(
        Part(1, "RL RR", service => service with { LoadBalancerIps = [Ip.Parse("203.0.113.1")] }),
        Part(2, "RL RR", service => service with
        {
            Type = ServiceType.LoadBalancer,
            InternalTrafficPolicy = TrafficPolicy.Local,
            ExternalTrafficPolicy = TrafficPolicy.Local,
            HealthCheckNodePort = new Port(32000),
        }),
        Part(3, "RR", service => service with
        {
            InternalTrafficPolicy = TrafficPolicy.Local,
            ExternalTrafficPolicy = TrafficPolicy.Local,
        }),
        Part(4, "", service => service with { ExternalIps = [Ip.Parse("198.51.100.4")] }),
        Part(5, "RL", service => service with
        {
            // The second is the node's own.
            LoadBalancerIps = [Ip.Parse("203.0.113.5"), Ip.Parse("192.168.77.2")],
            LoadBalancerSourceRanges = [Prefix.Parse("172.16.0.0/24"), Prefix.Parse("192.168.77.0/24")],
        }),
        Part(6, "RL RR", service => service with { AffinityTimeoutSeconds = 60 }),
        OnFrontends(Part(7, "RR", service => service), "10.96.0.4", "198.51.100.4", "203.0.113.5"));

    /// <summary>Endpoints that have the addresses and the port of frontends that refuse.</summary>
    private static GeneratedService OnFrontends(GeneratedService service, params string[] addresses) => service with
    {
        Slices = service.Slices.Select(slice => slice with
        {
            Ports = slice.Ports.Select(port => port with { Port = new Port(80) }).ToSeq(),
            Endpoints = addresses.Select(address => slice.Endpoints[0] with { Address = Ip.Parse(address) }).ToSeq(),
        }).ToSeq(),
    };

    /// <summary>Enough Services for the dispatch to be a tree; every fourth refuses. The node has no xt_bpf.</summary>
    private static Scenario Many => new(
        Assemble([.. Enumerable.Range(1, 10).Select(i => Part(i * 5, i % 4 == 0 ? "" : "RL RR", service => service))]),
        _sample.Node with { Kernel = _sample.Node.Kernel with { XtBpf = false } });

    private static ClusterState Assemble(params ReadOnlySpan<GeneratedService> parts) => ClusterGen.Assemble(parts.ToArray());

    private static GeneratedService Part(int number, string endpoints, Func<Service, Service> with)
    {
        var sample = _sample.WithEndpoints(endpoints);
        var service = sample.Service with
        {
            Name = new ObjectName("ns", $"svc{number}"),
            Type = ServiceType.NodePort,
            ClusterIps = [Ip.V4((uint)(Ip.Parse("10.96.0.0").Bits + (uint)number))],
            ExternalIps = [],
            LoadBalancerIps = [],
            Ports = [sample.Service.Ports[0] with { NodePort = new Port((ushort)(30000 + (number * 3))) }],
        };
        var slice = sample.Cluster.EndpointSlices[0] with
        {
            Name = new ObjectName("ns", $"svc{number}-1"),
            ServiceName = $"svc{number}",
        };
        return new GeneratedService(with(service), [slice]);
    }
}
