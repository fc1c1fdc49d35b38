using FsCheck;
using FsCheck.Fluent;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Gen;

/// <summary>One Service with its slices: the unit in which clusters are made, changed and shrunk.</summary>
internal sealed record GeneratedService(Service Service, Seq<EndpointSlice> Slices);

/// <summary>Clusters of up to four Services that get in each other's way as much as the API allows.</summary>
internal static class ClusterGen
{
    public const int Slots = 4;

    private static readonly Family[] _families = [Family.Ipv4, Family.Ipv6];
    private static readonly string[] _portNames = ["", "web", "dns"];

    /// <summary>The clusters' own ranges and, so that something in them is free, <see cref="Pool.Unused"/>.</summary>
    private static readonly ServiceCidr _serviceCidrs = new(
        "kubernetes", [Prefix.Parse("10.96.0.0/24"), Prefix.Parse("10.99.99.0/24"), Prefix.Parse("fd00:96::/112"), Prefix.Parse("fd00:99::/112")],
        default);

    private static readonly DateTimeOffset _epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Gen<ClusterState> Cluster { get; } =
        from count in Pick.Weighted((1, 0), (4, 1), (5, 2), (4, 3), (2, Slots))
        from slots in Pick.Sequence(Enumerable.Range(0, count).Select(ServiceAt))
        from cidrs in Pick.Weighted<SortedSeq<ServiceCidr>>((2, []), (1, [_serviceCidrs]))
        select Assemble(slots) with { ServiceCidrs = cidrs };

    public static ClusterState Assemble(IEnumerable<GeneratedService> services)
    {
        var all = services.ToArray();
        return new ClusterState(
            all.Select(one => one.Service).ToSortedSeq(), all.SelectMany(one => one.Slices).ToSortedSeq(), [], []);
    }

    /// <summary>The Service of a slot; slots have names of their own, in two namespaces.</summary>
    public static Gen<GeneratedService> ServiceAt(int slot) =>
        from service in ServiceNamed(new ObjectName(slot % 2 == 0 ? "ns" : "other", $"svc{slot}"))
        from count in Pick.Weighted((1, 0), (6, 1), (4, 2), (2, 3))
        from slices in Pick.Sequence(Enumerable.Range(0, count).Select(index => SliceOf(service, index)))
        select new GeneratedService(service, slices.ToSeq());

    private static Gen<Service> ServiceNamed(ObjectName name) =>
        from type in Pick.From(ServiceType.ClusterIp, ServiceType.NodePort, ServiceType.LoadBalancer)
        from families in Pick.Weighted<Family[]>((4, [Family.Ipv4]), (2, [Family.Ipv6]), (4, _families))
        from clusterIps in Pick.Sequence(families.Select(family => Pick.From(Pool.Of(family).ClusterIps)))
        from externalIps in Some(1, 3, _families.SelectMany(family => Pool.Of(family).Externals))
        from vips in Some(type == ServiceType.LoadBalancer ? 4 : 1, 3, _families.SelectMany(family => Pool.Of(family).Externals))
        from ranges in Some(2, 4, _families.SelectMany(family => Pool.Of(family).SourceRanges))
        from ports in Ports(type)
        from inside in Policy
        from outside in Policy
        from affinity in Pick.Weighted<int?>((4, null), (1, 1), (1, 60), (1, 10800))
            // The last is also a NodePort, which the API server prevents only where it allocates the number itself.
        from health in Pick.Weighted<ushort?>((2, null), (3, 32000), (2, 32001), (1, 30080))
        from age in Pick.From<int?>(null, 0, 1, 2)
        select new Service(
            name, type, clusterIps.ToSeq(), externalIps, vips, ranges, ports, inside, outside, affinity,
            type == ServiceType.LoadBalancer && outside == TrafficPolicy.Local && health is { } port ? new Port(port) : null,
            age is { } days ? _epoch.AddDays(days) : null, [], default);

    private static Gen<TrafficPolicy> Policy => Pick.From(TrafficPolicy.Cluster, TrafficPolicy.Local);

    /// <summary>Names are unique, as the API demands, and so are port and protocol.</summary>
    private static Gen<Seq<ServicePortSpec>> Ports(ServiceType type) =>
        from count in Pick.Weighted((6, 1), (3, 2), (1, 3))
        from ports in Pick.Sequence(_portNames.Take(count).Select(name => PortNamed(name, type)))
        select ports.DistinctBy(port => (port.Protocol, port.Port))
            .DistinctBy(port => (port.Protocol, port.NodePort ?? port.Port)).ToSeq();

