using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>What the hashing schedulers share.</summary>
internal static class Hashing
{
    /// <summary>include/linux/hash.h:GOLDEN_RATIO_32 @v6.1.</summary>
    private const uint GoldenRatio = 0x61C88647;

    /// <summary>hash_32: the upper bits of the product.</summary>
    public static int Hash(uint value, int bits) => (int)((value * GoldenRatio) >> (32 - bits));

    /// <summary>
    /// addr_fold, then ntohl: the four words of an IPv6 address by exclusive or (the order of bytes does not matter to
    /// that).
    /// </summary>
    public static uint Fold(UInt128 address, Family family) => family == Family.Ipv4
        ? (uint)address
        : (uint)(address >> 96) ^ (uint)(address >> 64) ^ (uint)(address >> 32) ^ (uint)address;
}

/// <summary>
/// net/netfilter/ipvs/ip_vs_dh.c @v6.1: by the virtual server's address, so one server for each virtual server; weights
/// do not matter but for 0.
/// </summary>
internal sealed class DestinationHashing : Picker
{
    /// <summary>IP_VS_DH_TAB_BITS (net/netfilter/ipvs/Kconfig has no option for it; ip_vs_dh.c).</summary>
    private const int TableBits = 8;

    private readonly Family _family;

    public DestinationHashing(List<RealServerState> servers, Family family)
        : base(servers) => _family = family;

    public override RealServerState? Pick(in ConnTuple flow, long now, bool commits)
    {
        if (Servers.Count == 0) return null;

        // ip_vs_dh_reassign deals the buckets out in turn, whatever the weights.
        var bucket = Hashing.Hash(Hashing.Fold(flow.Destination, _family), TableBits);
        var server = Servers[bucket % Servers.Count];
        return server.Weight > 0 ? server : null;
    }
}
