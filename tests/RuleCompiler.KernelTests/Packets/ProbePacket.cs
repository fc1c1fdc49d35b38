using System.Buffers.Binary;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;

namespace RuleCompiler.KernelTests.Packets;

/// <summary>
/// Packets of flows, from the IP header on. Each carries a number that comes back in what the kernel makes of it, ICMP
/// errors about it included: TCP as its timestamp (RFC 7323), SCTP as the initiate tag of an INIT, UDP in its payload.
/// </summary>
internal static class ProbePacket
{
    public const int Ipv4HeaderBytes = 20;
    public const int Ipv6HeaderBytes = 40;
    public const int EthernetHeaderBytes = 14;
    public const int FrameBytesMax = 128;

    /// <summary>"RULE": what a UDP probe's payload begins with, and the timestamp that a TCP probe echoes.</summary>
    public const uint Magic = 0x52554C45;

    /// <summary>No-operation twice, then a timestamp option of 10 bytes.</summary>
    public const uint TcpOptions = 0x0101080A;

    private const byte HopLimit = 64;
    private const byte SctpInit = 1;

    /// <returns>The packet's length.</returns>
    public static int Write(Span<byte> packet, FlowTuple tuple, uint number, TcpSegment? tcp = null)
    {
        var head = tuple.Source.Family == Family.Ipv4 ? Ipv4HeaderBytes : Ipv6HeaderBytes;
        var transport = WriteTransport(packet[head..], tuple, number, tcp ?? TcpSegment.Syn);
        if (tuple.Source.Family == Family.Ipv4)
            WriteIpv4(packet, tuple, head + transport);
        else
            WriteIpv6(packet, tuple, transport);
        return head + transport;
    }

    /// <summary>With an Ethernet header in front: destination 6, source 6, type 2.</summary>
    public static int WriteFrame(
        Span<byte> frame, ReadOnlySpan<byte> destinationMac, FlowTuple tuple, uint number, TcpSegment? tcp = null)
    {
        destinationMac.CopyTo(frame);
        ReadOnlySpan<byte> source = [2, 0, 0, 0, 2, 0];
        source.CopyTo(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], (ushort)(tuple.Source.Family == Family.Ipv4 ? 0x0800 : 0x86DD));
        return EthernetHeaderBytes + Write(frame[EthernetHeaderBytes..], tuple, number, tcp);
    }

    private static void WriteIpv4(Span<byte> packet, FlowTuple tuple, int length)
    {
        packet[..Ipv4HeaderBytes].Clear();
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)length);
        packet[6] = 0x40; // do not fragment
        packet[8] = HopLimit;
        packet[9] = (byte)tuple.Protocol;
        tuple.Source.WriteTo(packet[12..]);
        tuple.Destination.WriteTo(packet[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], ReferenceChecksums.Internet(packet[..Ipv4HeaderBytes]));
    }

    private static void WriteIpv6(Span<byte> packet, FlowTuple tuple, int payloadLength)
    {
        packet[..Ipv6HeaderBytes].Clear();
        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)payloadLength);
        packet[6] = (byte)tuple.Protocol;
        packet[7] = HopLimit;
        tuple.Source.WriteTo(packet[8..]);
        tuple.Destination.WriteTo(packet[24..]);
    }

    private static int WriteTransport(Span<byte> at, FlowTuple tuple, uint number, TcpSegment tcp)
    {
        at[..32].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(at, tuple.SourcePort.Value);
        BinaryPrimitives.WriteUInt16BigEndian(at[2..], tuple.DestinationPort.Value);
        switch (tuple.Protocol)
        {
            case Protocol.Tcp:
                BinaryPrimitives.WriteUInt32BigEndian(at[4..], tcp.Sequence);
                BinaryPrimitives.WriteUInt32BigEndian(at[8..], tcp.Acknowledged);
                at[12] = 8 << 4; // header length in words
                at[13] = (byte)tcp.Flags;
                BinaryPrimitives.WriteUInt16BigEndian(at[14..], 0xFFFF); // window
                BinaryPrimitives.WriteUInt32BigEndian(at[20..], TcpOptions);
                BinaryPrimitives.WriteUInt32BigEndian(at[24..], number);
                BinaryPrimitives.WriteUInt32BigEndian(at[28..], Magic);
                Seal(at[..32], 16, tuple);
                return 32;
            case Protocol.Udp:
                BinaryPrimitives.WriteUInt16BigEndian(at[4..], 16);
                BinaryPrimitives.WriteUInt32BigEndian(at[8..], Magic);
                BinaryPrimitives.WriteUInt32BigEndian(at[12..], number);
                Seal(at[..16], 6, tuple);
                return 16;
            case Protocol.Sctp:
                at[12] = SctpInit;
                at[15] = 20; // chunk length
                BinaryPrimitives.WriteUInt32BigEndian(at[16..], number);
                BinaryPrimitives.WriteUInt32BigEndian(at[20..], 65536); // receiver window
                at[25] = at[27] = 1; // streams out and in
                BinaryPrimitives.WriteUInt32BigEndian(at[28..], number);
                BinaryPrimitives.WriteUInt32LittleEndian(at[8..], ReferenceChecksums.Crc32C(at[..32]));
                return 32;
            case Protocol.Icmp or Protocol.Icmpv6:
            default:
                throw new ArgumentException($"no probe is {tuple.Protocol}", nameof(tuple));
        }
    }

    private static void Seal(Span<byte> segment, int checksumAt, FlowTuple tuple) => BinaryPrimitives.WriteUInt16BigEndian(
        segment[checksumAt..], ReferenceChecksums.Transport(tuple.Source, tuple.Destination, tuple.Protocol, segment));
}

/// <summary>What makes a TCP packet fit its flow: conntrack calls one that does not INVALID.</summary>
internal readonly record struct TcpSegment(TcpFlags Flags, uint Sequence, uint Acknowledged)
{
    public static TcpSegment Syn => new(TcpFlags.Syn, 1000, 0);
}