    private static Gen<ServicePortSpec> PortNamed(string name, ServiceType type) =>
        from protocol in Pick.Weighted((5, Protocol.Tcp), (3, Protocol.Udp), (1, Protocol.Sctp))
        from port in Pick.Weighted<ushort>((6, 80), (3, 53), (1, 30080))
        from nodePort in Pick.Weighted<ushort?>((type == ServiceType.ClusterIp ? 8 : 1, null), (3, 30080), (2, 30081))
        select new ServicePortSpec(name, protocol, new Port(port), nodePort is { } value ? new Port(value) : null, default);

    private static Gen<EndpointSlice> SliceOf(Service service, int index) =>
        from family in Pick.From(service.ClusterIps.Select(ip => ip.Family).ToArray())
        from numbers in Pick.Sequence(service.Ports.Select(_ => Pick.Weighted<ushort>((6, 8080), (2, 8081), (1, 0))))
        from style in Pick.Weighted(
            (5, Style.Ready), (3, Style.Mixed), (2, Style.Leaving), (2, Style.ZoneHints), (2, Style.NodeHints))
        from count in Pick.Weighted((1, 0), (4, 1), (5, 2), (5, 3), (2, 5))
        from endpoints in Pick.Sequence(Enumerable.Range(0, count).Select(_ => EndpointOf(Pool.Of(family), style)))
        select new EndpointSlice(
            // The list position is not the name's order, so that order of input and of names differ.
            new ObjectName(service.Name.Namespace, $"{service.Name.Name}-{9 - index}"), service.Name.Name, family,
            service.Ports.Zip(numbers, (port, number) => new SlicePort(port.Name, port.Protocol, new Port(number)))
                .Where(port => port.Port.Value != 0).ToSeq(),
            endpoints.DistinctBy(endpoint => endpoint.Address).ToSeq(), default);

    /// <summary>What the endpoints of a slice are like: hints must be on all of them to matter.</summary>
    private enum Style
    {
        Ready,
        Mixed,
        Leaving,
        ZoneHints,
        NodeHints,
    }

    private static Gen<SliceEndpoint> EndpointOf(Pool pool, Style style) =>
        from local in Pick.From(true, false)
        from address in Pick.From(local ? pool.LocalPods : pool.RemotePods)
        from nodeName in Pick.Weighted((8, local ? "node-0" : "node-1"), (1, null), (1, "node-0"))
        from state in style switch
        {
            Style.Ready => Pick.Weighted((9, "ready"), (1, "unready")),
            Style.Mixed => Pick.From("ready", "unready", "terminating", "ready terminating", "gone"),
            Style.Leaving => Pick.Weighted((6, "terminating"), (1, "unready"), (1, "gone")),
            Style.ZoneHints or Style.NodeHints => Pick.Weighted((8, "ready"), (1, "terminating")),
        }
        from zones in Hints(style, Style.ZoneHints, "zone-a", "zone-b")
        from nodes in Hints(style, Style.NodeHints, "node-0", "node-1")
        select new SliceEndpoint(
            address,
            Ready: state is "ready" or "ready terminating",
            Serving: state is "ready" or "terminating" or "ready terminating",
            Terminating: state is "terminating" or "ready terminating" or "gone",
            nodeName, zones, nodes, default);

    private static Gen<Seq<string>> Hints(Style style, Style hinting, string here, string there) => style == hinting
        ? Pick.Weighted<Seq<string>>((5, [here]), (5, [there]), (3, [here, there]), (1, []))
        : Pick.Weighted<Seq<string>>((9, []), (1, [here]));

    /// <summary>With a chance of one in so many, up to three of the candidates; else none.</summary>
    private static Gen<Seq<T>> Some<T>(int chance, int outOf, IEnumerable<T> candidates) =>
        from wanted in FsCheck.Fluent.Gen.Choose(1, Math.Max(chance, outOf))
        from count in wanted <= chance ? FsCheck.Fluent.Gen.Choose(1, 3) : FsCheck.Fluent.Gen.Constant(0)
        from chosen in FsCheck.Fluent.Gen.ArrayOf(Pick.From(candidates.ToArray()), count)
        select chosen.Distinct().ToSeq();
}
