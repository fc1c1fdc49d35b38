using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Gen;

/// <summary>One step simpler: a part left out, or a part set to what it is by default.</summary>
internal static class ScenarioShrinker
{
    public static IEnumerable<ClusterState> Clusters(ClusterState cluster) =>
        Without(cluster.Services.ToSeq()).Select(services => cluster with { Services = services.ToSortedSeq() })
            .Concat(Without(cluster.EndpointSlices.ToSeq()).Select(slices => cluster with { EndpointSlices = slices.ToSortedSeq() }))
            .Concat(Each(cluster.Services.ToSeq(), Services).Select(services => cluster with { Services = services.ToSortedSeq() }))
            .Concat(Each(cluster.EndpointSlices.ToSeq(), Slices).Select(slices => cluster with { EndpointSlices = slices.ToSortedSeq() }));

    public static IEnumerable<NodeFacts> Nodes(NodeFacts node)
    {
        var simplest = new ProxyConfig { ClusterCidrs = node.Config.ClusterCidrs };
        return Different(
            node,
            node with { Config = simplest },
            node with { Config = node.Config with { NodePortAddresses = simplest.NodePortAddresses } },
            node with { Config = node.Config with { Iptables = simplest.Iptables } },
            node with { Config = node.Config with { DetectLocalMode = DetectLocalMode.ClusterCidr } },
            node with { Config = node.Config with { FeatureGates = simplest.FeatureGates } },
            node with { Kernel = new KernelFacts() },
            node with { Kernel = node.Kernel with { XtBpf = true } },
            node with { Zone = "zone-a" },
            node with { PodCidrs = [] },
            node with { Addresses = node.Addresses.DistinctBy(address => address.Family).ToSeq() });
    }

    private static IEnumerable<Service> Services(Service service) =>
        Without(service.ExternalIps).Select(ips => service with { ExternalIps = ips })
            .Concat(Without(service.LoadBalancerIps).Select(ips => service with { LoadBalancerIps = ips }))
            .Concat(Without(service.LoadBalancerSourceRanges).Select(ranges => service with { LoadBalancerSourceRanges = ranges }))
            .Concat(Without(service.Ports).Where(ports => !ports.IsEmpty).Select(ports => service with { Ports = ports }))
            .Concat(Without(service.ClusterIps).Where(ips => !ips.IsEmpty).Select(ips => service with { ClusterIps = ips }))
            .Concat(Different(
                service,
                service with { Type = ServiceType.ClusterIp, HealthCheckNodePort = null },
                service with { InternalTrafficPolicy = TrafficPolicy.Cluster },
                service with { ExternalTrafficPolicy = TrafficPolicy.Cluster, HealthCheckNodePort = null },
                service with { AffinityTimeoutSeconds = null },
                service with { HealthCheckNodePort = null },
                service with { CreationTimestamp = null }))
            .Concat(Each(service.Ports, port => Different(port, port with { NodePort = null }))
                .Select(ports => service with { Ports = ports }));

    private static IEnumerable<EndpointSlice> Slices(EndpointSlice slice) =>
        Without(slice.Endpoints).Select(endpoints => slice with { Endpoints = endpoints })
            .Concat(Without(slice.Ports).Select(ports => slice with { Ports = ports }))
            .Concat(Each(slice.Endpoints, endpoint => Different(
                    endpoint,
                    endpoint with { ZoneHints = [], NodeHints = [] },
                    endpoint with { Ready = true, Serving = true, Terminating = false }))
                .Select(endpoints => slice with { Endpoints = endpoints }));

    private static IEnumerable<T> Different<T>(T now, params T[] simpler) => simpler.Where(one => !Equals(one, now)).Distinct();

    private static IEnumerable<Seq<T>> Without<T>(Seq<T> items) =>
        Enumerable.Range(0, items.Count).Select(index => items.Where((_, i) => i != index).ToSeq());

    private static IEnumerable<Seq<T>> Each<T>(Seq<T> items, Func<T, IEnumerable<T>> shrink) =>
        Enumerable.Range(0, items.Count).SelectMany(index =>
            shrink(items[index]).Select(smaller => items.Select((item, i) => i == index ? smaller : item).ToSeq()));
}
