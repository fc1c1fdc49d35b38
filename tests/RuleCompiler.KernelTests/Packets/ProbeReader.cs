using System.Buffers.Binary;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.KernelTests.Packets;

/// <summary>A probe, or an ICMP error about one.</summary>
/// <param name="Tuple">Of the probe; for an error, of the probe as the error quotes it.</param>
internal readonly record struct SeenPacket(uint Number, FlowTuple Tuple, IcmpError? Error);

/// <summary>Type and code; what they mean depends on the family.</summary>
internal readonly record struct IcmpError(Family Family, byte Type, byte Code)
{
    /// <summary>RFC 792: destination unreachable 3, port 3. RFC 4443: 1 and 4.</summary>
    public bool IsPortUnreachable => Family == Family.Ipv4 ? (Type, Code) == (3, 3) : (Type, Code) == (1, 4);
}

/// <summary>Reads what <see cref="ProbePacket"/> writes, after the kernel had it. Anything else is none of ours: null.</summary>
internal static class ProbeReader
{
    private const int IcmpHeaderBytes = 8;

    public static SeenPacket? ReadFrame(ReadOnlySpan<byte> frame) =>
        frame.Length > ProbePacket.EthernetHeaderBytes ? ReadPacket(frame[ProbePacket.EthernetHeaderBytes..]) : null;

    public static SeenPacket? ReadPacket(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty) return null;
        if (packet[0] >> 4 == 4 && packet.Length >= ProbePacket.Ipv4HeaderBytes)
        {
            var head = (packet[0] & 0xF) * 4;
            if (packet.Length < head) return null;
            var (source, destination) = (Ip.FromBytes(packet.Slice(12, 4)), Ip.FromBytes(packet.Slice(16, 4)));
            return ReadTransport(source, destination, packet[9], packet[head..]);
        }

        if (packet[0] >> 4 == 6 && packet.Length >= ProbePacket.Ipv6HeaderBytes)
        {
            var (source, destination) = (Ip.FromBytes(packet.Slice(8, 16)), Ip.FromBytes(packet.Slice(24, 16)));
            return ReadTransport(source, destination, packet[6], packet[ProbePacket.Ipv6HeaderBytes..]);
        }

        return null;
    }

    public static SeenPacket? ReadTransport(Ip source, Ip destination, byte protocol, ReadOnlySpan<byte> segment)
    {
        if (segment.Length < IcmpHeaderBytes) return null;
        switch ((Protocol)protocol)
        {
            case Protocol.Tcp when IsTcpProbe(segment):
            case Protocol.Udp when segment.Length >= 16 && Word(segment, 8) == ProbePacket.Magic:
            case Protocol.Sctp when segment.Length >= 20 && segment[12] == 1:
                var tuple = new FlowTuple(source, PortAt(segment, 0), (Protocol)protocol, destination, PortAt(segment, 2));
                return new SeenPacket(Word(segment, NumberAt(tuple.Protocol)), tuple, null);
            case Protocol.Icmp when segment[0] is 3 or 11 or 12:
            case Protocol.Icmpv6 when segment[0] < 128:
                if (ReadPacket(segment[IcmpHeaderBytes..]) is not { Error: null } inner) return null;
                return inner with { Error = new IcmpError(source.Family, segment[0], segment[1]) };
            default:
                return null;
        }
    }

    private static bool IsTcpProbe(ReadOnlySpan<byte> segment) => segment.Length >= 32
        && Word(segment, 20) == ProbePacket.TcpOptions && Word(segment, 28) == ProbePacket.Magic;

    private static int NumberAt(Protocol protocol) => protocol switch
    {
        Protocol.Tcp => 24,
        Protocol.Udp => 12,
        Protocol.Sctp => 16,
        Protocol.Icmp or Protocol.Icmpv6 => throw new ArgumentOutOfRangeException(nameof(protocol)),
    };

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    private static Port PortAt(ReadOnlySpan<byte> bytes, int at) => new(BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]));
}
