using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// Everything that a compilation knows of the node it is for: its place in the cluster, its addresses, how its proxy is
/// configured and what its kernel can do. The machine is an argument; nothing below the shell asks a running system.
/// </summary>
/// <param name="Name">Lower-case node name.</param>
/// <param name="Zone">Label topology.kubernetes.io/zone; null or "" is no zone.</param>
/// <param name="PodCidrs">spec.podCIDRs, for detectLocalMode NodeCIDR.</param>
/// <param name="Addresses">
/// Addresses of the host's interfaces without loopback: what <c>addrtype LOCAL</c> means in addition to loopback.
/// </param>
/// <param name="PrimaryIpv4">Primary node IP (service-semantics §3.2), null when unknown.</param>
/// <param name="PrimaryIpv6">As above.</param>
public sealed record NodeFacts(
    string Name,
    string? Zone,
    Seq<Prefix> PodCidrs,
    Seq<Ip> Addresses,
    Ip? PrimaryIpv4,
    Ip? PrimaryIpv6,
    ProxyConfig Config,
    KernelFacts Kernel)
{
    /// <summary>The node configured for a mode, whatever its configuration says.</summary>
    public NodeFacts In(ProxyMode mode) =>
        Config.Mode == mode ? this : this with { Config = Config with { Mode = mode } };

    public Ip? Primary(Family family) => family switch
    {
        Family.Ipv4 => PrimaryIpv4,
        Family.Ipv6 => PrimaryIpv6,
    };

    /// <summary>True for loopback and for the addresses of the host's interfaces.</summary>
    public bool IsLocal(Ip address) => address.IsLoopback || Addresses.Span.Contains(address);

    /// <summary>
    /// Conntrack calls nothing invalid for its sequence number, so the INVALID drop is not wanted: the kernel's setting
    /// where it is known, else what the configuration makes it (service-semantics §9.2).
    /// </summary>
    public bool ConntrackTcpBeLiberal => Kernel.ConntrackTcpBeLiberal ?? Config.Conntrack.TcpBeLiberal;

    /// <summary>
    /// The facts of one node from its API object and configuration: primary IPs are bindAddress when it is specified,
    /// else the node's first InternalIP or ExternalIP of the family (service-semantics §3.2).
    /// </summary>
    /// <param name="interfaceAddresses">Addresses of the host's interfaces; null takes the Node's own addresses.</param>
    public static NodeFacts Create(Node node, ProxyConfig config, KernelFacts kernel, Seq<Ip>? interfaceAddresses = null)
    {
        var addresses = interfaceAddresses ?? node.Addresses;
        return new NodeFacts(
            node.Name, node.Zone, node.PodCidrs,
            addresses.Where(address => !address.IsLoopback).Distinct().Order().ToSeq(),
            PrimaryOf(Family.Ipv4), PrimaryOf(Family.Ipv6), config, kernel);

        Ip? PrimaryOf(Family family) =>
            config.BindAddress.Family == family && !config.BindAddress.IsUnspecified
                ? config.BindAddress
                : node.Addresses.Where(address => address.Family == family).Select(address => (Ip?)address).FirstOrDefault();
    }
}

/// <summary>What the kernel and tools of the node offer. The defaults describe a current distribution kernel.</summary>
public sealed record KernelFacts
{
    /// <summary>xt_bpf is there: one hairpin rule serves every endpoint.</summary>
    public bool XtBpf { get; init; } = true;

    /// <summary>MASQUERADE --random-fully: iptables 1.6.2.</summary>
    public bool RandomFully { get; init; } = true;

    /// <summary>net.netfilter.nf_conntrack_tcp_be_liberal is 1; null when not known.</summary>
    public bool? ConntrackTcpBeLiberal { get; init; }

    /// <summary>
    /// Sources that one xt_recent list remembers: module parameter ip_list_tot, whose default is 100
    /// (net/netfilter/xt_recent.c:ip_list_tot @v6.1).
    /// </summary>
    public int RecentListEntries { get; init; } = 100;
}
