using System.Globalization;

namespace RuleCompiler.Bench;

/// <summary>One line of the result: what was measured, against what, and whether the goal is met.</summary>
internal sealed record Row(string Name, string Ours, string Reference, string Figure, string Goal, bool Met)
{
    public static Row Faster(string name, double ours, double theirs, double goal) => new(
        name, Measure.Format(ours), Measure.Format(theirs), Number(theirs / ours) + "× faster",
        $"≥ {Number(goal)}×", theirs / ours >= goal);

    /// <summary>A figure that must not exceed a limit; both in the same unit.</summary>
    public static Row AtMost(string name, double value, double limit, string unit, double? reference = null) => new(
        name, Number(value) + unit, reference is { } theirs ? Number(theirs) + unit : "–", Number(value) + unit, $"≤ {Number(limit)}{unit}", value <= limit);

    public static Row AtLeast(string name, double value, double limit, string unit) => new(
        name, Number(value) + unit, "–", Number(value) + unit, $"≥ {Number(limit)}{unit}", value >= limit);

    public override string ToString() => $"| {Name} | {Ours} | {Reference} | {Figure} | {Goal} | {(Met ? "yes" : "**no**")} |";

    internal static string Number(double value) => value.ToString(value >= 100 ? "#,0" : "0.00", CultureInfo.InvariantCulture);
}
