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
            if (node.Config.AllowServiceExternalIps && service.ExternalIps.Contains(flow.Destination)) // §1.3
                yield return FrontendKind.ExternalIp;
            if (service.LoadBalancerIps.Contains(flow.Destination)) yield return FrontendKind.LoadBalancerIp;
        }

        if (port.NodePort == flow.DestinationPort && ServesNodePorts(node, flow.Destination))
            yield return FrontendKind.NodePort;
    }

    /// <summary>§3.2 and §3.3.</summary>
    private static bool ServesNodePorts(NodeFacts node, Ip address)
    {
        if (!node.IsLocal(address)) return false;
        var config = node.Config;
        var localhost = address.Family == Family.Ipv4 && config.Iptables.LocalhostNodePorts;
        if (address.IsLoopback && !(config.Mode == ProxyMode.Iptables && localhost)) return false;
        if (config.Mode == ProxyMode.Ipvs && address.IsLinkLocal && address.Family == Family.Ipv6) return false;
        var blocks = NodePortBlocks(node).Where(block => block.Family == address.Family).ToArray();
        // Blocks of the other family only, or a block of everything, restrict nothing.
        if (blocks.Length == 0 || blocks.Any(block => block.Length == 0)) return true;
        // Restricted, NodePorts are on the addresses of interfaces; the loopback interface has just this one.
        return (!address.IsLoopback || address == Ip.V4(0x7F00_0001)) && blocks.Any(block => block.Contains(address));
    }

    /// <summary><c>primary</c> is the primary addresses as host prefixes; an unknown one restricts nothing.</summary>
    private static IEnumerable<Prefix> NodePortBlocks(NodeFacts node) =>
        node.Config.EffectiveNodePortAddresses.Primary
            ? new[] { node.PrimaryIpv4, node.PrimaryIpv6 }.OfType<Ip>().Where(ip => !ip.IsLoopback).Select(Prefix.Host)
            : node.Config.EffectiveNodePortAddresses.Cidrs;

    /// <summary>A Service's address at a port that no Service has (§3.1): each mode has its own answer.</summary>
    private static Outcome Unserved(ClusterState cluster, NodeFacts node, Flow flow)
    {
        var to = flow.Destination;
        return node.Config.Mode switch
        {
            ProxyMode.Iptables => new Outcome.Untouched(),
            // §5.5 cluster-ips-check, which is not asked about what the node itself receives.
            ProxyMode.Nftables => node.IsLocal(to) ? new Outcome.Untouched()
                : IsClusterIp(cluster, to) ? new Outcome.Rejected()
                : cluster.ServiceCidrs.Any(cidr => cidr.Cidrs.Any(block => block.Contains(to))) ? new Outcome.Dropped()
                : new Outcome.Untouched(),
            // §6.6 KUBE-IPVS-FILTER, which spares the ports of health checks wherever they are asked for.
            ProxyMode.Ipvs => IsBound(cluster, node, to) && !IsHealthCheck(cluster, flow) ? new Outcome.Rejected() : new Outcome.Untouched(),
        };
    }

    private static bool IsHealthCheck(ClusterState cluster, Flow flow) => flow.Protocol == Protocol.Tcp
        && cluster.Services.Any(service => service.HealthCheckNodePort == flow.DestinationPort
            && service.ClusterIps.Any(ip => ip.Family == flow.Destination.Family))
        && !cluster.Services.Any(service => service.ClusterIps.Any(ip => ip.Family == flow.Destination.Family)
            && service.Ports.Any(port => port.Protocol == Protocol.Tcp && port.NodePort == flow.DestinationPort));

    private static bool IsClusterIp(ClusterState cluster, Ip ip) =>
        cluster.Services.Any(service => service.Ports.Count > 0 && service.ClusterIps.Contains(ip));

    /// <summary>§6.2: the addresses of kube-ipvs0, which are the node's own in IPVS mode.</summary>
    private static bool IsBound(ClusterState cluster, NodeFacts node, Ip ip) =>
        node.Config.Mode == ProxyMode.Ipvs && (IsClusterIp(cluster, ip) || (!node.IsLocal(ip)
            && cluster.Services.Any(service => service.ClusterIps.Any(own => own.Family == ip.Family)
                && ((node.Config.AllowServiceExternalIps && service.ExternalIps.Contains(ip))
                    || service.LoadBalancerIps.Contains(ip)))));

    /// <summary>§6.6: without a detector IPVS masquerades what has a ClusterIP of this port as its source.</summary>
    private static bool ComesFromClusterIp(ClusterState cluster, NodeFacts node, Flow flow) =>
        node.Config.Mode == ProxyMode.Ipvs && cluster.Services.Any(service => service.ClusterIps.Contains(flow.Source)
            && service.Ports.Any(port => port.Protocol == flow.Protocol && port.Port == flow.DestinationPort));
}
