using System.Buffers.Binary;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Replay;

/// <summary>
/// Writes a translated tuple into a frame and makes its checksums right. A packet that was captured as a whole gets
/// fresh ones, since sending hosts leave them to the network card and captures show them wrong; one that was cut off,
/// or a first fragment, gets the old ones adjusted by the difference.
/// </summary>
internal static class FrameRewriter
{
    /// <summary>False when the checksum cannot be known: the first fragment of an SCTP packet.</summary>
    public static bool Rewrite(Span<byte> frame, in IpLayout ip, FlowTuple tuple, FlowTuple? error, bool forwarded)
    {
        Span<byte> before = new byte[ip.End - ip.Transport];
        frame[ip.Transport..ip.End].CopyTo(before);
        if (error is { } about && PacketReader.Inner(frame, ip) is { } inner) RewriteInner(frame, inner, about);
        else WritePorts(frame[ip.Transport..ip.End], tuple);

        WriteAddresses(frame, ip, tuple.Source, tuple.Destination);
        if (forwarded) frame[ip.HopLimitAt]--;
        FinishHeader(frame, ip);
        return FinishTransport(frame, ip, before, tuple);
    }

    /// <summary>A later fragment has no ports, and the checksum of the whole lies in the first.</summary>
    public static void RewriteLaterFragment(Span<byte> frame, in IpLayout ip, Ip source, Ip destination, bool forwarded)
    {
        WriteAddresses(frame, ip, source, destination);
        if (forwarded) frame[ip.HopLimitAt]--;
        FinishHeader(frame, ip);
    }

    /// <summary>The IPv4 header's checksum; IPv6 has none.</summary>
    public static void FinishHeader(Span<byte> frame, in IpLayout ip)
    {
        if (ip.Family == Family.Ipv6) return;
        var headerEnd = ip.Transport;
        BinaryPrimitives.WriteUInt16BigEndian(frame[(ip.Start + 10)..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(
            frame[(ip.Start + 10)..], Checksums.Fold(Checksums.Sum(frame[ip.Start..headerEnd])));
    }

    private static void WriteAddresses(Span<byte> frame, in IpLayout ip, Ip source, Ip destination)
    {
        source.WriteTo(frame[ip.AddressesAt..]);
        destination.WriteTo(frame[(ip.AddressesAt + (ip.Family.AddressBits() / 8))..]);
    }

    private static void WritePorts(Span<byte> transport, FlowTuple tuple)
    {
        if (tuple.Protocol.HasPorts())
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport, tuple.SourcePort.Value);
            BinaryPrimitives.WriteUInt16BigEndian(transport[2..], tuple.DestinationPort.Value);
        }
        else if (Icmp.IsEcho((byte)tuple.Protocol, transport[0]))
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[4..], tuple.SourcePort.Value);
        }
    }

    /// <summary>
    /// The head of a packet inside an ICMP error: its end is missing as a rule, so its checksum is adjusted.
    /// </summary>
    private static void RewriteInner(Span<byte> frame, in IpLayout inner, FlowTuple about)
    {
        var transport = frame[inner.Transport..inner.End];
        var before = transport.ToArray();
        WritePorts(transport, about);
        WriteAddresses(frame, inner, about.Source, about.Destination);
        FinishHeader(frame, inner);
        if (ChecksumAt(about.Protocol) is not { } at || transport.Length < at + 2) return;
        if (about.Protocol == Protocol.Sctp) AdjustSctp(transport, before, inner.TransportBytes);
        else Adjust(transport, before, at, inner, about);
    }

    private static bool FinishTransport(Span<byte> frame, in IpLayout ip, ReadOnlySpan<byte> before, FlowTuple tuple)
    {
        var transport = frame[ip.Transport..ip.End];
        if (ChecksumAt(tuple.Protocol) is not { } at || transport.Length < at + 2) return true;
        if (tuple.Protocol == Protocol.Sctp)
        {
            if (ip.IsFragment) return before[..4].SequenceEqual(transport[..4]);
            if (ip.IsWhole) BinaryPrimitives.WriteUInt32LittleEndian(transport[8..], Checksums.Sctp(transport));
            else AdjustSctp(transport, before, ip.TransportBytes);
            return true;
        }

        if (ip.IsWhole && !IsWithout(transport, ip.Family, tuple.Protocol)) Compute(transport, at, tuple);
        else Adjust(transport, before, at, ip, tuple);
        return true;
    }

    /// <summary>A fresh checksum.</summary>
    public static void Compute(Span<byte> transport, int at, FlowTuple tuple)
    {
        BinaryPrimitives.WriteUInt16BigEndian(transport[at..], 0);
        var pseudo = tuple.Protocol == Protocol.Icmp
            ? 0
            : Checksums.PseudoHeaderSum(tuple.Source, tuple.Destination, tuple.Protocol, transport.Length);
        WriteChecksum(transport, at, Checksums.Fold(pseudo + Checksums.Sum(transport)), tuple.Protocol);
    }

    private static void Adjust(Span<byte> transport, ReadOnlySpan<byte> before, int at, in IpLayout ip, FlowTuple tuple)
    {
        if (IsWithout(transport, ip.Family, tuple.Protocol)) return;
        var pseudo = tuple.Protocol != Protocol.Icmp;
        var old = (pseudo ? Checksums.AddressSum(ip.Source, ip.Destination) : 0) + Checksums.Sum(before);
        var now = (pseudo ? Checksums.AddressSum(tuple.Source, tuple.Destination) : 0) + Checksums.Sum(transport);
        var checksum = BinaryPrimitives.ReadUInt16BigEndian(transport[at..]);
        WriteChecksum(transport, at, Checksums.Update(checksum, old, now), tuple.Protocol);
    }

    private static void AdjustSctp(Span<byte> transport, ReadOnlySpan<byte> before, int packetBytes)
    {
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(transport[8..]);
        BinaryPrimitives.WriteUInt32LittleEndian(
            transport[8..], crc ^ Checksums.SctpDifference(before[..4], transport[..4], packetBytes));
    }

    /// <summary>
    /// UDP over IPv4 may go without a checksum, which zero says (RFC 768); over IPv6 zero is no valid value.
    /// </summary>
    private static bool IsWithout(ReadOnlySpan<byte> transport, Family family, Protocol protocol) =>
        protocol == Protocol.Udp && family == Family.Ipv4 && transport[6] == 0 && transport[7] == 0;

    /// <summary>A UDP checksum that comes out as zero is sent as all ones (RFC 768).</summary>
    private static void WriteChecksum(Span<byte> transport, int at, ushort checksum, Protocol protocol) =>
        BinaryPrimitives.WriteUInt16BigEndian(
            transport[at..], protocol == Protocol.Udp && checksum == 0 ? ushort.MaxValue : checksum);

    private static int? ChecksumAt(Protocol protocol) => protocol switch
    {
        Protocol.Tcp => 16,
        Protocol.Udp => 6,
        Protocol.Sctp => 8,
        Protocol.Icmp or Protocol.Icmpv6 => 2,
    };
}
