using System.Numerics;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// net/netfilter/ipvs/ip_vs_mh.c @v6.1: each server takes slots of the table in an order of its own, in turn and by
/// weight. Its two keys are constants (generate_hash_secret), so a table is the same on every 64-bit machine.
/// </summary>
internal sealed class MaglevHashing : Picker
{
    /// <summary>primes[IP_VS_MH_TAB_INDEX] for CONFIG_IP_VS_MH_TAB_INDEX=12, the default of Kconfig.</summary>
    private const int TableSize = 4093;

    /// <summary>IP_VS_MH_TAB_BITS.</summary>
    private const int WeightBits = 6;
    private const ulong FirstKey = 2654435761;
    private const ulong SecondKey = 2654446892;

    private readonly SchedulerFlags _flags;
    private readonly Family _family;
    private readonly RealServerState?[] _slots = new RealServerState?[TableSize];

    public MaglevHashing(List<RealServerState> servers, SchedulerFlags flags, Family family)
        : base(servers)
    {
        _flags = flags;
        _family = family;
        Changed();
    }

    public override RealServerState? Pick(in ConnTuple flow, long now, bool commits)
    {
        var key = Hashing.Fold(flow.Source, _family) + (_flags.HasFlag(SchedulerFlags.Port) ? flow.SourcePort : 0u);
        var hash = Slot(key, FirstKey);
        var wanted = _slots[hash];
        if (wanted is null || wanted.Weight > 0) return wanted;
        if (!_flags.HasFlag(SchedulerFlags.Fallback)) return null;
        for (var step = 0; step < TableSize; step++)
        {
            var other = _slots[Slot(key + (uint)((step + hash) % TableSize), FirstKey)];
            if (other is null) break;
            if (other.Weight > 0) return other;
        }

        return null;
    }

    /// <summary>ip_vs_mh_permutate and ip_vs_mh_populate.</summary>
    public override void Changed()
    {
        Array.Clear(_slots);
        var setups = Setups();
        if (!setups.Any(setup => setup.Turns > 0)) return;
        var filled = 0;
        while (true)
        {
            foreach (var setup in setups)
            {
                for (var turn = 0; turn < setup.Turns; turn++)
                {
                    while (_slots[setup.Next] is not null) setup.Next = (setup.Next + setup.Skip) % TableSize;
                    _slots[setup.Next] = setup.Server;
                    if (++filled == TableSize) return;
                }
            }
        }
    }

    private Setup[] Setups()
    {
        var divisor = 0;
        var heaviest = 0;
        foreach (var server in Servers)
        {
            divisor = (int)BigInteger.GreatestCommonDivisor(divisor, server.LastWeight);
            heaviest = Math.Max(heaviest, server.LastWeight);
        }

        if (divisor < 1) return [];

        // ip_vs_mh_shift_weight: huge weights are scaled down to as many bits as the table allows.
        var occupied = 32 - BitOperations.LeadingZeroCount((uint)(heaviest / divisor));
        var shift = Math.Max(0, occupied - WeightBits);
        return Servers.Select(server =>
        {
            var key = Hashing.Fold(server.Endpoint.Address.Bits, _family) + server.Endpoint.Port.Value;
            var turns = (server.LastWeight / divisor) >> shift;
            if (turns == 0 && server.LastWeight != 0) turns = 1;
            return new Setup(server, turns, (int)(HalfSipHash.Of(key, SecondKey) % (TableSize - 1)) + 1)
            {
                Next = Slot(key, FirstKey),
            };
        }).ToArray();
    }

    private static int Slot(uint value, ulong key) => (int)(HalfSipHash.Of(value, key) % TableSize);

    private sealed class Setup(RealServerState server, int turns, int skip)
    {
        public RealServerState Server { get; } = server;

        public int Turns { get; } = turns;

        public int Skip { get; } = skip;

        public int Next { get; set; }
    }
}

/// <summary>
/// hsiphash of one 32-bit word with both halves of the key alike: SipHash-1-3 on machines of 64 bits
/// (lib/siphash.c:hsiphash_1u32 @v6.1; https://www.aumasson.jp/siphash/siphash.pdf).
/// </summary>
internal static class HalfSipHash
{
    private const int WordBytes = 4;

    public static uint Of(uint word, ulong key)
    {
        var v0 = 0x736f6d6570736575 ^ key;
        var v1 = 0x646f72616e646f6d ^ key;
        var v2 = 0x6c7967656e657261 ^ key;
        var v3 = 0x7465646279746573 ^ key;
        var block = ((ulong)WordBytes << 56) | word;
        v3 ^= block;
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= block;
        v2 ^= 0xff;
        for (var i = 0; i < 3; i++) Round(ref v0, ref v1, ref v2, ref v3);
        return (uint)(v0 ^ v1 ^ v2 ^ v3);
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
