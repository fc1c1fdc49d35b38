namespace RuleCompiler.KernelTests.Probing;

/// <summary>
/// Counts how often a choice fell on each of its turns, and says when that cannot be chance. The bound is the method of
/// types (Cover and Thomas, Elements of Information Theory, theorem 11.4.1): for n draws among k turns,
/// P(n · D(counts / n ‖ shares) ≥ x) ≤ C(n + k - 1, k - 1) · e^-x. It holds for every n, also where an expected count is
/// below the five that a χ² test needs.
/// </summary>
internal sealed class Balance(double[] shares)
{
    /// <summary>Chance that a correct kernel fails one comparison.</summary>
    private const double FalseAlarm = 1e-9;

    private readonly long[] _counts = new long[shares.Length];

    public long Draws => _counts.Sum();

    public void Add(int turn) => _counts[turn]++;

    public void Add(Balance other)
    {
        for (var turn = 0; turn < _counts.Length; turn++) _counts[turn] += other._counts[turn];
    }

    /// <summary>Null when the counts are plausible.</summary>
    public string? Complaint()
    {
        var (draws, excess) = ((double)Draws, 0.0);
        for (var turn = 0; turn < shares.Length; turn++)
        {
            if (_counts[turn] > 0) excess += _counts[turn] * Math.Log(_counts[turn] / (draws * shares[turn]));
        }

        var types = 0.0;
        for (var i = 1; i < shares.Length; i++) types += Math.Log((draws + i) / i);
        return excess < types - Math.Log(FalseAlarm)
            ? null
            : $"shares {string.Join(" ", shares)}, but counts {string.Join(" ", _counts)}";
    }
}
