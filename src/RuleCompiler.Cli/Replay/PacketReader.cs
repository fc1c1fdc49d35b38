using System.Buffers.Binary;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Replay;

/// <summary>The emulator's view of bytes.</summary>
internal static class PacketReader
{
    /// <summary>Null when the transport header was not captured or its protocol has no place in the emulator.</summary>
    public static Packet? Read(ReadOnlySpan<byte> frame, in IpLayout ip, string? inputInterface)
    {
        if (TupleOf(frame, ip) is not { } tuple) return null;
        var transport = frame[ip.Transport..ip.End];
        if (Icmp.IsIcmp(ip.Protocol) && Icmp.IsError(ip.Protocol, transport[0]))
        {
            return Inner(frame, ip) is { } inner && TupleOf(frame, inner) is { } about
                ? new Packet(tuple, inputInterface, Error: about)
                : null;
        }

        if (tuple.Protocol != Protocol.Tcp) return new Packet(tuple, inputInterface);
        return transport.Length > 13 ? new Packet(tuple, inputInterface, (TcpFlags)(transport[13] & 0x1F)) : null;
    }

    /// <summary>The packet that an ICMP error carries.</summary>
    public static IpLayout? Inner(ReadOnlySpan<byte> frame, in IpLayout ip) =>
        IpLayout.TryRead(frame[..ip.End], ip.Transport + Icmp.HeaderBytes, out var inner) && inner.FragmentOffset == 0
            ? inner
            : null;

    /// <summary>
    /// Null without eight bytes of transport header: what every ICMP error carries at least (RFC 792).
    /// </summary>
    private static FlowTuple? TupleOf(ReadOnlySpan<byte> frame, in IpLayout ip)
    {
        var transport = frame[ip.Transport..ip.End];
        if (transport.Length < Icmp.HeaderBytes || !IsKnown(ip.Protocol)) return null;
        var protocol = (Protocol)ip.Protocol;
        var source =
            protocol.HasPorts() ? PortAt(transport, 0) :
            Icmp.IsEcho(ip.Protocol, transport[0]) ? PortAt(transport, 4) :
            default;
        var destination = protocol.HasPorts() ? PortAt(transport, 2) : default;
        return new FlowTuple(ip.Source, source, protocol, ip.Destination, destination);
    }

    public static bool IsKnown(byte protocol) => Enum.IsDefined((Protocol)protocol);

    private static Port PortAt(ReadOnlySpan<byte> bytes, int at) =>
        new(BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]));
}
