namespace RuleCompiler.Emulator;

/// <summary>
/// The sysctls net.netfilter.nf_conntrack_* with the kernel's defaults, in seconds
/// (net/netfilter/nf_conntrack_proto_{tcp,udp,sctp,icmp,icmpv6}.c @v6.1).
/// </summary>
public sealed record ConntrackLimits
{
    public int TcpSynSentSeconds { get; init; } = 120;

    public int TcpSynReceivedSeconds { get; init; } = 60;

    /// <summary>Five days; kube-proxy sets one day (tcpEstablishedTimeout, service-semantics §9.2).</summary>
    public int TcpEstablishedSeconds { get; init; } = 432_000;

    public int TcpFinWaitSeconds { get; init; } = 120;

    /// <summary>kube-proxy sets an hour (tcpCloseWaitTimeout, service-semantics §9.2).</summary>
    public int TcpCloseWaitSeconds { get; init; } = 60;

    public int TcpLastAckSeconds { get; init; } = 30;

    public int TcpTimeWaitSeconds { get; init; } = 120;

    public int TcpCloseSeconds { get; init; } = 10;

    /// <summary>A flow that was picked up midway and has no reply yet.</summary>
    public int TcpUnacknowledgedSeconds { get; init; } = 300;

    public int UdpSeconds { get; init; } = 30;

    /// <summary>A flow with packets both ways for more than two seconds.</summary>
    public int UdpStreamSeconds { get; init; } = 120;

    /// <summary>COOKIE_WAIT: an INIT without an answer.</summary>
    public int SctpCookieWaitSeconds { get; init; } = 3;

    public int SctpEstablishedSeconds { get; init; } = 210;

    public int IcmpSeconds { get; init; } = 30;

    /// <summary>
    /// nf_conntrack_max of a machine with more than 4 GB (nf_conntrack_core.c:nf_conntrack_init_start @v6.1).
    /// </summary>
    public int EntriesMax { get; init; } = 262_144;
}
