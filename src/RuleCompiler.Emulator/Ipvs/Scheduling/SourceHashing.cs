using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// net/netfilter/ipvs/ip_vs_sh.c @v6.1: 256 buckets, dealt out by weight (IP_VS_SH_TAB_BITS of
/// net/netfilter/ipvs/Kconfig is 8).
/// </summary>
internal sealed class SourceHashing : Picker
{
    private const int TableBits = 8;
    private const int TableSize = 1 << TableBits;

    private readonly SchedulerFlags _flags;
    private readonly Family _family;
    private readonly RealServerState?[] _buckets = new RealServerState?[TableSize];

    public SourceHashing(List<RealServerState> servers, SchedulerFlags flags, Family family)
        : base(servers)
    {
        _flags = flags;
        _family = family;
        Changed();
    }

    public override RealServerState? Pick(in ConnTuple flow, long now, bool commits)
    {
        var value = Hashing.Fold(flow.Source, _family) + (_flags.HasFlag(SchedulerFlags.Port) ? flow.SourcePort : 0u);
        var hash = Hashing.Hash(value, TableBits);
        var wanted = _buckets[hash];
        if (wanted is null || wanted.Weight > 0) return wanted;
        if (!_flags.HasFlag(SchedulerFlags.Fallback)) return null;
        for (var step = 0; step < TableSize; step++)
        {
            // ip_vs_sh_get_fallback adds the hash twice: once as the offset to begin with, once in the key.
            var offset = (step + hash) % TableSize;
            var other = _buckets[(offset + hash) % TableSize];
            if (other is null) break;
            if (other.Weight > 0) return other;
        }

        return null;
    }

    /// <summary>ip_vs_sh_reassign: as many buckets in a row as the weight says, at least one.</summary>
    public override void Changed()
    {
        Array.Clear(_buckets);
        if (Servers.Count == 0) return;
        var (at, used) = (0, 0);
        for (var bucket = 0; bucket < TableSize; bucket++)
        {
            if (at == Servers.Count) at = 0;
            _buckets[bucket] = Servers[at];
            if (++used < Servers[at].Weight) continue;
            at++;
            used = 0;
        }
    }
}
