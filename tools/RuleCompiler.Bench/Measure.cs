using System.Diagnostics;
using System.Globalization;

namespace RuleCompiler.Bench;

/// <summary>Times in milliseconds; medians, since a shared machine has outliers on one side only.</summary>
internal static class Measure
{
    public static double Milliseconds(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Runs ours and theirs in turns, so that both see the same weather, and returns both medians.</summary>
    public static (double Ours, double Theirs) Interleaved(int rounds, Func<double> ours, Func<double> theirs)
    {
        var mine = new double[rounds];
        var other = new double[rounds];
        for (var round = 0; round < rounds; round++)
        {
            mine[round] = ours();
            other[round] = theirs();
        }

        return (Median(mine), Median(other));
    }

    public static double Median(double[] values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1
            ? sorted[sorted.Length / 2]
            : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    public static string Format(double milliseconds) => milliseconds switch
    {
        >= 1000 => (milliseconds / 1000).ToString("0.00", CultureInfo.InvariantCulture) + " s",
        >= 1 => milliseconds.ToString("0.0", CultureInfo.InvariantCulture) + " ms",
        _ => (milliseconds * 1000).ToString("0.0", CultureInfo.InvariantCulture) + " µs",
    };
}
