using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>The plain network of a cluster's node: pods behind a bridge, all else behind eth0.</summary>
public static class HostNetworks
{
    public const string Uplink = "eth0";

    private const string DefaultPodBridge = "cni0";

    /// <summary>
    /// Node addresses sit on eth0, the primary one first; the node's pod ranges are behind <see cref="PodInterface"/>.
    /// Sysctls are as kube-proxy leaves them.
    /// </summary>
    public static HostNetwork For(NodeFacts node, Family family)
    {
        var pods = PodInterface(node);
        var primary = node.Primary(family);
        var addresses = node.Addresses
            .Where(address => address.Family == family)
            .OrderByDescending(address => address == primary)
            .ToSeq();
        var routes = node.PodCidrs
            .Where(prefix => prefix.Family == family)
            .Select(prefix => new Route(prefix, pods))
            .Append(new Route(Prefix.All(family), Uplink));
        return new HostNetwork([new HostInterface(Uplink, addresses), new HostInterface(pods, [])], routes.ToSeq())
        {
            RouteLocalnet = family == Family.Ipv4 && AllowsLoopback(node),
            RecentListEntries = node.Kernel.RecentListEntries,
            Conntrack = LimitsOf(node.Config.Conntrack),
        };
    }

    /// <summary>
    /// Where this node's pods are: the detector's bridge, the first interface of its prefix, or cni0.
    /// </summary>
    public static string PodInterface(NodeFacts node) => node.Config.DetectLocalMode switch
    {
        DetectLocalMode.BridgeInterface => node.Config.BridgeInterface,
        DetectLocalMode.InterfaceNamePrefix => node.Config.InterfaceNamePrefix + "0",
        DetectLocalMode.ClusterCidr or DetectLocalMode.NodeCidr => DefaultPodBridge,
    };

    /// <summary>
    /// A duration above zero is written to its sysctl, zero leaves the kernel's (service-semantics §9.2). nf_conntrack_max
    /// follows the number of CPUs, which no node fact tells.
    /// </summary>
    private static ConntrackLimits LimitsOf(ConntrackConfig config)
    {
        var limits = new ConntrackLimits();
        return limits with
        {
            TcpEstablishedSeconds = Seconds(config.TcpEstablishedTimeout, limits.TcpEstablishedSeconds),
            TcpCloseWaitSeconds = Seconds(config.TcpCloseWaitTimeout, limits.TcpCloseWaitSeconds),
            UdpSeconds = Seconds(config.UdpTimeout, limits.UdpSeconds),
            UdpStreamSeconds = Seconds(config.UdpStreamTimeout, limits.UdpStreamSeconds),
        };

        static int Seconds(TimeSpan configured, int kernel) =>
            configured > TimeSpan.Zero ? (int)Math.Clamp(configured.TotalSeconds, 0, int.MaxValue) : kernel;
    }

    /// <summary>
    /// Only iptables mode serves NodePorts on loopback: where nodePortAddresses of IPv4 hold 127.0.0.0 or lie inside
    /// 127/8; none at all means every address (service-semantics §3.2, §3.3).
    /// </summary>
    private static bool AllowsLoopback(NodeFacts node)
    {
        var config = node.Config;
        if (config is not { Mode: ProxyMode.Iptables, Iptables.LocalhostNodePorts: true }) return false;

        // An unknown primary address restricts nothing.
        if (config.NodePortAddresses.Primary) return node.PrimaryIpv4 is not { IsLoopback: false };
        var loopback = Prefix.Create(Ip.V4(0x7F000000), 8);
        var cidrs = config.NodePortAddresses.Cidrs.Where(cidr => cidr.Family == Family.Ipv4).ToSeq();
        return cidrs.IsEmpty || cidrs.Any(cidr => cidr.Contains(loopback.Network) || loopback.Contains(cidr));
    }
}
