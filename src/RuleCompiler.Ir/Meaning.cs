using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// What is allowed to become of a new flow: each of the n outcomes, with probability 1/n. They are one, or one for each
/// endpoint of a set in numeric order. Session affinity narrows the choice for a client that has already made one.
/// </summary>
public sealed record Expectation(Seq<Outcome> Outcomes)
{
    public override string ToString() => string.Join(" | ", Outcomes.Select(outcome => outcome.ToString()));
}

/// <summary>
/// The judge: what a flow's first packet has to meet on a node of a cluster, by the tables of service-semantics §2 and
/// §3 and nothing else, in the mode that the node is configured for (spec/profiles lists how modes differ). It reads
/// the cluster's objects and must never see the IR, which it judges too. Slow and plain on purpose: check it against
/// the tables, section by section.
/// </summary>
public static partial class Meaning
{
    public static Expectation Of(ClusterState cluster, NodeFacts node, Flow flow)
    {
        var frontend = FrontendOf(cluster, node, flow);
        var expected = frontend is null ? One(Unserved(cluster, node, flow)) : Through(frontend, cluster, node, flow);
        // Localhost NodePorts make 127/8 routable: what comes for it from elsewhere is translated or stopped (§4.5).
        // Without them the kernel takes what comes from outside for a martian (route.c:ip_route_input_slow @v6.1).
        var toLocalhost = flow.Destination is { Family: Family.Ipv4, IsLoopback: true } && !flow.Source.IsLoopback;
        return toLocalhost && (ServesNodePorts(node, Ip.V4(0x7F00_0001)) || flow.InputInterface is not null)
            && expected.Outcomes[0] is not Outcome.Translated ? One(new Outcome.Dropped()) : expected;
    }

    private static Expectation One(Outcome outcome) => new([outcome]);

    private static Expectation Through(Claim frontend, ClusterState cluster, NodeFacts node, Flow flow)
    {
        var (service, port, kind) = frontend;
        var family = flow.Destination.Family;
        var sets = SetsOf(cluster, service, port, node, family);
        var source = SourceOf(cluster, node, flow);
        var detects = DetectorOf(node, family) is not null;

        // §2.4, and §3.7 rows 2 to 4.
        if (kind == FrontendKind.ClusterIp)
        {
            var masquerade = node.Config.MasqueradeAll
                || (detects ? source != SourceClass.LocalPod : ComesFromClusterIp(cluster, node, flow));
            return service.InternalTrafficPolicy == TrafficPolicy.Cluster
                ? sets.Cluster.Count > 0 ? Balance(sets.Cluster, masquerade) : One(new Outcome.Rejected())
                : sets.Local.Count > 0 ? Balance(sets.Local, masquerade)
                : sets.HasAny ? One(new Outcome.Dropped())
                : One(new Outcome.Rejected());
        }

        // §2.5, and §3.7 rows 5 to 7. Without endpoints the source ranges do not matter (§3.4).
        if (!sets.HasAny) return One(new Outcome.Rejected());
        if (kind == FrontendKind.LoadBalancerIp && !IsAllowed(service, node, flow)) return One(new Outcome.Dropped());
        if (!IsExternalLocal(service)) return Balance(sets.Cluster, masquerade: true);
        // §2.7: a virtual server has one set of real servers, whoever asks.
        if (node.Config.Mode == ProxyMode.Ipvs && sets.Local.Count > 0)
            return Balance(sets.Local, masquerade: source == SourceClass.Node);
        return source switch
        {
            SourceClass.LocalPod => Balance(sets.Cluster, masquerade: false),
            SourceClass.Node => Balance(sets.Cluster, masquerade: true),
            SourceClass.External => sets.Local.Count > 0 ? Balance(sets.Local, false) : One(new Outcome.Dropped()),
        };

        Expectation Balance(List<Endpoint> set, bool masquerade) => new(set.Order().Select(Outcome (endpoint) =>
        {
            // §3.7 row 1.
            var hairpin = endpoint.Address == flow.Source
                && (node.Config.Mode == ProxyMode.Iptables || IsOn(cluster, node, endpoint.Address));
            // What arrives for the node's own address stays here: it never leaves, so its source is kept.
            var leaves = flow.InputInterface is null || !node.IsLocal(endpoint.Address);
            return new Outcome.Translated(endpoint, (masquerade || hairpin) && leaves);
        }).ToSeq());
    }

    private enum SourceClass
    {
        LocalPod,
        Node,
        External,
    }

    private static SourceClass SourceOf(ClusterState cluster, NodeFacts node, Flow flow) =>
        DetectorOf(node, flow.Destination.Family) is { } isLocalPod && isLocalPod(flow) ? SourceClass.LocalPod
        : node.IsLocal(flow.Source) || IsBound(cluster, node, flow.Source) ? SourceClass.Node
        : SourceClass.External;

    /// <summary>§3.8: tells a packet of a local pod; null where nothing can.</summary>
    private static Func<Flow, bool>? DetectorOf(NodeFacts node, Family family) => node.Config.DetectLocalMode switch
    {
        DetectLocalMode.ClusterCidr => SourceInFirst(node.Config.ClusterCidrs.Where(cidr => cidr.Family == family)),
        DetectLocalMode.NodeCidr => SourceInFirst(node.PodCidrs.Where(cidr => cidr.Family == family)),
        DetectLocalMode.BridgeInterface => flow => flow.InputInterface == node.Config.BridgeInterface,
        DetectLocalMode.InterfaceNamePrefix => flow =>
            flow.InputInterface?.StartsWith(node.Config.InterfaceNamePrefix, StringComparison.Ordinal) == true,
    };

    private static Func<Flow, bool>? SourceInFirst(IEnumerable<Prefix> cidrs) =>
        cidrs.Any() ? flow => cidrs.First().Contains(flow.Source) : null;

    /// <summary>§3.4, and §1.3: a /0 of the family, or nothing of the family, allows everybody.</summary>
    private static bool IsAllowed(Service service, NodeFacts node, Flow flow)
    {
        var family = flow.Destination.Family;
        var ranges = service.LoadBalancerSourceRanges.Where(range => range.Family == family).ToArray();
        if (ranges.Length == 0 || ranges.Any(range => range.Length == 0)) return true;
        if (ranges.Any(range => range.Contains(flow.Source))) return true;
        return node.Primary(family) is { } own && ranges.Any(range => range.Contains(own))
            && service.LoadBalancerIps.Contains(flow.Source);
    }

    /// <summary>§1.3: the external policy of a Service that has nothing external is void.</summary>
    private static bool IsExternalLocal(Service service) =>
        service.ExternalTrafficPolicy == TrafficPolicy.Local
        && (service.Type is ServiceType.NodePort or ServiceType.LoadBalancer || service.ExternalIps.Count > 0);
}
