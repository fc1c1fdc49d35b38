using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// A <see cref="FlowTuple"/> without its family, which one emulator has only one of: half the size, quick to hash.
/// </summary>
internal readonly struct ConnTuple(
    UInt128 source, UInt128 destination, ushort sourcePort, ushort destinationPort, Protocol protocol)
    : IEquatable<ConnTuple>
{
    public readonly UInt128 Source = source;
    public readonly UInt128 Destination = destination;
    public readonly ushort SourcePort = sourcePort;
    public readonly ushort DestinationPort = destinationPort;
    public readonly Protocol Protocol = protocol;

    public ConnTuple Reversed => new(Destination, Source, DestinationPort, SourcePort, Protocol);

    public ConnTuple WithSource(UInt128 address, ushort port) => new(address, Destination, port, DestinationPort, Protocol);

    public ConnTuple WithDestination(UInt128 address, ushort port) => new(Source, address, SourcePort, port, Protocol);

    public static ConnTuple Of(FlowTuple tuple) =>
        new(tuple.Source.Bits, tuple.Destination.Bits, tuple.SourcePort.Value, tuple.DestinationPort.Value, tuple.Protocol);

    public FlowTuple ToFlow(Family family) =>
        new(Ip.Create(family, Source), new Port(SourcePort), Protocol, Ip.Create(family, Destination), new Port(DestinationPort));

    public bool Equals(ConnTuple other) => Is(in other);

    public bool Is(in ConnTuple other) =>
        Source == other.Source && Destination == other.Destination && SourcePort == other.SourcePort &&
        DestinationPort == other.DestinationPort && Protocol == other.Protocol;

    public override bool Equals(object? obj) => obj is ConnTuple other && Equals(other);

    public override int GetHashCode()
    {
        var ports = ((ulong)SourcePort << 24) | ((ulong)DestinationPort << 8) | (byte)Protocol;
        return HashCode.Combine((ulong)Source, (ulong)(Source >> 64), (ulong)Destination, (ulong)(Destination >> 64), ports);
    }
}

internal enum Direction : byte
{
    Original,
    Reply,
}

/// <summary>IPS_* bits of include/uapi/linux/netfilter/nf_conntrack_common.h that the emulator needs.</summary>
[Flags]
internal enum ConnectionStatus : byte
{
    None = 0,
    SeenReply = 1,
    Confirmed = 2,
    SourceNat = 4,
    DestinationNat = 8,
    SourceNatDone = 16,
    DestinationNatDone = 32,
}

/// <summary>A conntrack entry (struct nf_conn).</summary>
internal sealed class Connection
{
    public ConnTuple Original;

    /// <summary>What an answer looks like when it arrives; NAT changes it until the entry is confirmed.</summary>
    public ConnTuple Reply;

    /// <summary>Place in <see cref="ConnectionTable"/>; -1 outside of it.</summary>
    public int Slot = -1;

    public ConnectionStatus Status { get; set; }

    public long ExpiresAt { get; set; }

    public TcpTrack Tcp { get; set; }

    /// <summary>UDP: packets both ways after this make the flow a stream (udp.c:nf_conntrack_udp_packet).</summary>
    public long StreamAt { get; set; }

    /// <summary>
    /// A DNAT rule chose the destination, which is the source of <see cref="Reply"/>; perhaps the one the packet had.
    /// </summary>
    public bool IsChosen { get; set; }

    /// <summary>
    /// A rule gave the flow one of the node's addresses as its source, also when it had that already.
    /// </summary>
    public bool Masqueraded { get; set; }

    /// <summary>Entries are used again and again: a table in use makes no garbage.</summary>
    public void Begin(in ConnTuple original)
    {
        Original = original;
        Reply = original.Reversed;
        Status = ConnectionStatus.None;
        ExpiresAt = 0;
        Tcp = default;
        StreamAt = 0;
        IsChosen = false;
        Masqueraded = false;
    }

    public ConnTuple Tuple(Direction direction) => direction == Direction.Original ? Original : Reply;

    public bool Has(ConnectionStatus status) => (Status & status) != 0;

    public Connection Clone() => (Connection)MemberwiseClone();
}
