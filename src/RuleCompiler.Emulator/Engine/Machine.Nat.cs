using System.Diagnostics;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// NAT (net/netfilter/nf_nat_core.c @v6.1): rules decide once a flow, once for each side; every packet is then rewritten
/// from what conntrack remembers.
/// </summary>
internal sealed partial class Machine
{
    /// <summary>nf_nat_l4proto_unique_tuple: ports tried before a new start is drawn.</summary>
    private const int PortAttemptsMax = 128;
    private const int PortAttemptsMin = 16;

    /// <summary>HOOK2MANIP: sources change at the end of the way, destinations at its beginning.</summary>
    private static bool ChangesSource(Hook hook) => hook is Hook.Input or Hook.Postrouting;

    /// <summary>nf_nat_inet_fn.</summary>
    private Fate.Unroutable? EnterNat(Walk walk)
    {
        if (walk.Connection is not { } connection) return null;
        if (walk.State == ConntrackStates.Related)
        {
            TranslateError(walk, connection);
            return null;
        }

        var done = ChangesSource(walk.Hook) ? ConnectionStatus.SourceNatDone : ConnectionStatus.DestinationNatDone;
        if (walk.State == ConntrackStates.New && !connection.Has(done) && !connection.Has(ConnectionStatus.Confirmed))
        {
            walk.NatChain = 0;
            return NextNat(walk);
        }

        return Translate(walk, connection);
    }

    /// <summary>The nat chains of a hook run one after the other until one has set up this side of the flow.</summary>
    private Fate.Unroutable? NextNat(Walk walk)
    {
        var done = ChangesSource(walk.Hook) ? ConnectionStatus.SourceNatDone : ConnectionStatus.DestinationNatDone;
        var chains = _natChains[(int)walk.Hook];
        if (walk.NatChain == chains.Length || walk.Connection!.Has(done)) return FinishNat(walk);
        EnterBase(walk, chains[walk.NatChain++]);
        return null;
    }

    /// <summary>After the nat rules: a flow that none of them took is bound to what it has.</summary>
    private Fate.Unroutable? FinishNat(Walk walk)
    {
        var connection = walk.Connection!;
        if (ChangesSource(walk.Hook))
        {
            if (!connection.Has(ConnectionStatus.SourceNatDone))
            {
                // nf_nat_alloc_null_binding: the source stays, but two flows must not share a reply tuple.
                var current = connection.Reply.Reversed;
                BindSource(walk, connection, current.Source, randomFully: false);
            }
        }
        else
        {
            connection.Status |= ConnectionStatus.DestinationNatDone;
        }

        return Translate(walk, connection);
    }

    /// <summary>False when the rule drops the packet.</summary>
    private bool Apply(Walk walk, Effect effect)
    {
        switch (effect)
        {
            case Effect.SetMark e:
                walk.Mark = (walk.Mark & ~e.Clear) ^ e.Flip;
                if (walk.IsTraced) Record(walk, $"mark 0x{walk.Mark:x}");
                return true;
            case Effect.Dnat e:
                BindDestination(
                    walk.Connection!, e.To.Address.Bits, e.To.Port.Value is var port and not 0 ? port : null);
                if (walk.IsTraced) Record(walk, $"destination {e.To}");
                return true;
            case Effect.Masquerade e:
                return Masquerade(walk, e);
            default:
                throw new UnreachableException(effect.ToString());
        }
    }

    private bool Masquerade(Walk walk, Effect.Masquerade effect)
    {
        var source = _routing.MasqueradeSource(walk.Output!, walk.Tuple.Destination);
        if (source is not { } address)
        {
            if (walk.IsTraced) Record(walk, "drop: no address to masquerade with");
            return false;
        }

        var connection = walk.Connection!;
        connection.Masqueraded = true;
        BindSource(walk, connection, address, effect.RandomFully);
        if (walk.IsTraced)
        {
            var chosen = connection.Reply.Reversed;
            Record(walk, $"source {new Endpoint(Ip.Create(_program.Family, chosen.Source), new Port(chosen.SourcePort))}");
        }

        return true;
    }

