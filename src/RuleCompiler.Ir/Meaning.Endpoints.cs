using RuleCompiler.Ir.Net;

namespace RuleCompiler.Ir;

public static partial class Meaning
{
    /// <summary>§2.2: the endpoints for policy Cluster and for policy Local, and whether anybody has any.</summary>
    private sealed record Sets(List<Endpoint> Cluster, List<Endpoint> Local, bool HasAny);

    private sealed record Found(Endpoint At, SliceEndpoint Says)
    {
        /// <summary>§1.5: not ready, serving, terminating.</summary>
        public bool ServingTerminating => !Says.Ready && Says.Serving && Says.Terminating;

        public bool IsOn(NodeFacts node) => Says.NodeName == node.Name;
    }

    private static Sets SetsOf(ClusterState state, Service service, ServicePortSpec port, NodeFacts node, Family family)
    {
        var accessible = port.NodePort is not null // §2.1
            || service.LoadBalancerIps.Any(ip => ip.Family == family)
            || service.ExternalIps.Any(ip => ip.Family == family);
        var usesCluster = service.InternalTrafficPolicy == TrafficPolicy.Cluster || accessible;
        var usesLocal = service.InternalTrafficPolicy == TrafficPolicy.Local || (accessible && IsExternalLocal(service));

        // §2.2. The fallback to terminating endpoints is decided for each set on its own.
        var all = EndpointsOf(state, service, port, family);
        var ready = all.FindAll(endpoint => endpoint.Says.Ready);
        var fallback = all.FindAll(endpoint => endpoint.ServingTerminating);
        var clusterSet = !usesCluster ? [] : ready.Count > 0 ? Hinted(ready, node) : fallback;
        var readyHere = ready.FindAll(one => one.IsOn(node));
        var localSet = !usesLocal ? [] : readyHere.Count > 0 ? readyHere : fallback.FindAll(one => one.IsOn(node));
        return new Sets(
            clusterSet.ConvertAll(endpoint => endpoint.At),
            localSet.ConvertAll(endpoint => endpoint.At),
            HasAny: clusterSet.Count > 0 || (usesLocal && (ready.Count > 0 || fallback.Count > 0)));
    }

    /// <summary>
    /// §1.6: the endpoints of every slice of the Service, each address and port once. What lives beats what is
    /// terminating; among equals the slice whose name comes first counts, and in it what is listed first.
    /// </summary>
    private static List<Found> EndpointsOf(ClusterState state, Service service, ServicePortSpec port, Family family) =>
        (from slice in state.EndpointSlices
         where slice.Name.Namespace == service.Name.Namespace && slice.ServiceName == service.Name.Name
         where slice.AddressType == family
         orderby slice.Name
         from slicePort in slice.Ports
         where slicePort.Name == port.Name && slicePort.Protocol == port.Protocol
         from endpoint in slice.Endpoints
         select new Found(new Endpoint(endpoint.Address, slicePort.Port), endpoint))
        .GroupBy(found => found.At)
        .Select(same => same.OrderBy(found => found.Says.Terminating).First())
        .ToList();

    /// <summary>Some endpoint, of any Service and in any condition, has the address and is on the node.</summary>
    private static bool IsOn(ClusterState state, NodeFacts node, Ip address) =>
        (from service in state.Services
         where service.ClusterIps.Any(ip => ip.Family == address.Family)
         from port in service.Ports
         where IsCurrent(service, port)
         from found in EndpointsOf(state, service, port, address.Family)
         where found.At.Address == address && found.IsOn(node)
         select found).Any();

    /// <summary>§2.3: which of the ready endpoints the topology hints leave to this node.</summary>
    private static List<Found> Hinted(List<Found> ready, NodeFacts node)
    {
        var forThisNode = ready.Where(endpoint => endpoint.Says.NodeHints.Contains(node.Name)).ToList();
        if (ready.All(endpoint => endpoint.Says.NodeHints.Count > 0) && forThisNode.Count > 0) return forThisNode;

        var zone = string.IsNullOrEmpty(node.Zone) ? null : node.Zone;
        var forThisZone = ready.Where(endpoint => zone is not null && endpoint.Says.ZoneHints.Contains(zone)).ToList();
        if (ready.All(endpoint => endpoint.Says.ZoneHints.Count > 0) && forThisZone.Count > 0) return forThisZone;

        return ready;
    }
}
