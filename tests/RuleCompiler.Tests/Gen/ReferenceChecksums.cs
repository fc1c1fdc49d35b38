using System.Buffers.Binary;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Tests.Gen;

/// <summary>
/// The checksums that tests write into packets and expect in them. They share no code with the product's
/// (<c>Cli/Replay/Checksums</c>), so that an error there cannot hide here; ChecksumTests compare both with
/// published values.
/// </summary>
internal static class ReferenceChecksums
{
    /// <summary>The CRC-32C polynomial, bits reflected (RFC 9260 appendix A).</summary>
    private const uint Castagnoli = 0x82F63B78;

    /// <summary>
    /// The checksum of a TCP, UDP or ICMPv6 message with its pseudo-header (RFC 1071, RFC 8200 §8.1). 0 when the message
    /// already contains its right checksum, except for UDP, where 0 is written as 0xFFFF.
    /// </summary>
    public static ushort Transport(Ip source, Ip destination, Protocol protocol, ReadOnlySpan<byte> segment)
    {
        Span<byte> pseudo = stackalloc byte[40];
        var bytes = source.Family.AddressBits() / 8;
        source.WriteTo(pseudo);
        destination.WriteTo(pseudo[bytes..]);
        BinaryPrimitives.WriteUInt32BigEndian(pseudo[(2 * bytes)..], (uint)segment.Length);
        var sum = Sum(pseudo[..((2 * bytes) + 4)]) + (byte)protocol + Sum(segment);
        var checksum = Fold(sum);
        return checksum == 0 && protocol == Protocol.Udp ? ushort.MaxValue : checksum;
    }

    /// <summary>The checksum of an IPv4 header or an ICMP message (RFC 1071).</summary>
    public static ushort Internet(ReadOnlySpan<byte> bytes) => Fold(Sum(bytes));

    /// <summary>
    /// CRC-32C, a bit at a time. SCTP stores it least significant byte first, computed with its own field zero
    /// (RFC 9260 appendix A).
    /// </summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var one in bytes)
        {
            crc ^= one;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ Castagnoli;
        }

        return ~crc;
    }

    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0UL;
        for (; bytes.Length >= 2; bytes = bytes[2..]) sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return bytes.IsEmpty ? sum : sum + ((ulong)bytes[0] << 8);
    }

    private static ushort Fold(ulong sum)
    {
        while (sum > ushort.MaxValue) sum = (sum & ushort.MaxValue) + (sum >> 16);
        return (ushort)~sum;
    }
}
