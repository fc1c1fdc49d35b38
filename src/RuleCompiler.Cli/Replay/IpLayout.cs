using System.Buffers.Binary;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Replay;

/// <summary>
/// Where the parts of an IP packet lie in a frame. Positions are byte offsets from the frame's start.
/// </summary>
/// <param name="Start">The IP header.</param>
/// <param name="Transport">The first byte behind the IP header and its extension headers.</param>
/// <param name="End">One past the last byte that was captured; link-layer padding is behind it.</param>
/// <param name="TransportBytes">What the IP header promises, which can be more than was captured.</param>
/// <param name="FragmentOffset">In bytes; 0 for a first or only fragment.</param>
internal readonly record struct IpLayout(
    Family Family,
    int Start,
    int Transport,
    int End,
    int TransportBytes,
    byte Protocol,
    int FragmentOffset,
    bool MoreFragments,
    uint FragmentId,
    Ip Source,
    Ip Destination)
{
    public bool IsFragment => MoreFragments || FragmentOffset > 0;

    /// <summary>Every byte that the transport checksum covers is here.</summary>
    public bool IsWhole => !IsFragment && End - Transport == TransportBytes;

    /// <summary>TTL or hop limit.</summary>
    public int HopLimitAt => Family == Family.Ipv4 ? Start + 8 : Start + 7;

    public int AddressesAt => Family == Family.Ipv4 ? Start + 12 : Start + 8;

    public static bool TryRead(ReadOnlySpan<byte> frame, int start, out IpLayout layout)
    {
        layout = default;
        if (start < 0 || start >= frame.Length) return false;
        return (frame[start] >> 4) switch
        {
            4 => TryReadV4(frame, start, out layout),
            6 => TryReadV6(frame, start, out layout),
            _ => false,
        };
    }

    private static bool TryReadV4(ReadOnlySpan<byte> frame, int start, out IpLayout layout)
    {
        layout = default;
        var packet = frame[start..];
        if (packet.Length < Ipv4HeaderBytes) return false;
        var headerBytes = (packet[0] & 0xF) * 4;
        var totalBytes = (int)BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (totalBytes == 0) totalBytes = packet.Length; // a segmentation-offload packet of more than 65,535 bytes
        if (headerBytes < Ipv4HeaderBytes || totalBytes < headerBytes || packet.Length < headerBytes) return false;
        var fragment = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        var end = start + Math.Min(totalBytes, packet.Length);
        var id = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        layout = new IpLayout(
            Family.Ipv4, start, start + headerBytes, end, totalBytes - headerBytes,
            packet[9], (fragment & 0x1FFF) * 8, (fragment & 0x2000) != 0, id,
            Ip.FromBytes(packet[12..16]), Ip.FromBytes(packet[16..20]));
        return true;
    }

    private static bool TryReadV6(ReadOnlySpan<byte> frame, int start, out IpLayout layout)
    {
        layout = default;
        var packet = frame[start..];
        if (packet.Length < Ipv6HeaderBytes) return false;
        var payloadBytes = (int)BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        if (payloadBytes == 0) payloadBytes = packet.Length - Ipv6HeaderBytes; // a jumbogram or segmentation offload
        var (next, at) = (packet[6], Ipv6HeaderBytes);
        var (offset, more, id) = (0, false, 0u);
        while (IsExtension(next))
        {
            if (packet.Length < at + 8) return false;
            var extension = packet[at..];
            if (next == FragmentHeader)
            {
                var field = BinaryPrimitives.ReadUInt16BigEndian(extension[2..]);
                (offset, more, id) = (
                    field & 0xFFF8, (field & 1) != 0, BinaryPrimitives.ReadUInt32BigEndian(extension[4..]));
            }

            at += next switch
            {
                FragmentHeader => 8,
                AuthenticationHeader => (extension[1] + 2) * 4,
                _ => (extension[1] + 1) * 8,
            };
            next = extension[0];
            if (offset > 0) break; // behind the header of a later fragment lies the middle of something
        }

        var totalBytes = Ipv6HeaderBytes + payloadBytes;
        if (at > totalBytes || at > packet.Length) return false;
        layout = new IpLayout(
            Family.Ipv6, start, start + at, start + Math.Min(totalBytes, packet.Length), totalBytes - at, next, offset,
            more, id, Ip.FromBytes(packet[8..24]), Ip.FromBytes(packet[24..40]));
        return true;
    }

    /// <summary>
    /// Hop-by-hop, routing, fragment, authentication and destination options (RFC 8200 §4, RFC 4302).
    /// </summary>
    private static bool IsExtension(byte protocol) =>
        protocol is 0 or 43 or FragmentHeader or AuthenticationHeader or 60;

    private const byte FragmentHeader = 44;
    private const byte AuthenticationHeader = 51;
    internal const int Ipv4HeaderBytes = 20;
    internal const int Ipv6HeaderBytes = 40;
}
