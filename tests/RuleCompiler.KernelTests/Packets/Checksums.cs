using System.Buffers.Binary;
using System.Numerics;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.KernelTests.Packets;

internal static class Checksums
{
    /// <summary>RFC 1071 over TCP or UDP with its pseudo header.</summary>
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

    public static ushort Internet(ReadOnlySpan<byte> bytes) => Fold(Sum(bytes));

    /// <summary>CRC32c of SCTP, least significant byte first (RFC 9260, appendix A).</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var one in bytes) crc = BitOperations.Crc32C(crc, one);
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