    private static void BindDestination(Connection connection, UInt128 address, ushort? port)
    {
        var current = connection.Reply.Reversed;
        var wanted = current.WithDestination(
            address, current.Protocol.HasPorts() && port is { } chosen ? chosen : current.DestinationPort);
        connection.IsChosen = true;
        connection.Status |= ConnectionStatus.DestinationNatDone;
        if (wanted.Equals(current)) return;
        connection.Reply = wanted.Reversed;
        connection.Status |= ConnectionStatus.DestinationNat;
    }

    private void BindSource(Walk walk, Connection connection, UInt128 address, bool randomFully)
    {
        var current = connection.Reply.Reversed;
        var wanted = current.WithSource(address, current.SourcePort);
        if (randomFully || _connections.IsTaken(wanted, _now, walk.Ended)) wanted = WithFreePort(walk, wanted);
        connection.Status |= ConnectionStatus.SourceNatDone;
        if (wanted.Equals(current)) return;
        connection.Reply = wanted.Reversed;
        connection.Status |= ConnectionStatus.SourceNat;
    }

    /// <summary>
    /// nf_nat_l4proto_unique_tuple: from a random start, the next port that makes the reply unique; low ports stay low.
    /// When none is found the last one tried stands, and the packet dies when its flow is confirmed.
    /// </summary>
    private ConnTuple WithFreePort(Walk walk, ConnTuple tuple)
    {
        var (min, size) = tuple.Protocol.HasPorts()
            ? tuple.SourcePort switch
            {
                < 512 => (1, 511),
                < 1024 => (600, 424),
                _ => (1024, 64512),
            }
            : (0, 65536);
        for (var attempts = Math.Min(size, PortAttemptsMax); ; attempts /= 2)
        {
            var offset = RandomPort();
            for (var i = 0; i < attempts; i++, offset++)
            {
                tuple = tuple.WithSource(tuple.Source, (ushort)(min + (offset % size)));
                if (!_connections.IsTaken(tuple, _now, walk.Ended)) return tuple;
            }

            if (attempts >= size || attempts < PortAttemptsMin) return tuple;
        }
    }

    /// <summary>get_random_u16; an exploration draws no words, so its examples take the first free port.</summary>
    private int RandomPort() => IsExploring ? 0 : (ushort)_random.Next();

    /// <summary>
    /// nf_nat_packet, and the new route that ip_route_me_harder looks up when OUTPUT changed the destination.
    /// </summary>
    private Fate.Unroutable? Translate(Walk walk, Connection connection)
    {
        var source = ChangesSource(walk.Hook);
        if (!IsTranslated(connection, walk.Direction, source)) return null;
        var target = Other(connection, walk.Direction);
        if (source)
        {
            walk.Tuple = walk.Tuple.WithSource(target.Source, target.SourcePort);
            return null;
        }

        var before = walk.Tuple.Destination;
        walk.Tuple = walk.Tuple.WithDestination(target.Destination, target.DestinationPort);
        return walk.Hook == Hook.Output && before != walk.Tuple.Destination ? RouteOutput(walk) : null;
    }

    /// <summary>
    /// nf_nat_icmp_reply_translation: the packet inside is the flow's other direction, so its opposite end changes; the
    /// error itself appears to come from, or go to, the address that the flow's peer knows.
    /// </summary>
    private static void TranslateError(Walk walk, Connection connection)
    {
        var source = ChangesSource(walk.Hook);
        if (!IsTranslated(connection, walk.Direction, source)) return;
        var inner = walk.Inner!.Value;
        var known = Other(connection, walk.Direction).Reversed;
        var outer = walk.Tuple;
        if (source)
        {
            walk.Inner = inner.WithDestination(known.Destination, known.DestinationPort);
            walk.Tuple = outer.WithSource(known.Destination, outer.SourcePort);
        }
        else
        {
            walk.Inner = inner.WithSource(known.Source, known.SourcePort);
            walk.Tuple = outer.WithDestination(known.Source, outer.DestinationPort);
        }
    }

    /// <summary>A packet of this direction on the other side of the node: the inverse of the opposite tuple.</summary>
    private static ConnTuple Other(Connection connection, Direction direction) =>
        direction == Direction.Original ? connection.Reply.Reversed : connection.Original.Reversed;

    /// <summary>Replies undo source NAT at their destination, and destination NAT at their source.</summary>
    private static bool IsTranslated(Connection connection, Direction direction, bool source) =>
        connection.Has(source == (direction == Direction.Original)
            ? ConnectionStatus.SourceNat
            : ConnectionStatus.DestinationNat);
}
