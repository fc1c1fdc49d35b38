using RuleCompiler.Ir.Net;

namespace RuleCompiler.Ir;

public static partial class Meaning
{
    /// <summary>A service-port that answers at the flow's destination, and as what.</summary>
    private sealed record Claim(Service Service, ServicePortSpec Port, FrontendKind Kind);

    /// <summary>
    /// The frontend that the flow is for. A frontend with this very address comes before a NodePort. Several claims are
    /// settled by §3.10: the oldest Service, then namespace/name, then the port's name; a Service without a creation
    /// time is the youngest. One service-port that claims an address twice serves it as ClusterIP, external IP, VIP, in
    /// this order, which is that of kube-proxy's rules (§4.4 a, b, c).
    /// </summary>
    private static Claim? FrontendOf(ClusterState cluster, NodeFacts node, Flow flow) =>
        (from service in cluster.Services
         from port in service.Ports
         where port.Protocol == flow.Protocol && IsCurrent(service, port)
         from kind in KindsAt(service, port, node, flow)
         select new Claim(service, port, kind))
        .OrderBy(claim => claim.Kind == FrontendKind.NodePort)
        .ThenBy(claim => claim.Service.CreationTimestamp ?? DateTimeOffset.MaxValue)
        .ThenBy(claim => claim.Service.Name)
        .ThenBy(claim => claim.Port.Name, StringComparer.Ordinal)
        .ThenBy(claim => claim.Kind)
        .FirstOrDefault();

    /// <summary>§1.2: of two ports with one name and protocol the later counts.</summary>
    private static bool IsCurrent(Service service, ServicePortSpec port) =>
        ReferenceEquals(port, service.Ports.Last(other => other.Name == port.Name && other.Protocol == port.Protocol));

    /// <summary>§3.1: the frontends of a service-port that have the flow's destination.</summary>
    private static IEnumerable<FrontendKind> KindsAt(Service service, ServicePortSpec port, NodeFacts node, Flow flow)
    {
        // §1.2: without a cluster IP of the family the Service does not exist in it.
        if (!service.ClusterIps.Any(ip => ip.Family == flow.Destination.Family)) yield break;
        if (port.Port == flow.DestinationPort)
        {
            if (service.ClusterIps.Contains(flow.Destination)) yield return FrontendKind.ClusterIp;
            if (service.ExternalIps.Contains(flow.Destination)) yield return FrontendKind.ExternalIp;
            if (service.LoadBalancerIps.Contains(flow.Destination)) yield return FrontendKind.LoadBalancerIp;
        }

        if (port.NodePort == flow.DestinationPort && ServesNodePorts(node, flow.Destination))
            yield return FrontendKind.NodePort;
    }

    /// <summary>§3.2 and §3.3.</summary>
    private static bool ServesNodePorts(NodeFacts node, Ip address)
    {
        if (!node.IsLocal(address)) return false;
        var localhost = address.Family == Family.Ipv4 && node.Config.Iptables.LocalhostNodePorts;
        if (address.IsLoopback && !localhost) return false;
        var blocks = NodePortBlocks(node).Where(block => block.Family == address.Family).ToArray();
        // Blocks of the other family only, or a block of everything, restrict nothing.
        if (blocks.Length == 0 || blocks.Any(block => block.Length == 0)) return true;
        // Restricted, NodePorts are on the addresses of interfaces; the loopback interface has just this one.
        return (!address.IsLoopback || address == Ip.V4(0x7F00_0001)) && blocks.Any(block => block.Contains(address));
    }

    /// <summary><c>primary</c> is the primary addresses as host prefixes; an unknown one restricts nothing.</summary>
    private static IEnumerable<Prefix> NodePortBlocks(NodeFacts node) =>
        node.Config.NodePortAddresses.Primary
            ? new[] { node.PrimaryIpv4, node.PrimaryIpv6 }.OfType<Ip>().Where(ip => !ip.IsLoopback).Select(Prefix.Host)
            : node.Config.NodePortAddresses.Cidrs;
}
