using System.Buffers.Binary;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// The bytes that BPF programs and nftables payload expressions see: IP header, transport header, and for an ICMP error
/// the headers of the packet that it is about. Checksums of IPv4 headers and of ICMP are right, the latter for a
/// message
/// without data; those of TCP, UDP and SCTP are zero: nothing reads them.
/// </summary>
internal static class HeaderBytes
{
    /// <summary>IPv6 40 + ICMPv6 8 + IPv6 40 + eight bytes of the packet inside.</summary>
    public const int LengthMax = 128;

    // RFC 791 §3.1, RFC 8200 §3, RFC 792; types: RFC 792, RFC 4443 §4.
    private const int Ipv4HeaderBytes = 20, Ipv6HeaderBytes = 40, IcmpHeaderBytes = 8;

    /// <summary>RFC 792: an error quotes the header and the first eight bytes behind it.</summary>
    private const int QuotedBytes = 8;

    /// <summary>Destination unreachable, port unreachable (RFC 792, RFC 4443).</summary>
    private const byte Icmpv4Unreachable = 3, Icmpv4Port = 3, Icmpv6Unreachable = 1, Icmpv6Port = 4;
    private const byte Icmpv4Echo = 8, Icmpv6Echo = 128, Icmpv6EchoReply = 129;

    /// <summary>The default TTL of Linux (net.ipv4.ip_default_ttl).</summary>
    private const byte TimeToLive = 64;

    public static int TransportOffset(Family family) => family == Family.Ipv4 ? Ipv4HeaderBytes : Ipv6HeaderBytes;

    /// <summary>Returns the number of bytes written.</summary>
    public static int Write(Walk walk, Family family, Span<byte> bytes)
    {
        bytes.Clear();
        var head = family == Family.Ipv4 ? Ipv4HeaderBytes : Ipv6HeaderBytes;
        int payload;
        if (walk.Inner is { } inner)
        {
            var quoted = bytes[(head + IcmpHeaderBytes)..];
            WriteTransport(inner, walk.Tcp, family, quoted[head..]);
            WriteIp(inner, family, TransportBytes(inner.Protocol), quoted);
            bytes[head] = family == Family.Ipv4 ? Icmpv4Unreachable : Icmpv6Unreachable;
            bytes[head + 1] = family == Family.Ipv4 ? Icmpv4Port : Icmpv6Port;
            payload = IcmpHeaderBytes + head + QuotedBytes;
        }
        else
        {
            payload = TransportBytes(walk.Tuple.Protocol);
            WriteTransport(walk.Tuple, walk.Tcp, family, bytes[head..]);
        }

        WriteIp(walk.Tuple, family, payload, bytes);
        if (!walk.Tuple.Protocol.HasPorts())
        {
            var message = bytes.Slice(head, payload);
            BinaryPrimitives.WriteUInt16BigEndian(message[2..], Checksum(message, PseudoHeader(walk.Tuple, payload)));
        }

        return head + payload;
    }

    private static int TransportBytes(Protocol protocol) => protocol switch
    {
        Protocol.Tcp => 20,
        Protocol.Sctp => 12,
        Protocol.Udp or Protocol.Icmp or Protocol.Icmpv6 => 8,
    };

    private static void WriteIp(ConnTuple tuple, Family family, int payload, Span<byte> bytes)
    {
        if (family == Family.Ipv6)
        {
            bytes[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], (ushort)payload);
            bytes[6] = (byte)tuple.Protocol;
            bytes[7] = TimeToLive;
            BinaryPrimitives.WriteUInt128BigEndian(bytes[8..], tuple.Source);
            BinaryPrimitives.WriteUInt128BigEndian(bytes[24..], tuple.Destination);
            return;
        }

        bytes[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)(Ipv4HeaderBytes + payload));
        bytes[8] = TimeToLive;
        bytes[9] = (byte)tuple.Protocol;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], (uint)tuple.Source);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[16..], (uint)tuple.Destination);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], Checksum(bytes[..Ipv4HeaderBytes]));
    }

    private static void WriteTransport(ConnTuple tuple, TcpFlags? flags, Family family, Span<byte> bytes)
    {
        if (!tuple.Protocol.HasPorts())
        {
            WriteEcho(tuple, family, bytes);
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(bytes, tuple.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], tuple.DestinationPort);
        if (tuple.Protocol == Protocol.Udp) BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], 8);
        if (tuple.Protocol != Protocol.Tcp) return;
        bytes[12] = 5 << 4;
        bytes[13] = (byte)(flags ?? TcpFlags.None);
    }

    /// <summary>Type and code, as ipsets read them for a port; 0 for a protocol without either.</summary>
    public static ushort IcmpKind(Walk walk, Family family)
    {
        if (walk.Inner is not null)
        {
            return family == Family.Ipv4
                ? (ushort)((Icmpv4Unreachable << 8) | Icmpv4Port)
                : (ushort)((Icmpv6Unreachable << 8) | Icmpv6Port);
        }

        var isAnswer = walk.Tuple.DestinationPort != 0;
        var type = family == Family.Ipv4 ? (isAnswer ? 0 : Icmpv4Echo) : (isAnswer ? Icmpv6EchoReply : Icmpv6Echo);
        return (ushort)(type << 8);
    }

    /// <summary>
    /// A request has its identifier as source port and 0 as destination port; an answer the other way round.
    /// </summary>
    private static void WriteEcho(ConnTuple tuple, Family family, Span<byte> bytes)
    {
        var isAnswer = tuple.DestinationPort != 0;
        bytes[0] = family == Family.Ipv4
            ? (isAnswer ? (byte)0 : Icmpv4Echo)
            : (isAnswer ? Icmpv6EchoReply : Icmpv6Echo);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], isAnswer ? tuple.DestinationPort : tuple.SourcePort);
    }

    /// <summary>The sum of ICMPv6's pseudo-header (RFC 8200 §8.1); ICMP has none.</summary>
    private static uint PseudoHeader(ConnTuple tuple, int payload)
    {
        if (tuple.Protocol != Protocol.Icmpv6) return 0;
        var sum = (uint)payload + (byte)tuple.Protocol;
        for (var shift = 0; shift < 128; shift += 16)
            sum += (ushort)(tuple.Source >> shift) + (uint)(ushort)(tuple.Destination >> shift);
        return sum;
    }

    /// <summary>RFC 1071.</summary>
    private static ushort Checksum(ReadOnlySpan<byte> bytes, uint sum = 0)
    {
        for (var i = 0; i < bytes.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
