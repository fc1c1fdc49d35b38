using System.Buffers.Binary;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>Expressions: net/netfilter/nft_{payload,meta,ct,numgen,bitwise,lookup}.c @v6.1.</summary>
internal sealed partial class Machine
{
    /// <summary>The fates of one <c>get_random_u32</c>: 2^32.</summary>
    private const int BitsOfWord = 32;

    private readonly uint[] _counters;

    /// <summary>False: one of the loads found nothing, and the rule is over (NFT_BREAK).</summary>
    private bool Read(Walk walk, ReadOnlySpan<Load> loads, ref Registers into)
    {
        ref readonly var tuple = ref walk.Tuple;
        foreach (ref readonly var load in loads)
        {
            switch (load.Kind)
            {
                case LoadKind.SourceAddress:
                    into.Set(load.At, load.Words, tuple.Source);
                    break;
                case LoadKind.DestinationAddress:
                    into.Set(load.At, load.Words, tuple.Destination);
                    break;
                case LoadKind.SourcePort or LoadKind.DestinationPort:
                    into[load.At] = PortOf(walk, load.Kind == LoadKind.SourcePort);
                    break;
                case LoadKind.Constant:
                    into.Set(load.At, load.Words, load.A);
                    break;
                case LoadKind.Bitwise:
                    into.Set(load.At, load.Words, (into.Get(load.At, load.Words) & load.A) ^ load.B);
                    break;
                case LoadKind.RandomNumber:
                    into[load.At] = RandomNumber(walk, (uint)load.A) + (uint)load.B;
                    break;
                case LoadKind.NextNumber:
                    into[load.At] = NextNumber(walk, load.Index, (uint)load.A) + (uint)load.B;
                    break;
                case LoadKind.MapElement:
                    var map = _sets[load.Index];
                    if (Find(walk, load.Index, into.Part(load.At, map.KeyWords)) is not { } found) return false;
                    into.Put(load.At, found.Data, map.DataWords);
                    break;
                case LoadKind.InputInterface or LoadKind.OutputInterface:
                    var name = load.Kind == LoadKind.InputInterface ? walk.Input : walk.Output;
                    into.Set(load.At, load.Words, InterfaceNames.NumberOf(name));
                    break;
                default:
                    if (ReadSmall(walk, load.Kind) is not { } value) return false;
                    into[load.At] = value;
                    break;
            }
        }

        return true;
    }

    /// <summary>
    /// What the packet's buffer and flow know. Without a flow <c>ct</c> has a state and nothing else.
    /// </summary>
    private static uint? ReadSmall(Walk walk, LoadKind kind) => kind switch
    {
        LoadKind.Protocol => (byte)walk.Tuple.Protocol,
        LoadKind.Mark => walk.Mark,
        LoadKind.Priority => walk.Priority,
        LoadKind.ConntrackState => KernelState(walk.State),
        LoadKind.ConntrackStatus => walk.Connection is { } connection ? KernelStatus(connection) : null,

        // Nothing here sets it.
        LoadKind.ConntrackMark => walk.Connection is null ? null : 0,
        LoadKind.SourceAddress or LoadKind.DestinationAddress or LoadKind.SourcePort or LoadKind.DestinationPort or
            LoadKind.InputInterface or LoadKind.OutputInterface or LoadKind.Constant or LoadKind.Bitwise or
            LoadKind.RandomNumber or LoadKind.NextNumber or LoadKind.MapElement =>
            throw new InvalidOperationException($"not a single word: {kind}"),
    };

    private static uint KernelState(ConntrackStates state)
    {
        CtState result = 0;
        if (state.HasFlag(ConntrackStates.Invalid)) result |= CtState.Invalid;
        if (state.HasFlag(ConntrackStates.New)) result |= CtState.New;
        if (state.HasFlag(ConntrackStates.Established)) result |= CtState.Established;
        if (state.HasFlag(ConntrackStates.Related)) result |= CtState.Related;
        if (state.HasFlag(ConntrackStates.Untracked)) result |= CtState.Untracked;
        return (uint)result;
    }

    private static uint KernelStatus(Connection connection)
    {
        CtStatus result = 0;
        if (connection.Has(ConnectionStatus.SourceNat)) result |= CtStatus.Snat;
        if (connection.Has(ConnectionStatus.DestinationNat)) result |= CtStatus.Dnat;
        return (uint)result;
    }

    /// <summary>
    /// nft_payload_eval does not ask for the protocol: an ICMP packet has its type and checksum there.
    /// </summary>
    private uint PortOf(Walk walk, bool source)
    {
        ref readonly var tuple = ref walk.Tuple;
        if (walk.Inner is null && tuple.Protocol.HasPorts()) return source ? tuple.SourcePort : tuple.DestinationPort;
        HeaderBytes.Write(walk, _program.Family, _header);
        var transport = _header.AsSpan(HeaderBytes.TransportOffset(_program.Family));
        return BinaryPrimitives.ReadUInt16BigEndian(transport[(source ? 0 : 2)..]);
    }

    /// <summary>
    /// reciprocal_scale(word, modulus) (nft_numgen.c:nft_ng_random_eval @v6.1). An exploration goes on with the least
    /// number that it has not tried and leaves the rest for later.
    /// </summary>
    private uint RandomNumber(Walk walk, uint modulus)
    {
        if (_turns is null) return (uint)(((ulong)_random.Next() * modulus) >> BitsOfWord);
        if (walk.DrawnUsed < walk.Drawn.Length) return walk.Drawn[walk.DrawnUsed++];
        var number = walk.NextDraw;
        if (number + 1 < modulus)
        {
            var others = walk.Clone();
            others.NextDraw = number + 1;
            _turns.Push(others);
        }

        walk.NextDraw = 0;
        walk.Mass *= WordsFor(number + 1, modulus) - WordsFor(number, modulus);
        walk.MassBits += BitsOfWord;
        Remember(walk, number);
        return number;
    }

    /// <summary>How many words w give a number below this one: w · modulus &lt; number · 2^32.</summary>
    private static ulong WordsFor(uint number, uint modulus) => (((ulong)number << BitsOfWord) + modulus - 1) / modulus;

    /// <summary>nft_ng_inc_gen: the first number is 0.</summary>
    private uint NextNumber(Walk walk, int counter, uint modulus)
    {
        if (_turns is null)
        {
            var number = _counters[counter];
            _counters[counter] = number + 1 < modulus ? number + 1 : 0;
            return number;
        }

        if (walk.DrawnUsed < walk.Drawn.Length) return walk.Drawn[walk.DrawnUsed++];
        var next = _counters[counter];
        for (var overlay = walk.Counters; overlay is not null; overlay = overlay.Below)
        {
            if (overlay.Index != counter) continue;
            next = overlay.Value;
            break;
        }

        walk.Counters = new CounterOverlay(counter, next + 1 < modulus ? next + 1 : 0, walk.Counters);
        Remember(walk, next);
        return next;
    }

    /// <summary>A walk that comes back to this step takes the same numbers again.</summary>
    private static void Remember(Walk walk, uint number)
    {
        walk.Drawn = [.. walk.Drawn, number];
        walk.DrawnUsed++;
    }
}
