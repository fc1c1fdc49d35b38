using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>Widths of nftables' data types (nft(8), DATA TYPES).</summary>
internal static class FieldFacts
{
    public static int Bits(this FieldType type) => type switch
    {
        FieldType.Ipv4Addr => 32,
        FieldType.Ipv6Addr => 128,
        FieldType.InetProto => 8,
        FieldType.InetService => 16,
        FieldType.Mark or FieldType.ClassId or FieldType.Integer => 32,

        // IFNAMSIZ bytes.
        FieldType.Ifname => 128,
    };

    public static UInt128 Largest(this FieldType type) => UInt128.MaxValue >> (128 - type.Bits());

    public static FieldType Address(this Family family) =>
        family == Family.Ipv4 ? FieldType.Ipv4Addr : FieldType.Ipv6Addr;

    /// <summary>Numbers of one width can stand for each other; addresses and names only for themselves.</summary>
    public static bool Fits(this FieldType type, FieldType wanted) =>
        type == wanted || (IsWord(type) && IsWord(wanted));

    private static bool IsWord(FieldType type) => type is FieldType.Mark or FieldType.ClassId or FieldType.Integer;
}
