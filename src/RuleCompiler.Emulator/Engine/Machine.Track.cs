using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>Connection tracking (net/netfilter/nf_conntrack_core.c @v6.1).</summary>
internal sealed partial class Machine
{
    /// <summary>nf_conntrack_in. A fate only when the table is full.</summary>
    private Fate.Dropped? Track(Walk walk)
    {
        // Back from lo, or sent on by IPVS: the packet brings its flow and state along.
        if (walk.HasLooped || walk.IsThroughIpvs) return null;
        if (walk.Inner is not null)
        {
            TrackError(walk);
            return null;
        }

        while (true)
        {
            var found = _connections.Find(walk.Tuple, _now);
            if (found is null || ReferenceEquals(found, walk.Ended)) return Begin(walk);
            if (Continue(walk, found)) return null;
        }
    }

    private Fate.Dropped? Begin(Walk walk)
    {
        if (!CanBegin(walk))
        {
            walk.State = ConntrackStates.Invalid;
            return null;
        }

        if (!IsExploring && !_connections.HasRoom(_now)) return Stop(walk, "drop: conntrack table full");
        var connection = IsExploring ? new Connection() : _connections.Rent();
        connection.Begin(walk.Tuple);
        walk.Connection = connection;
        walk.Direction = Direction.Original;
        walk.State = ConntrackStates.New;
        if (walk.Tuple.Protocol == Protocol.Tcp)
            connection.Tcp = default(TcpTrack).Advance(Direction.Original, walk.Tcp ?? TcpFlags.None, seenReply: false).Track;
        connection.StreamAt = _now + (2 * TimeSpan.TicksPerSecond);
        Refresh(connection);
        return null;
    }

    /// <summary>
    /// tcp_new; icmp.c and icmpv6.c start flows for requests only. A packet does not show its SCTP chunks here, so any
    /// SCTP packet without a flow counts as an INIT (the kernel: INVALID unless it is one).
    /// </summary>
    private bool CanBegin(Walk walk) => walk.Tuple.Protocol switch
    {
        Protocol.Tcp => TcpTrack.Start(walk.Tcp ?? TcpFlags.None, _host.TcpLoose) is not null,
        Protocol.Udp or Protocol.Sctp => true,
        Protocol.Icmp or Protocol.Icmpv6 => walk.Tuple.DestinationPort == 0,
    };

    /// <summary>False when the packet ended that flow and starts another.</summary>
    private bool Continue(Walk walk, Connection found)
    {
        var connection = IsExploring ? found.Clone() : found;
        var direction = walk.Tuple.Equals(connection.Original) ? Direction.Original : Direction.Reply;
        if (walk.Tuple.Protocol == Protocol.Tcp)
        {
            var seenReply = connection.Has(ConnectionStatus.SeenReply);
            var (track, step) = connection.Tcp.Advance(direction, walk.Tcp ?? TcpFlags.None, seenReply);
            if (step == TcpStep.Reopened)
            {
                End(walk, found);
                return false;
            }

            if (step == TcpStep.Refused)
            {
                walk.State = ConntrackStates.Invalid;
                return true;
            }

            connection.Tcp = track;
            if (step == TcpStep.Killed) End(walk, found);
            if (step == TcpStep.Moved) Refresh(connection);
        }

        walk.Connection = connection;
        walk.Direction = direction;
        walk.State = direction == Direction.Reply || connection.Has(ConnectionStatus.SeenReply)
            ? ConntrackStates.Established
            : ConntrackStates.New;
        if (walk.Tuple.Protocol != Protocol.Tcp) Refresh(connection);
        if (direction == Direction.Reply) connection.Status |= ConnectionStatus.SeenReply;
        return true;
    }

    private void End(Walk walk, Connection connection)
    {
        walk.Ended = connection;
        if (!IsExploring) _connections.Remove(connection);
    }

    /// <summary>
    /// nf_conntrack_proto_icmp.c:nf_conntrack_inet_error: the flow is that of the packet inside, seen from the side that
    /// the error comes from; the error must go where that packet came from.
    /// </summary>
    private void TrackError(Walk walk)
    {
        var answer = walk.Inner!.Value.Reversed;
        var found = _connections.Find(answer, _now);
        if (found is null)
        {
            walk.State = ConntrackStates.Invalid;
            return;
        }

        var direction = answer.Equals(found.Original) ? Direction.Original : Direction.Reply;
        if (walk.Tuple.Destination != found.Tuple(direction).Destination)
        {
            walk.State = ConntrackStates.Invalid;
            return;
        }

        walk.Connection = IsExploring ? found.Clone() : found;
        walk.Direction = direction;
        walk.State = ConntrackStates.Related;
    }

    private void Refresh(Connection connection)
    {
        var limits = _host.Conntrack;
        var seenReply = connection.Has(ConnectionStatus.SeenReply);
        var seconds = connection.Original.Protocol switch
        {
            Protocol.Tcp => connection.Tcp.TimeoutSeconds(limits, seenReply),
            Protocol.Udp => seenReply && _now > connection.StreamAt ? limits.UdpStreamSeconds : limits.UdpSeconds,
            Protocol.Sctp => seenReply ? limits.SctpEstablishedSeconds : limits.SctpCookieWaitSeconds,
            Protocol.Icmp or Protocol.Icmpv6 => limits.IcmpSeconds,
        };
        connection.ExpiresAt = _now + (seconds * TimeSpan.TicksPerSecond);
    }

    /// <summary>
    /// __nf_conntrack_confirm, the last thing before a packet leaves or is delivered: from now on the flow is known.
    /// </summary>
    private Fate.Dropped? Confirm(Walk walk)
    {
        if (walk.Connection is not { } connection || connection.Has(ConnectionStatus.Confirmed)) return null;
        connection.Status |= ConnectionStatus.Confirmed;
        if (IsExploring)
        {
            return _connections.Find(connection.Reply, _now) is { } other && !ReferenceEquals(other, walk.Ended)
                ? Stop(walk, "drop: another flow has this reply tuple")
                : null;
        }

        return _connections.TryAdd(connection, _now) ? null : Stop(walk, "drop: another flow has this reply tuple");
    }
}
