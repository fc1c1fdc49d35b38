using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// The intermediate representation: what one node has to do for every frontend of one family. Built once by
/// <see cref="ServiceGraphBuilder"/>, used by every backend, printed by <c>rulec explain</c>. Every list is sorted
/// here, so backends never sort: service-ports by name, frontends by kind, address and port, endpoints numerically.
/// </summary>
/// <param name="Node">The node that the graph was built for; only the backend of its mode may lower the graph.</param>
/// <param name="ClusterIps">
/// Of every Service with a port, sorted: also those whose frontends all went to other Services (§3.10).
/// </param>
/// <param name="ServiceCidrs">ClusterIP ranges of the family, when known; sorted.</param>
public sealed record ServiceGraph(
    NodeFacts Node,
    Family Family,
    LocalTraffic LocalTraffic,
    NodePortScope NodePorts,
    SortedSeq<ServicePort> ServicePorts,
    SortedSeq<HealthCheckPort> HealthChecks,
    SortedSeq<Ip> ClusterIps,
    Seq<Prefix> ServiceCidrs)
{
    /// <summary>The same node in a cluster without Services.</summary>
    public ServiceGraph WithoutServices() =>
        this with { ServicePorts = [], HealthChecks = [], ClusterIps = [], ServiceCidrs = [] };

    /// <summary>
    /// The graphs differ in Services at most: what follows from the node alone is the same. Its zone is not looked at,
    /// which only selects endpoints.
    /// </summary>
    public bool IsOfSameNodeAs(ServiceGraph other) =>
        Family == other.Family && LocalTraffic == other.LocalTraffic && NodePorts == other.NodePorts &&
        (ReferenceEquals(Node, other.Node) || Node with { Zone = other.Node.Zone } == other.Node);
}

/// <summary>
/// (namespace, name, port name, protocol): the key of a service-port. Ordered ordinally in that order. Its text, as in
/// rule comments, leaves the protocol out, like kube-proxy's.
/// </summary>
public readonly record struct ServicePortName(ObjectName Service, string PortName, Protocol Protocol)
    : IComparable<ServicePortName>
{
    public int CompareTo(ServicePortName other)
    {
        if (Service.CompareTo(other.Service) is var byService and not 0) return byService;
        if (string.CompareOrdinal(PortName, other.PortName) is var byPort and not 0) return byPort;
        return Protocol.CompareTo(other.Protocol);
    }

    /// <summary>ns/name, or ns/name:port for a named port.</summary>
    public override string ToString() => PortName.Length == 0 ? Service.ToString() : $"{Service}:{PortName}";

    public static bool operator <(ServicePortName left, ServicePortName right) => left.CompareTo(right) < 0;

    public static bool operator >(ServicePortName left, ServicePortName right) => left.CompareTo(right) > 0;

    public static bool operator <=(ServicePortName left, ServicePortName right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ServicePortName left, ServicePortName right) => left.CompareTo(right) >= 0;
}

/// <summary>One port of one Service: its frontends and the endpoint sets that they lead to.</summary>
/// <param name="ClusterSet">Endpoints for policy Cluster (service-semantics §2.2); empty also when no frontend needs it.</param>
/// <param name="LocalSet">Endpoints on this node for policy Local; empty also when no frontend needs it.</param>
/// <param name="Candidates">Every endpoint of the slices with the reason why it is in or out, for <c>explain</c>.</param>
/// <param name="AffinityTimeoutSeconds">Null without session affinity.</param>
/// <param name="Annotations">Of the Service; a backend may read its own.</param>
public sealed record ServicePort(
    ServicePortName Name,
    Seq<Frontend> Frontends,
    Seq<Endpoint> ClusterSet,
    Seq<Endpoint> LocalSet,
    Seq<Candidate> Candidates,
    TopologyMode Topology,
    int? AffinityTimeoutSeconds,
    Seq<Annotation> Annotations,
    Location Location) : IKeyed<ServicePort>
{
    public static int CompareKeys(ServicePort left, ServicePort right) => left.Name.CompareTo(right.Name);

    public Seq<Endpoint> Set(EndpointSet set) => set switch
    {
        EndpointSet.Cluster => ClusterSet,
        EndpointSet.Local => LocalSet,
    };
}

