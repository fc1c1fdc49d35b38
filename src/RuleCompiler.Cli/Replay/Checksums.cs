using System.Buffers.Binary;
using System.Numerics;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Replay;

/// <summary>The Internet checksum (RFC 1071, RFC 1624) and SCTP's CRC32c (RFC 9260 appendix A).</summary>
internal static class Checksums
{
    /// <summary>
    /// Sum of big-endian 16-bit words, not folded; an odd last byte counts as the high half of a word.
    /// </summary>
    public static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        for (; bytes.Length >= 2; bytes = bytes[2..]) sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return bytes.IsEmpty ? sum : sum + ((ulong)bytes[0] << 8);
    }

    /// <summary>Ones' complement of the folded sum: what stands in a header.</summary>
    public static ushort Fold(ulong sum)
    {
        while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }

    /// <summary>
    /// The checksum after some covered words changed, from the sums of those words before and after:
    /// HC' = ~(~HC + ~m + m') (RFC 1624, eqn. 3).
    /// </summary>
    public static ushort Update(ushort checksum, ulong before, ulong after) =>
        Fold((ulong)(ushort)~checksum + Fold(before) + (ushort)~Fold(after));

    /// <summary>The pseudo-header of TCP, UDP and ICMPv6 (RFC 9293 §3.1, RFC 8200 §8.1).</summary>
    public static ulong PseudoHeaderSum(Ip source, Ip destination, Protocol protocol, int transportBytes) =>
        AddressSum(source, destination) + (ulong)protocol + ((uint)transportBytes >> 16) + (ushort)transportBytes;

    public static ulong AddressSum(Ip source, Ip destination)
    {
        Span<byte> addresses = stackalloc byte[32];
        var length = source.Family.AddressBits() / 8;
        source.WriteTo(addresses);
        destination.WriteTo(addresses[length..]);
        return Sum(addresses[..(2 * length)]);
    }

    /// <summary>CRC32c over a packet whose checksum field (bytes 8 to 11) counts as zero.</summary>
    public static uint Sctp(ReadOnlySpan<byte> packet)
    {
        var crc = uint.MaxValue;
        for (var i = 0; i < packet.Length; i++)
            crc = BitOperations.Crc32C(crc, i is >= 8 and < 12 ? (byte)0 : packet[i]);
        return ~crc;
    }

    /// <summary>
    /// What a change of the first bytes of a packet does to its CRC, whatever the other bytes are: a CRC is linear, so
    /// CRC(a ⊕ d) = CRC(a) ⊕ R(d), where R starts at zero.
    /// </summary>
    public static uint SctpDifference(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, int packetBytes)
    {
        var crc = 0u;
        for (var i = 0; i < packetBytes; i++)
            crc = BitOperations.Crc32C(crc, i < before.Length ? (byte)(before[i] ^ after[i]) : (byte)0);
        return crc;
    }
}
