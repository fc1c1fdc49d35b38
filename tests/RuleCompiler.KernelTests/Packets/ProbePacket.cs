using System.Buffers.Binary;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.KernelTests.Packets;

/// <summary>
/// First packets of flows, from the IP header on. Each carries a number that comes back in what the kernel makes of it,
/// answers with ICMP errors included: TCP as its sequence number, SCTP as the initiate tag, UDP in its payload.
/// </summary>
internal static class ProbePacket
{
    public const int Ipv4HeaderBytes = 20;
    public const int Ipv6HeaderBytes = 40;
    public const int EthernetHeaderBytes = 14;
    public const int FrameBytesMax = 128;

    /// <summary>"RULE": what a UDP probe's payload begins with.</summary>
    public const uint UdpMagic = 0x52554C45;

    private const byte HopLimit = 64;
    private const byte SynFlag = 2;
    private const byte SctpInit = 1;

    /// <returns>The packet's length.</returns>
    public static int Write(Span<byte> packet, FlowTuple tuple, uint number)
    {
        var head = tuple.Source.Family == Family.Ipv4 ? Ipv4HeaderBytes : Ipv6HeaderBytes;
        var transport = WriteTransport(packet[head..], tuple, number);
        if (tuple.Source.Family == Family.Ipv4)
            WriteIpv4(packet, tuple, head + transport);
        else
            WriteIpv6(packet, tuple, transport);
        return head + transport;
    }

    /// <summary>With an Ethernet header in front: destination 6, source 6, type 2.</summary>
    public static int WriteFrame(Span<byte> frame, ReadOnlySpan<byte> destinationMac, FlowTuple tuple, uint number)
    {
        destinationMac.CopyTo(frame);
        ReadOnlySpan<byte> source = [2, 0, 0, 0, 2, 0];
        source.CopyTo(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], (ushort)(tuple.Source.Family == Family.Ipv4 ? 0x0800 : 0x86DD));
        return EthernetHeaderBytes + Write(frame[EthernetHeaderBytes..], tuple, number);
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
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], Checksums.Internet(packet[..Ipv4HeaderBytes]));
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

    private static int WriteTransport(Span<byte> at, FlowTuple tuple, uint number)
    {
        at[..32].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(at, tuple.SourcePort.Value);
        BinaryPrimitives.WriteUInt16BigEndian(at[2..], tuple.DestinationPort.Value);
        switch (tuple.Protocol)
        {
            case Protocol.Tcp:
                BinaryPrimitives.WriteUInt32BigEndian(at[4..], number);
                at[12] = 5 << 4; // header length in words
                at[13] = SynFlag;
                BinaryPrimitives.WriteUInt16BigEndian(at[14..], 0xFFFF);
                Seal(at[..20], 16, tuple);
                return 20;
            case Protocol.Udp:
                BinaryPrimitives.WriteUInt16BigEndian(at[4..], 16);
                BinaryPrimitives.WriteUInt32BigEndian(at[8..], UdpMagic);
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
                BinaryPrimitives.WriteUInt32LittleEndian(at[8..], Checksums.Crc32C(at[..32]));
                return 32;
            case Protocol.Icmp or Protocol.Icmpv6:
            default:
                throw new ArgumentException($"no probe is {tuple.Protocol}", nameof(tuple));
        }
    }

    private static void Seal(Span<byte> segment, int checksumAt, FlowTuple tuple) => BinaryPrimitives.WriteUInt16BigEndian(
        segment[checksumAt..], Checksums.Transport(tuple.Source, tuple.Destination, tuple.Protocol, segment));
}