/// <summary>Looking service-ports up.</summary>
public static class ServicePortLookup
{
    /// <summary>Null when there is none of the name.</summary>
    public static ServicePort? Find(this SortedSeq<ServicePort> servicePorts, ServicePortName name)
    {
        var index = servicePorts.FirstIndex(servicePort => servicePort.Name >= name);
        return index < servicePorts.Count && servicePorts[index] is var found && found.Name == name ? found : null;
    }

    public static IEnumerable<ServicePort> Of(this SortedSeq<ServicePort> servicePorts, ObjectName service) =>
        servicePorts.Range(servicePort => servicePort.Name.Service.CompareTo(service));
}

public enum FrontendKind
{
    ClusterIp,
    ExternalIp,
    LoadBalancerIp,
    NodePort,
}

/// <summary>
/// An address and port that clients connect to, and what happens to each class of source. <c>Address</c> is null for a
/// NodePort, which is on every address of <see cref="ServiceGraph.NodePorts"/>.
/// </summary>
/// <param name="AllowedSources">
/// Sources that may use the frontend (loadBalancerSourceRanges); everybody else's packets are dropped. Null: everybody.
/// Sorted. Where the node itself is in a range, the Service's load-balancer IPs are too, since host traffic to them
/// carries them as its source (service-semantics §3.4). Null too where nobody has an endpoint: everybody is rejected.
/// </param>
public sealed record Frontend(
    FrontendKind Kind,
    Ip? Address,
    Port Port,
    Verdicts Verdicts,
    Seq<Prefix>? AllowedSources);

/// <summary>
/// A verdict per class of source. A packet is classed once, in this order: a local pod (the detector matches), the node
/// (its source is a local address), anything else. With <see cref="LocalTraffic.Undetected"/> no packet is a local pod,
/// and <c>LocalPod</c> equals <c>External</c>.
/// </summary>
public sealed record Verdicts(Verdict LocalPod, Verdict Node, Verdict External)
{
    public static Verdicts Same(Verdict verdict) => new(verdict, verdict, verdict);
}

public enum EndpointSet
{
    Cluster,
    Local,
}

/// <summary>
/// What happens to a new flow. Beside <c>SourceNat</c>, a flow whose chosen endpoint has the client's own address
/// (hairpin) is always masqueraded, or its answer would never pass the node again.
/// </summary>
public abstract record Verdict
{
    private Verdict()
    {
    }

    /// <summary>Balance evenly over a non-empty set.</summary>
    public sealed record Balance(EndpointSet Over, bool SourceNat) : Verdict;

    /// <summary>Answer with port-unreachable: no endpoints anywhere.</summary>
    public sealed record Reject : Verdict;

    /// <summary>Discard: the policy is Local and this node has no endpoint.</summary>
    public sealed record Drop : Verdict;
}

/// <summary>On which local addresses NodePorts answer (service-semantics §3.2, §3.3).</summary>
public abstract record NodePortScope
{
    private NodePortScope()
    {
    }

    /// <summary>Every local address. Loopback (127.0.0.0/8) only with <c>Localhost</c>; ::1 never.</summary>
    public sealed record AllLocal(bool Localhost) : NodePortScope;

    /// <summary>These addresses only, sorted. 127.0.0.1 is among them when it is wanted and supported.</summary>
    public sealed record Listed(Seq<Ip> Addresses) : NodePortScope;
}

/// <summary>A healthCheckNodePort that the node's own HTTP server answers on: TCP, one per Service.</summary>
public sealed record HealthCheckPort(ObjectName Service, Port Port) : IKeyed<HealthCheckPort>
{
    public static int CompareKeys(HealthCheckPort left, HealthCheckPort right) => left.Service.CompareTo(right.Service);
}

public enum TopologyMode
{
    None,
    SameZone,
    SameNode,
}

/// <summary>An endpoint found in a slice and what decided its part.</summary>
public sealed record Candidate(
    Endpoint Endpoint,
    bool IsLocal,
    EndpointState State,
    bool InClusterSet,
    bool InLocalSet,
    string Reason,
    Location Location);

/// <summary>The usable classes of service-semantics §1.5.</summary>
public enum EndpointState
{
    Ready,

    /// <summary>Not ready, but serving while it terminates: the fallback when nothing is ready.</summary>
    ServingTerminating,
    Unusable,
}
