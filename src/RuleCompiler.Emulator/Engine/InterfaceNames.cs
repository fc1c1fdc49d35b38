namespace RuleCompiler.Emulator;

internal static class InterfaceNames
{
    /// <summary>IFNAMSIZ - 1 of include/uapi/linux/if.h @v6.1.</summary>
    private const int LengthMax = 15;

    /// <summary>IFNAMSIZ.</summary>
    private const int Bytes = 16;

    /// <summary>
    /// The name's bytes, the first one highest, zeros behind it: names with a common beginning are neighbours. No
    /// interface is the empty name (nft_meta.c:nft_meta_store_ifname @v6.1).
    /// </summary>
    public static UInt128 NumberOf(string? name)
    {
        UInt128 result = 0;
        for (var i = 0; i < Bytes; i++)
            result = (result << 8) | (name is not null && i < Math.Min(name.Length, LengthMax) ? (byte)name[i] : 0u);
        return result;
    }
}
