using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// A graph and what was wrong with the cluster it was built from; also what the graph of a changed cluster starts from.
/// </summary>
public sealed class BuiltGraph
{
    internal BuiltGraph(
        ServiceGraph graph, ClusterState cluster, UnsettledPorts unsettled, IEnumerable<Diagnostic> ofNode)
    {
        (Graph, Cluster, Unsettled) = (graph, cluster, unsettled);
        Diagnostics =
        [
            .. unsettled.OfServices.SelectMany(noted => noted.Diagnostics),
            .. FrontendCollisions.WithHealthChecks(graph.HealthChecks, unsettled),
            .. unsettled.OfCollisions.SelectMany(noted => noted.Diagnostics),
            .. ofNode,
        ];
    }

    public ServiceGraph Graph { get; }

    public Seq<Diagnostic> Diagnostics { get; }

    internal ClusterState Cluster { get; }

    internal UnsettledPorts Unsettled { get; }
}

/// <summary>Service-ports as if each were alone, and their claims on addresses and ports.</summary>
/// <param name="OfServices">By Service; those that have any.</param>
/// <param name="OfCollisions">By losing service-port; those that have any.</param>
internal sealed record UnsettledPorts(
    SortedSeq<ServicePort> ServicePorts,
    SortedSeq<FrontendClaim> Claims,
    Multiset<Ip> ClusterIps,
    SortedSeq<Noted<ObjectName>> OfServices,
    SortedSeq<Noted<ServicePortName>> OfCollisions)
{
    public static UnsettledPorts None { get; } = new([], [], default, [], []);
}

/// <summary>
/// Builds the intermediate representation of one family for one node: endpoint selection (service-semantics §2), the
/// verdict of every frontend for every class of source (§2.4, §2.5, §3.7) and the winner of each collision (§3.10).
/// </summary>
public static class ServiceGraphBuilder
{
    /// <param name="previous">
    /// A graph of the same family to start from: Services that did not change are not looked at. The result is the same
    /// without it.
    /// </param>
    public static BuiltGraph Build(ClusterState cluster, NodeFacts node, Family family, BuiltGraph? previous = null)
    {
        if (previous is not null && previous.Graph.Family != family)
        {
            throw new ArgumentException(
                $"a graph of {previous.Graph.Family.ApiName()} cannot become one of {family.ApiName()}", nameof(previous));
        }

        var diagnostics = new List<Diagnostic>();
        var edit = new GraphEdit(previous, cluster, new ServicePortFactory(node, family));
        edit.Rebuild(isNodeNew: previous?.Graph.Node != node);
        var cidrs = cluster.ServiceCidrs.SelectMany(cidr => cidr.Cidrs).Where(cidr => cidr.Family == family);
        var (servicePorts, unsettled) = edit.Settle();
        var graph = new ServiceGraph(
            node, family, LocalTraffic.Of(node, family), NodePortScopes.Of(node, family, diagnostics),
            servicePorts, edit.HealthChecks, unsettled.ClusterIps.Items, cidrs.Distinct().Order().ToSeq());
        return new BuiltGraph(graph, cluster, unsettled, diagnostics);
    }
}
