using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>A set of the layout: its name for IPv4 and its type.</summary>
internal readonly record struct SetName(string Ipv4, IpSetType Type)
{
    /// <summary>IPSET_MAXNAMELEN is 32 with the final NUL (uapi/linux/netfilter/ipset/ip_set.h @v6.1).</summary>
    public const int CharsMax = 31;

    /// <summary>IPv6 twins are KUBE-6-…, cut to what the kernel takes (service-semantics §6.5).</summary>
    public string In(Family family)
    {
        if (family == Family.Ipv4) return Ipv4;
        var name = Names.Ipv6SetPrefix + Ipv4[Names.SetPrefix.Length..];
        return name.Length <= CharsMax ? name : name[..CharsMax];
    }
}

/// <summary>
/// Names as kube-proxy gives them (service-semantics §6.5, §6.6), so that operators find what they know and either can
/// take a node over from the other; those that kube-proxy does not have say so.
/// </summary>
internal static class Names
{
    /// <summary>The dummy device that makes service addresses local.</summary>
    public const string Device = "kube-ipvs0";

    public const string SetPrefix = "KUBE-";
    public const string Ipv6SetPrefix = "KUBE-6-";

    // Chains.
    public const string Services = "KUBE-SERVICES";
    public const string LoadBalancer = "KUBE-LOAD-BALANCER";
    public const string NodePort = "KUBE-NODE-PORT";
    public const string MarkMasquerade = "KUBE-MARK-MASQ";
    public const string Postrouting = "KUBE-POSTROUTING";
    public const string Forward = "KUBE-FORWARD";
    public const string IpvsFilter = "KUBE-IPVS-FILTER";
    public const string ProxyFirewall = "KUBE-PROXY-FIREWALL";
    public const string SourceRanges = "KUBE-SOURCE-RANGES-FIREWALL";

    /// <summary>kube-proxy's, which nothing of ours needs: mangle refuses processes of the node too.</summary>
    public const string IpvsOutFilter = "KUBE-IPVS-OUT-FILTER";

    public static readonly SetName LoopBack = new("KUBE-LOOP-BACK", IpSetType.HashIpPortIp);
    public static readonly SetName ClusterIp = new("KUBE-CLUSTER-IP", IpSetType.HashIpPort);
    public static readonly SetName ExternalIp = new("KUBE-EXTERNAL-IP", IpSetType.HashIpPort);
    public static readonly SetName ExternalIpLocal = new("KUBE-EXTERNAL-IP-LOCAL", IpSetType.HashIpPort);
    public static readonly SetName LoadBalancerSet = new("KUBE-LOAD-BALANCER", IpSetType.HashIpPort);
    public static readonly SetName LoadBalancerLocal = new("KUBE-LOAD-BALANCER-LOCAL", IpSetType.HashIpPort);
    public static readonly SetName LoadBalancerFirewall = new("KUBE-LOAD-BALANCER-FW", IpSetType.HashIpPort);

    public static readonly SetName LoadBalancerSourceCidr =
        new("KUBE-LOAD-BALANCER-SOURCE-CIDR", IpSetType.HashIpPortNet);

    public static readonly SetName LoadBalancerSourceIp = new("KUBE-LOAD-BALANCER-SOURCE-IP", IpSetType.HashIpPortIp);
    public static readonly SetName NodePortTcp = new("KUBE-NODE-PORT-TCP", IpSetType.BitmapPort);
    public static readonly SetName NodePortLocalTcp = new("KUBE-NODE-PORT-LOCAL-TCP", IpSetType.BitmapPort);
    public static readonly SetName NodePortUdp = new("KUBE-NODE-PORT-UDP", IpSetType.BitmapPort);
    public static readonly SetName NodePortLocalUdp = new("KUBE-NODE-PORT-LOCAL-UDP", IpSetType.BitmapPort);
    public static readonly SetName NodePortSctp = new("KUBE-NODE-PORT-SCTP-HASH", IpSetType.HashIpPort);
    public static readonly SetName NodePortLocalSctp = new("KUBE-NODE-PORT-LOCAL-SCTP-HASH", IpSetType.HashIpPort);
    public static readonly SetName HealthCheck = new("KUBE-HEALTH-CHECK-NODE-PORT", IpSetType.BitmapPort);
    public static readonly SetName IpvsIps = new("KUBE-IPVS-IPS", IpSetType.HashIp);

    /// <summary>Ours: the addresses that NodePorts are on.</summary>
    public static readonly SetName NodePortIps = new("KUBE-NODE-PORT-IPS", IpSetType.HashIp);

    /// <summary>Ours: frontends that everybody's packets are dropped at.</summary>
    public static readonly SetName DropAll = new("KUBE-DROP-ALL", IpSetType.HashIpPort);

    /// <summary>Ours: frontends that only local pods and the node may use.</summary>
    public static readonly SetName DropExternal = new("KUBE-DROP-EXTERNAL", IpSetType.HashIpPort);

    /// <summary>Every set; all are there at all times, since rules name them.</summary>
    public static readonly SetName[] All =
    [
        LoopBack, ClusterIp, ExternalIp, ExternalIpLocal, LoadBalancerSet, LoadBalancerLocal, LoadBalancerFirewall,
        LoadBalancerSourceCidr, LoadBalancerSourceIp, NodePortTcp, NodePortLocalTcp, NodePortUdp, NodePortLocalUdp,
        NodePortSctp, NodePortLocalSctp, HealthCheck, IpvsIps, NodePortIps, DropAll, DropExternal,
    ];

    public static SetName NodePorts(Protocol protocol) => protocol switch
    {
        Protocol.Tcp => NodePortTcp,
        Protocol.Udp => NodePortUdp,
        Protocol.Sctp => NodePortSctp,
        Protocol.Icmp or Protocol.Icmpv6 => throw new ArgumentOutOfRangeException(nameof(protocol)),
    };

    public static SetName LocalNodePorts(Protocol protocol) => protocol switch
    {
        Protocol.Tcp => NodePortLocalTcp,
        Protocol.Udp => NodePortLocalUdp,
        Protocol.Sctp => NodePortLocalSctp,
        Protocol.Icmp or Protocol.Icmpv6 => throw new ArgumentOutOfRangeException(nameof(protocol)),
    };
}
