using System.Diagnostics;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Packets;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>What became of a first packet, in words that the kernel's side and the emulator's can both speak.</summary>
internal abstract record Ending
{
    private Ending()
    {
    }

    /// <summary>Dropped, or without a route: nothing comes out anywhere.</summary>
    public sealed record Nothing : Ending;

    public sealed record Sent(string Interface, Endpoint To, Ip Source) : Ending;

    public sealed record Delivered(Endpoint To, Ip Source) : Ending;

    /// <summary>Answered with a port-unreachable error that quotes the packet as its sender sent it.</summary>
    public sealed record Rejected : Ending;

    /// <summary>Something that no passage of the emulator ends in.</summary>
    public sealed record Odd(string What) : Ending;

    public static Ending Of(Passage passage)
    {
        var (to, source) = (EndpointOf(passage.Sent.Tuple), passage.Sent.Tuple.Source);
        return passage.Fate switch
        {
            Fate.Dropped or Fate.Unroutable => new Nothing(),
            Fate.Rejected { With: RejectKind.PortUnreachable } => new Rejected(),
            Fate.Rejected rejected => new Odd($"rejected with {rejected.With}"),
            Fate.Sent sent => new Sent(sent.OutputInterface, to, source),
            Fate.Delivered => new Delivered(to, source),
            _ => throw new UnreachableException(),
        };
    }

    /// <param name="sightings">Everything that was seen of the probe.</param>
    public static Ending Of(FlowTuple probe, IReadOnlyList<Sighting> sightings)
    {
        var passed = sightings.Where(sighting => sighting.Packet.Error is null).ToArray();
        if (passed.Length > 1) return new Odd($"seen {passed.Length} times: {string.Join(", ", passed)}");
        if (passed is [var (place, packet)])
        {
            // A socket that nobody reads answers with errors and resets of its own; they are no part of the way there.
            var (to, source) = (EndpointOf(packet.Tuple), packet.Tuple.Source);
            return place is null ? new Delivered(to, source) : new Sent(place, to, source);
        }

        foreach (var (_, error) in sightings)
        {
            if (error.Error is { IsPortUnreachable: false } other) return new Odd($"{other}");
            if (error.Tuple != probe) return new Odd($"the error quotes {error.Tuple}");
        }

        return sightings.Count > 0 ? new Rejected() : new Nothing();
    }

    private static Endpoint EndpointOf(FlowTuple tuple) => new(tuple.Destination, tuple.DestinationPort);
}

/// <param name="Interface">The node's interface whose cable it came out of; null at a socket of the node.</param>
internal readonly record struct Sighting(string? Interface, SeenPacket Packet);
