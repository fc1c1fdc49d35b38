namespace RuleCompiler.Emulator;

/// <summary>enum tcp_conntrack: the order is the kernel's, since the reopening rule compares.</summary>
internal enum TcpState : byte
{
    None,
    SynSent,
    SynReceived,
    Established,
    FinWait,
    CloseWait,
    LastAck,
    TimeWait,
    Close,
    SynSent2,

    /// <summary>Not a state: the packet is INVALID.</summary>
    Invalid,

    /// <summary>Not a state: the packet passes and changes nothing.</summary>
    Ignore,
}

internal enum TcpStep : byte
{
    /// <summary>The packet moved the flow on; the timeout starts again.</summary>
    Moved,

    /// <summary>It passes and the flow stays as it is.</summary>
    Passed,

    /// <summary>It is INVALID.</summary>
    Refused,

    /// <summary>The flow is over, the packet passes.</summary>
    Killed,

    /// <summary>The flow is over and the packet starts another.</summary>
    Reopened,
}

/// <summary>
/// TCP connection tracking (net/netfilter/nf_conntrack_proto_tcp.c @v6.1) as far as flags show it. Packets carry no
/// sequence numbers here, so every packet counts as inside its window.
/// </summary>
internal readonly record struct TcpTrack(TcpState State, byte CloseInitiators = 0, byte LastResetBy = 0)
{
    // One bit per direction, as in the masks below.
    private const byte OriginalBit = 1, ReplyBit = 2;

    // Columns: None SynSent SynReceived Established FinWait CloseWait LastAck TimeWait Close SynSent2
    // (tcp_conntracks @v6.1). Digits are TcpState; I is Invalid, G is Ignore.
    private static readonly string[] FromOriginal =
    [
        "11GGGGG119", // SYN
        "II2IIIIII2", // SYN+ACK
        "II4466678I", // FIN
        "3I3355778I", // ACK
        "I888888888", // RST
    ];

    private static readonly string[] FromReply =
    [
        "I9IIIII1I9",
        "I2GGGGGGG2",
        "II4466678I",
        "IG2355778G",
        "I888888888",
    ];

    /// <summary>
    /// Null when the packet cannot start a flow. A SYN can; with tcp_loose an ACK can too (tcp_new).
    /// </summary>
    public static TcpTrack? Start(TcpFlags flags, bool loose)
    {
        var next = Next(Direction.Original, flags, TcpState.None);
        return next == TcpState.SynSent || (next == TcpState.Established && loose) ? new TcpTrack(TcpState.None) : null;
    }

    /// <summary>nf_conntrack_tcp_packet for a flow that is there (a new one is in state None).</summary>
    public (TcpTrack Track, TcpStep Step) Advance(Direction direction, TcpFlags flags, bool seenReply)
    {
        var next = Next(direction, flags, State);
        if (next == TcpState.Invalid) return (this, TcpStep.Refused);
        var side = direction == Direction.Original ? OriginalBit : ReplyBit;
        if (next == TcpState.SynSent && State >= TcpState.TimeWait)
        {
            // A closed flow is reopened by a SYN when a side closed it in order, or this side reset it.
            var reopens = CloseInitiators != 0 || LastResetBy == side;
            return reopens ? (this, TcpStep.Reopened) : (this with { LastResetBy = 0 }, TcpStep.Passed);
        }

        if (next == TcpState.Ignore) return (this with { LastResetBy = 0 }, TcpStep.Passed);
        var reset = flags.HasFlag(TcpFlags.Rst);
        var closes = next == TcpState.FinWait && State != next;
        var track = new TcpTrack(
            next, closes ? (byte)(CloseInitiators | side) : CloseInitiators, reset ? side : (byte)0);
        if (!seenReply)
        {
            if (reset) return (track, TcpStep.Killed);

            // A repeated SYN does not prolong a flow without an answer.
            if (State == TcpState.SynSent && IndexOf(flags) == 0) return (track, TcpStep.Passed);
        }

        return (track, TcpStep.Moved);
    }

    /// <summary>tcp_timeouts[] for the flow after a step.</summary>
    public int TimeoutSeconds(ConntrackLimits limits, bool seenReply) => State switch
    {
        TcpState.SynSent or TcpState.SynSent2 => limits.TcpSynSentSeconds,
        TcpState.SynReceived => limits.TcpSynReceivedSeconds,
        TcpState.Established => seenReply
            ? limits.TcpEstablishedSeconds
            : Math.Min(limits.TcpEstablishedSeconds, limits.TcpUnacknowledgedSeconds),
        TcpState.FinWait => limits.TcpFinWaitSeconds,
        TcpState.CloseWait => limits.TcpCloseWaitSeconds,
        TcpState.LastAck => limits.TcpLastAckSeconds,
        TcpState.TimeWait => limits.TcpTimeWaitSeconds,
        TcpState.Close => limits.TcpCloseSeconds,
        TcpState.None or TcpState.Invalid or TcpState.Ignore => throw new InvalidOperationException($"{State} is no resting state"),
    };

    private static TcpState Next(Direction direction, TcpFlags flags, TcpState state)
    {
        if (!IsValid(flags)) return TcpState.Invalid;
        var row = (direction == Direction.Original ? FromOriginal : FromReply)[IndexOf(flags)];
        return row[(int)state] switch
        {
            'I' => TcpState.Invalid,
            'G' => TcpState.Ignore,
            var digit => (TcpState)(digit - '0'),
        };
    }

    /// <summary>get_conntrack_index.</summary>
    private static int IndexOf(TcpFlags flags) =>
        flags.HasFlag(TcpFlags.Rst) ? 4 :
        flags.HasFlag(TcpFlags.Syn) ? (flags.HasFlag(TcpFlags.Ack) ? 1 : 0) :
        flags.HasFlag(TcpFlags.Fin) ? 2 : 3;

    /// <summary>tcp_valid_flags; PSH does not matter.</summary>
    private static bool IsValid(TcpFlags flags) => (flags & ~TcpFlags.Psh) switch
    {
        TcpFlags.Syn or TcpFlags.Syn | TcpFlags.Ack or TcpFlags.Rst or TcpFlags.Rst | TcpFlags.Ack => true,
        TcpFlags.Fin | TcpFlags.Ack or TcpFlags.Ack => true,
        _ => false,
    };
}
