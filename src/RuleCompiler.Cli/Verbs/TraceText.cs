using System.Globalization;
using System.Numerics;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>A trace for people.</summary>
internal static class TraceText
{
    /// <param name="isVerbose">With the rules' text on a terminal too.</param>
    public static void Write(Trace trace, Display display, bool isVerbose)
    {
        var outcomes = trace.Distribution.Outcomes;
        var first = outcomes[0].Example;
        var arrival = trace.Packet.InputInterface is { } name ? $"arrives on {name}" : "sent by the node itself";
        display.Line($"{trace.Packet.Tuple}, {arrival}");
        display.Line();
        if (first.Steps.IsEmpty) display.Line("  no rule matches");
        else WriteSteps(first.Steps, display, withText: isVerbose || !display.IsTerminal);
        display.Line();
        if (outcomes.Count > 1) display.Line($"  (the way to the first of {outcomes.Count} outcomes)");
        display.Table(
            ["outcome", "chance", "exactly", "ends", "answers come as"],
            outcomes.Select(outcome => (string[])
            [
                outcome.Outcome.ToString()!,
                Percent(outcome),
                Exactly(outcome),
                Describe(outcome.Example.Fate),
                outcome.Example.Reply is { } reply && outcome.Outcome is Outcome.Translated ? reply.ToString() : "",
            ]),
            indent: 2);
        if (trace.Expected is null || !trace.Agrees) return;
        display.Line();
        display.Line("  as the cluster's objects mean it", Tint.Green);
    }

    public static string Describe(Fate fate) => fate switch
    {
        Fate.Delivered => "delivered to the node",
        Fate.Sent sent => $"leaves by {sent.OutputInterface}",
        Fate.Dropped => "dropped",
        Fate.Rejected => "rejected",
        Fate.Unroutable => "no route",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    public static string Exactly(WeightedOutcome outcome) =>
        outcome.Denominator.IsOne ? outcome.Numerator.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{outcome.Numerator}/{outcome.Denominator}");

    /// <summary>Rounded to a hundredth of a percent, in whole numbers so that it is the same everywhere.</summary>
    private static string Percent(WeightedOutcome outcome)
    {
        var hundredths = ((outcome.Numerator * 20_000) + outcome.Denominator) / (2 * outcome.Denominator);
        return string.Create(
            CultureInfo.InvariantCulture, $"{hundredths / 100}.{(int)BigInteger.Remainder(hundredths, 100):00} %");
    }

    private static void WriteSteps(Seq<TraceStep> steps, Display display, bool withText)
    {
        string[] headers = ["hook", "table", "chain", "rule", "then", "service", "text"];
        var columns = withText ? headers.Length : headers.Length - 1;
        display.Table(headers[..columns], steps.Select(step => Row(step)[..columns]), indent: 2);
    }

    private static string[] Row(TraceStep step) =>
    [
        step.Hook,
        step.Table,
        step.Chain,
        step.RuleNumber == 0 ? "" : step.RuleNumber.ToString(CultureInfo.InvariantCulture),
        step.Effect,
        step.Service ?? "",
        step.RuleText,
    ];
}
