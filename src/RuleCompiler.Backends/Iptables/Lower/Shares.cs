namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// Equal shares out of a row of random choices. Rule i of n takes what reaches it with probability 1/(n-i), rounded to
/// the 31 bits that the kernel compares (<see cref="Match.Statistic"/>).
/// </summary>
/// <remarks>
/// Why every endpoint's share is within 2^-31 of 1/n. A rounding moves a probability by at most e = 2^-32. A surplus
/// that rule j takes is missing from all later rules in equal parts, so what reaches rule i is off by
/// sum(j &lt; i) e · (n-i)/n at most, of which rule i takes 1/(n-i): its share is off by e · i/n, and by e · (n-i)/n for
/// its own rounding, together e. In groups, a group's share is off by little more than e in the same way and is then
/// divided by its size, and a member's share of the group is off by e times the group's share: less than e again.
/// SharesTests computes all of it exactly for n = 1 to 1000.
/// </remarks>
internal static class Shares
{
    /// <summary>
    /// Endpoints of one group. A packet tests half of a row on average, so √1000 is right for a thousand endpoints, the
    /// most that Kubernetes ever promised for a Service (the truncation limit of the core Endpoints API).
    /// </summary>
    public const int GroupSize = 32;

    /// <summary>Up to here one row is cheaper than the jump into a group.</summary>
    public const int SingleRowMax = 2 * GroupSize;

    /// <summary>The integer nearest to 2^31 · share / of.</summary>
    public static uint Threshold(int share, int of) => (uint)((((ulong)share << 32) / (ulong)of + 1) >> 1);

    /// <summary>
    /// Sizes of the groups for a number of endpoints: all equal but the last. One group means a single row.
    /// </summary>
    public static int GroupSizeFor(int endpoints) =>
        endpoints <= SingleRowMax ? endpoints : Math.Max(GroupSize, (endpoints + Names.GroupsMax - 1) / Names.GroupsMax);
}
