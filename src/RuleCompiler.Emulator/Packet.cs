using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// What identifies one direction of a flow. For ICMP echo the ports are the identifier (source) and 0.
/// </summary>
public readonly record struct FlowTuple(Ip Source, Port SourcePort, Protocol Protocol, Ip Destination, Port DestinationPort)
{
    /// <summary>Source and destination exchanged.</summary>
    public FlowTuple Reversed => new(Destination, DestinationPort, Protocol, Source, SourcePort);

    public override string ToString() =>
        $"{Protocol.KernelName()} {new Endpoint(Source, SourcePort)} -> {new Endpoint(Destination, DestinationPort)}";
}

/// <summary>A packet at the door of the node.</summary>
/// <param name="InputInterface">Null for a packet that a process of the node sends (OUTPUT path).</param>
/// <param name="Tcp">Null for anything but TCP.</param>
/// <param name="Error">
/// Set for an ICMP error: the tuple of the packet that it is about, as its sender saw it. <c>Tuple</c> then carries the
/// error's own addresses.
/// </param>
public sealed record Packet(
    FlowTuple Tuple,
    string? InputInterface,
    TcpFlags? Tcp = null,
    FlowTuple? Error = null,
    uint Mark = 0)
{
    /// <summary>The first packet of a flow: a SYN for TCP, a datagram for UDP, an INIT for SCTP.</summary>
    public static Packet First(FlowTuple tuple, string? inputInterface) =>
        new(tuple, inputInterface, tuple.Protocol == Protocol.Tcp ? TcpFlags.Syn : null);
}

[Flags]
public enum TcpFlags : byte
{
    None = 0,
    Fin = 1,
    Syn = 2,
    Rst = 4,
    Psh = 8,
    Ack = 16,
}
