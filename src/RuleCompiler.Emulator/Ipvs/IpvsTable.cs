using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// What a program says about IPVS: its virtual servers, and the addresses that kube-ipvs0 makes local.
/// </summary>
/// <param name="Servers">
/// One for each protocol, address and port; real servers in the order in which they are added.
/// </param>
public sealed record IpvsTable(SortedSeq<VirtualServer> Servers, SortedSeq<Ip> Addresses, IpvsSettings Settings);

/// <summary>
/// The sysctls net.ipv4.vs.* and the timeouts of ipvsadm --set that a packet can notice. What an artifact does not say
/// is as kube-proxy leaves it, since no node in this mode runs without that (service-semantics §6.1).
/// </summary>
public sealed record IpvsSettings
{
    /// <summary>
    /// conntrack: flows keep their conntrack entry; otherwise packets of IPVS are not tracked at all.
    /// </summary>
    public bool Conntrack { get; init; } = true;

    /// <summary>conn_reuse_mode: a SYN on a connection that is over is scheduled anew.</summary>
    public int ConnReuseMode { get; init; } = 1;

    /// <summary>
    /// expire_nodest_conn: connections to a real server that is gone end a jiffy later, those to one that is drained by
    /// their next SYN. Otherwise packets for a server that is gone are dropped.
    /// </summary>
    public bool ExpireNodestConn { get; init; } = true;

    /// <summary>expire_quiescent_template: affinity to a server of weight 0 is forgotten.</summary>
    public bool ExpireQuiescentTemplate { get; init; } = true;

    /// <summary>sloppy_tcp: a connection may begin with any packet, not only a SYN.</summary>
    public bool SloppyTcp { get; init; }

    // net/netfilter/ipvs/ip_vs_proto_tcp.c:tcp_timeouts, ip_vs_proto_udp.c:udp_timeouts @v6.1.
    public int TcpSeconds { get; init; } = 15 * 60;

    public int TcpFinSeconds { get; init; } = 2 * 60;

    public int UdpSeconds { get; init; } = 5 * 60;
}
