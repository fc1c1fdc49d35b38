using System.Buffers.Binary;
using System.Security.Cryptography;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>
/// Numbers for the endpoints that clients are bound to. One depends on its endpoint alone, so that others may come and
/// go; it is only looked up together with its frontend.
/// </summary>
internal static class Slots
{
    /// <summary>The top byte of a slot. Traffic control handles of 0xfe00 and more are nobody's by habit.</summary>
    public const uint Tag = 0xFE00_0000;
    public const uint TagMask = 0xFF00_0000;
    private const uint HashMask = ~TagMask;

    /// <summary>
    /// One for each endpoint, in their order. Of two with one hash the second takes the next free number.
    /// </summary>
    public static Seq<uint> Of(Seq<Endpoint> endpoints)
    {
        var taken = new HashSet<uint>();
        return endpoints.Select(endpoint =>
        {
            var slot = HashOf(endpoint);
            while (!taken.Add(slot)) slot = (slot + 1) & HashMask;
            return Tag | slot;
        }).ToSeq();
    }

    private static uint HashOf(Endpoint endpoint)
    {
        Span<byte> identity = stackalloc byte[18];
        BinaryPrimitives.WriteUInt128BigEndian(identity, endpoint.Address.Bits);
        BinaryPrimitives.WriteUInt16BigEndian(identity[16..], endpoint.Port.Value);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(identity, digest);
        return BinaryPrimitives.ReadUInt32BigEndian(digest) & HashMask;
    }
}
