using System.Globalization;
using FsCheck;
using Xunit;

namespace RuleCompiler.Tests.Gen;

/// <summary>
/// Runs a property over generated scenarios. Case i of a run uses seed + i, so the line that a failure prints repeats it
/// alone: RULEC_FUZZ_SEED=that RULEC_FUZZ_CASES=1.
/// </summary>
internal static class Fuzz
{
    private const ulong DefaultSeed = 20261123;

    /// <summary>SplitMix64's golden gamma; any odd number serves (https://prng.di.unimi.it/splitmix64.c).</summary>
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    /// <summary>Enough for any shrunk cluster to be small, few enough to end at once.</summary>
    private const int ShrinkTriesMax = 2000;

    /// <summary>RULEC_FUZZ_CASES, or a count that keeps the fast suite fast.</summary>
    public static int Cases(int fast) =>
        int.TryParse(Environment.GetEnvironmentVariable("RULEC_FUZZ_CASES"), CultureInfo.InvariantCulture, out var cases)
            ? cases
            : fast;

    public static ulong Seed =>
        ulong.TryParse(Environment.GetEnvironmentVariable("RULEC_FUZZ_SEED"), CultureInfo.InvariantCulture, out var seed)
            ? seed
            : DefaultSeed;

    public static T Sample<T>(Gen<T> gen, ulong seed) => FsCheck.Fluent.Gen.Sample(gen, 1, new Rnd(seed, Gamma), 50).Single();

    /// <param name="check">Null when the property holds, else what was expected and what was found.</param>
    public static void Scenarios(int fastCases, Func<Scenario, string?> check)
    {
        var seeds = Enumerable.Range(0, Cases(fastCases)).Select(i => Seed + (ulong)i);
        foreach (var seed in Regressions.Scenarios.Select(row => row.Seed).Concat(seeds))
            Check(seed, Sample(Scenario.Any, seed), check, scenario => scenario.Shrink());
    }

    /// <inheritdoc cref="Scenarios"/>
    public static void Histories(int fastCases, Func<History, string?> check)
    {
        var seeds = Enumerable.Range(0, Cases(fastCases)).Select(i => Seed + (ulong)i);
        foreach (var seed in Regressions.Histories.Select(row => row.Seed).Concat(seeds))
            Check(seed, Sample(UpdateGen.History, seed), check, history => history.Shrink());
    }

    public static void Check<T>(ulong seed, T value, Func<T, string?> check, Func<T, IEnumerable<T>> shrink)
    {
        if (Guarded(value) is not { } message) return;
        var (smallest, tries) = (value, 0);
        for (var smaller = true; smaller;)
        {
            smaller = false;
            foreach (var candidate in shrink(smallest))
            {
                if (++tries > ShrinkTriesMax) break;
                if (Guarded(candidate) is not { } still) continue;
                (smallest, message, smaller) = (candidate, still, true);
                break;
            }
        }

        Assert.Fail($"{message}\n\nRULEC_FUZZ_SEED={seed} RULEC_FUZZ_CASES=1 repeats it; shrunk in {tries} tries to\n{smallest}");

        // An exception is a failure like any other, and shrinks like one.
        string? Guarded(T one)
        {
            try
            {
                return check(one);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                return exception.ToString();
            }
        }
    }
}
