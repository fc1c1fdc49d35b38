using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// What a cluster's API objects say, after API defaults and the watch filters of service-semantics §1: headless and
/// ExternalName Services and those of another proxy are gone, names and numbers are valid, addresses are canonical.
/// Names are unique within a kind. The lists are persistent: a cluster with one object changed shares the others
/// (<c>with { Services = Services.Update([old], [new]) }</c>), and what is compiled from it shares what follows from
/// them.
/// </summary>
/// <param name="EndpointSlices">By Service, then by their own names.</param>
public sealed record ClusterState(
    SortedSeq<Service> Services,
    SortedSeq<EndpointSlice> EndpointSlices,
    SortedSeq<Node> Nodes,
    SortedSeq<ServiceCidr> ServiceCidrs)
{
    public static ClusterState Empty { get; } = new([], [], [], []);

    /// <summary>Null when there is none of the name.</summary>
    public Service? FindService(ObjectName name)
    {
        var index = Services.FirstIndex(service => service.Name >= name);
        return index < Services.Count && Services[index] is var found && found.Name == name ? found : null;
    }

    /// <summary>In the order of their names, both families.</summary>
    public IEnumerable<EndpointSlice> SlicesOf(ObjectName service) =>
        EndpointSlices.Range(slice => slice.Service.CompareTo(service));
}

/// <summary>namespace/name. Ordered ordinally by namespace, then name.</summary>
public readonly record struct ObjectName(string Namespace, string Name) : IComparable<ObjectName>
{
    public int CompareTo(ObjectName other) =>
        string.CompareOrdinal(Namespace, other.Namespace) is var order and not 0
            ? order
            : string.CompareOrdinal(Name, other.Name);

    public override string ToString() => $"{Namespace}/{Name}";

    public static bool operator <(ObjectName left, ObjectName right) => left.CompareTo(right) < 0;

    public static bool operator >(ObjectName left, ObjectName right) => left.CompareTo(right) > 0;

    public static bool operator <=(ObjectName left, ObjectName right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ObjectName left, ObjectName right) => left.CompareTo(right) >= 0;
}

public enum ServiceType
{
    ClusterIp,
    NodePort,
    LoadBalancer,
}

public enum TrafficPolicy
{
    Cluster,
    Local,
}

/// <summary>A Service that a node has to program.</summary>
/// <param name="ClusterIps">At most one per family: the address that service-semantics §1.2 picks for it.</param>
/// <param name="ExternalIps">spec.externalIPs, both families.</param>
/// <param name="LoadBalancerIps">status.loadBalancer.ingress[].ip whose ipMode is VIP, both families.</param>
/// <param name="LoadBalancerSourceRanges">As written, both families; a /0 is not yet special.</param>
/// <param name="AffinityTimeoutSeconds">Set when sessionAffinity is ClientIP: 1 to 86400.</param>
/// <param name="HealthCheckNodePort">Set only for type LoadBalancer with externalTrafficPolicy Local.</param>
/// <param name="CreationTimestamp">Null when the input has none; such a Service counts as the youngest.</param>
/// <param name="Annotations">Those that a backend reads; ordered by key.</param>
public sealed record Service(
    ObjectName Name,
    ServiceType Type,
    Seq<Ip> ClusterIps,
    Seq<Ip> ExternalIps,
    Seq<Ip> LoadBalancerIps,
    Seq<Prefix> LoadBalancerSourceRanges,
    Seq<ServicePortSpec> Ports,
    TrafficPolicy InternalTrafficPolicy,
    TrafficPolicy ExternalTrafficPolicy,
    int? AffinityTimeoutSeconds,
    Port? HealthCheckNodePort,
    DateTimeOffset? CreationTimestamp,
    Seq<Annotation> Annotations,
    Location Location) : IKeyed<Service>
{
    public static int CompareKeys(Service left, Service right) => left.Name.CompareTo(right.Name);
}

public readonly record struct Annotation(string Key, string Value);

/// <summary>One entry of spec.ports. <c>Name</c> is "" for an unnamed port.</summary>
public sealed record ServicePortSpec(string Name, Protocol Protocol, Port Port, Port? NodePort, Location Location);

/// <summary>One slice. Slices without a service-name label or of a headless Service are already gone.</summary>
public sealed record EndpointSlice(
    ObjectName Name,
    string ServiceName,
    Family AddressType,
    Seq<SlicePort> Ports,
    Seq<SliceEndpoint> Endpoints,
    Location Location) : IKeyed<EndpointSlice>
{
    /// <summary>The Service that it belongs to.</summary>
    public ObjectName Service => new(Name.Namespace, ServiceName);

    public static int CompareKeys(EndpointSlice left, EndpointSlice right) =>
        left.Service.CompareTo(right.Service) is var byService and not 0
            ? byService
            : string.CompareOrdinal(left.Name.Name, right.Name.Name);
}

/// <summary>
/// A port of a slice that has a number (service-semantics §1.4). <c>Name</c> is "" for an unnamed port.
/// </summary>
public sealed record SlicePort(string Name, Protocol Protocol, Port Port);

/// <summary>
/// One endpoint of a slice with its first address; conditions have their defaults (service-semantics §1.5).
/// </summary>
public sealed record SliceEndpoint(
    Ip Address,
    bool Ready,
    bool Serving,
    bool Terminating,
    string? NodeName,
    Seq<string> ZoneHints,
    Seq<string> NodeHints,
    Location Location)
{
    /// <summary>targetRef when that is a Pod: a name for people, which no rule depends on.</summary>
    public ObjectName? Pod { get; init; }
}

/// <summary>A Node. <c>Addresses</c> are InternalIPs, then ExternalIPs, in the order of status.addresses.</summary>
public sealed record Node(string Name, string? Zone, Seq<Prefix> PodCidrs, Seq<Ip> Addresses, Location Location)
    : IKeyed<Node>
{
    public static int CompareKeys(Node left, Node right) => string.CompareOrdinal(left.Name, right.Name);
}

public sealed record ServiceCidr(string Name, Seq<Prefix> Cidrs, Location Location) : IKeyed<ServiceCidr>
{
    public static int CompareKeys(ServiceCidr left, ServiceCidr right) => string.CompareOrdinal(left.Name, right.Name);
}
