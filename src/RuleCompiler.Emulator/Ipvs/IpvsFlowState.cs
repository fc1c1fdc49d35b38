using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// The order is that of enum in include/net/ip_vs.h (IP_VS_TCP_S_* @v6.1). UDP stays in None. For SCTP, whose chunks a
/// packet does not show here, SynReceived stands for INIT1 and Established for itself.
/// </summary>
internal enum IpvsFlowState : byte
{
    None,
    Established,
    SynSent,
    SynReceived,
    FinWait,
    TimeWait,
    Close,
    CloseWait,
    LastAck,
    Listen,
    SynAck,
}

/// <summary>How connections move from state to state, and how long each lasts.</summary>
internal static class IpvsFlowStates
{
    // net/netfilter/ipvs/ip_vs_proto_tcp.c:tcp_states @v6.1. Columns and digits are IpvsFlowState; A is SynAck.
    private static readonly string[] FromClient =
    [
        "31133333333", // SYN
        "67255567895", // FIN
        "11214567691", // ACK
        "66636666893", // RST
    ];

    private static readonly string[] FromServer =
    [
        "21232222293",
        "54254565895",
        "11214567811",
        "66266566666",
    ];

    /// <summary>set_tcp_state, tcp_state_idx: a segment without any of the four flags closes the connection.</summary>
    public static IpvsFlowState Next(IpvsFlowState state, TcpFlags flags, bool fromServer)
    {
        var row = flags.HasFlag(TcpFlags.Rst) ? 3
            : flags.HasFlag(TcpFlags.Syn) ? 0
            : flags.HasFlag(TcpFlags.Fin) ? 1
            : flags.HasFlag(TcpFlags.Ack) ? 2
            : -1;
        if (row < 0) return IpvsFlowState.Close;
        return (IpvsFlowState)((fromServer ? FromServer : FromClient)[row][(int)state] - '0');
    }

    /// <summary>
    /// tcp_state_active_table. Connections of UDP never are, those of SCTP while they are established.
    /// </summary>
    public static bool IsActive(Protocol protocol, IpvsFlowState state) => protocol == Protocol.Sctp
        ? state == IpvsFlowState.Established
        : state is IpvsFlowState.Established or IpvsFlowState.SynSent or IpvsFlowState.SynReceived or
            IpvsFlowState.SynAck;

    /// <summary>tcp_timeouts, udp_timeouts, sctp_timeouts @v6.1, the first two as ipvsadm --set has them.</summary>
    public static int TimeoutSeconds(Protocol protocol, IpvsFlowState state, IpvsSettings settings) => protocol switch
    {
        Protocol.Udp => settings.UdpSeconds,
        Protocol.Sctp => state == IpvsFlowState.Established ? 15 * 60 : 4,
        Protocol.Tcp => state switch
        {
            IpvsFlowState.None => 2,
            IpvsFlowState.Established => settings.TcpSeconds,
            IpvsFlowState.SynSent or IpvsFlowState.TimeWait or IpvsFlowState.Listen or IpvsFlowState.SynAck => 120,
            IpvsFlowState.SynReceived or IpvsFlowState.CloseWait => 60,
            IpvsFlowState.FinWait => settings.TcpFinSeconds,
            IpvsFlowState.Close => 10,
            IpvsFlowState.LastAck => 30,
        },
        Protocol.Icmp or Protocol.Icmpv6 => throw new InvalidOperationException("IPVS has no connections of ICMP"),
    };
}
