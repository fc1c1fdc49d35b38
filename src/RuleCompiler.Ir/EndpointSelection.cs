using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// The endpoint sets of one service-port on one node: service-semantics §1.6 (merging) and §2.1 to §2.3.
/// </summary>
internal sealed record EndpointSelection(
    Seq<Endpoint> ClusterSet, Seq<Endpoint> LocalSet, bool HasAny, TopologyMode Topology, Seq<Candidate> Candidates)
{
    private const string Chosen = "ready";
    private const string ChosenFallback = "serving while it terminates, and nothing is ready";
    private const string NotReady = "not ready";
    private const string ReadyExist = "terminating, and ready endpoints exist";
    private const string OtherNode = "on another node, and the policy is Local";
    private const string OtherZone = "its zone hints do not name this node's zone";
    private const string HintedElsewhere = "its node hints do not name this node";

    /// <param name="slices">Of the Service and the family, in ordinal order of their names.</param>
    public static EndpointSelection Of(
        ServicePortSpec port, IReadOnlyList<EndpointSlice> slices, NodeFacts node, bool usesCluster, bool usesLocal)
    {
        var merged = Merge(port, slices, node);
        var topology = usesCluster ? PickTopology(merged, node) : TopologyMode.None;
        var anyReady = merged.Exists(endpoint => endpoint.State == EndpointState.Ready);
        var anyLocalReady = merged.Exists(endpoint => endpoint is { State: EndpointState.Ready, IsLocal: true });

        var cluster = new List<Endpoint>();
        var local = new List<Endpoint>();
        var candidates = new Candidate[merged.Count];
        for (var i = 0; i < merged.Count; i++)
        {
            var endpoint = merged[i];
            // The fallback to terminating endpoints is decided for each set on its own (service-semantics §2.2).
            var inCluster = usesCluster && endpoint.State switch
            {
                EndpointState.Ready => Admits(topology, endpoint.Source, node),
                EndpointState.ServingTerminating => !anyReady,
                EndpointState.Unusable => false,
            };
            var inLocal = usesLocal && endpoint.IsLocal && endpoint.State switch
            {
                EndpointState.Ready => true,
                EndpointState.ServingTerminating => !anyLocalReady,
                EndpointState.Unusable => false,
            };
            if (inCluster) cluster.Add(endpoint.Endpoint);
            if (inLocal) local.Add(endpoint.Endpoint);
            candidates[i] = new Candidate(
                endpoint.Endpoint, endpoint.IsLocal, endpoint.State, inCluster, inLocal,
                Reason(endpoint, inCluster || inLocal, usesCluster, topology), endpoint.Source.Location);
        }

        var hasAny = cluster.Count > 0 ||
            (usesLocal && merged.Exists(endpoint => endpoint.State != EndpointState.Unusable));
        return new EndpointSelection(cluster.ToSeq(), local.ToSeq(), hasAny, topology, candidates.ToSeq());
    }

    /// <summary>Every endpoint once, in numeric order.</summary>
    private static List<MergedEndpoint> Merge(ServicePortSpec port, IReadOnlyList<EndpointSlice> slices, NodeFacts node)
    {
        var merged = new List<MergedEndpoint>();
        foreach (var slice in slices)
        {
            foreach (var slicePort in slice.Ports)
            {
                if (slicePort.Protocol != port.Protocol || slicePort.Name != port.Name) continue;
                foreach (var endpoint in slice.Endpoints)
                {
                    merged.Add(new MergedEndpoint(
                        new Endpoint(endpoint.Address, slicePort.Port), endpoint, StateOf(endpoint),
                        endpoint.NodeName == node.Name, merged.Count));
                }
            }
        }

        // Of duplicates a living one beats a terminating one (service-semantics §1.6). Upstream leaves the rest to
        // iteration order; here the first slice by name wins.
        merged.Sort(static (left, right) =>
        {
            if (left.Endpoint.CompareTo(right.Endpoint) is var byEndpoint and not 0) return byEndpoint;
            if (left.Source.Terminating.CompareTo(right.Source.Terminating) is var byLife and not 0) return byLife;
            return left.Position.CompareTo(right.Position);
        });
        var kept = 0;
        for (var i = 0; i < merged.Count; i++)
        {
            if (kept == 0 || merged[kept - 1].Endpoint != merged[i].Endpoint) merged[kept++] = merged[i];
        }

        merged.RemoveRange(kept, merged.Count - kept);
        return merged;
    }

    private static EndpointState StateOf(SliceEndpoint endpoint) =>
        endpoint.Ready ? EndpointState.Ready
        : endpoint is { Serving: true, Terminating: true } ? EndpointState.ServingTerminating
        : EndpointState.Unusable;

    /// <summary>
    /// Service-semantics §2.3: a mode applies only when every ready endpoint is hinted and one is for us.
    /// </summary>
    private static TopologyMode PickTopology(List<MergedEndpoint> merged, NodeFacts node)
    {
        bool allNode = true, anyNode = false, allZone = true, anyZone = false, any = false;
        foreach (var endpoint in merged)
        {
            if (endpoint.State != EndpointState.Ready) continue;
            any = true;
            allNode &= !endpoint.Source.NodeHints.IsEmpty;
            anyNode |= Admits(TopologyMode.SameNode, endpoint.Source, node);
            allZone &= !endpoint.Source.ZoneHints.IsEmpty;
            anyZone |= Admits(TopologyMode.SameZone, endpoint.Source, node);
        }

        return any && allNode && anyNode ? TopologyMode.SameNode
            : any && allZone && anyZone ? TopologyMode.SameZone
            : TopologyMode.None;
    }

    private static bool Admits(TopologyMode mode, SliceEndpoint endpoint, NodeFacts node) => mode switch
    {
        TopologyMode.None => true,
        TopologyMode.SameZone => !string.IsNullOrEmpty(node.Zone) && endpoint.ZoneHints.Span.Contains(node.Zone),
        TopologyMode.SameNode => endpoint.NodeHints.Span.Contains(node.Name),
    };

    private static string Reason(MergedEndpoint endpoint, bool chosen, bool usesCluster, TopologyMode topology) =>
        endpoint.State switch
        {
            EndpointState.Unusable => NotReady,
            EndpointState.Ready => chosen ? Chosen : !usesCluster ? OtherNode : HintedAway(topology),
            EndpointState.ServingTerminating =>
                chosen ? ChosenFallback : !usesCluster && !endpoint.IsLocal ? OtherNode : ReadyExist,
        };

    private static string HintedAway(TopologyMode topology) =>
        topology == TopologyMode.SameNode ? HintedElsewhere : OtherZone;

    /// <param name="Position">Order of discovery, which is the order of slice names.</param>
    private readonly record struct MergedEndpoint(
        Endpoint Endpoint, SliceEndpoint Source, EndpointState State, bool IsLocal, int Position);
}
