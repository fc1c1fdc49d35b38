namespace RuleCompiler.Emulator;

/// <summary>
/// The kernel's get_random_u32 / prandom_u32: uniform 32-bit words. Injected, so that a run can be repeated.
/// </summary>
public interface IRandomSource
{
    uint Next();
}

/// <summary>
/// xoshiro128** seeded by SplitMix64 (https://prng.di.unimi.it): the same words for the same seed, anywhere.
/// </summary>
public sealed class SeededRandom : IRandomSource
{
    private uint _s0, _s1, _s2, _s3;

    public SeededRandom(ulong seed)
    {
        var (a, b) = (SplitMix(ref seed), SplitMix(ref seed));
        (_s0, _s1, _s2, _s3) = ((uint)a, (uint)(a >> 32), (uint)b, (uint)(b >> 32));
    }

    public uint Next()
    {
        var result = uint.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 9;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = uint.RotateLeft(_s3, 11);
        return result;
    }

    private static ulong SplitMix(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
