using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Spec;

namespace RuleCompiler.Cli.Verbs;

/// <summary>Results for people: every failure in full, and a last line with the counts.</summary>
internal static class CheckText
{
    /// <param name="isVerbose">With a line for each file and each expectation that was met.</param>
    public static void Write(IReadOnlyList<FlowReport> reports, Display display, bool isVerbose)
    {
        foreach (var report in reports)
        {
            if (isVerbose)
                display.Line(
                    $"{report.Path} on {report.Target}: {Counts(report.Passed, report.Failed, report.Skipped)}");
            foreach (var one in report.Cases)
            {
                foreach (var result in one.Results) WriteResult(one, result, display, isVerbose);
            }
        }

        var failed = reports.Sum(report => report.Failed);
        display.Line(
            $"{Counts(reports.Sum(report => report.Passed), failed, reports.Sum(report => report.Skipped))} in "
            + DiagnosticText.Counted(reports.Count, "file"),
            failed > 0 ? Tint.Red : Tint.Green);
    }

    private static void WriteResult(CaseReport one, FlowResult result, Display display, bool isVerbose)
    {
        switch (result.Status)
        {
            case FlowStatus.Passed:
                if (isVerbose) display.Line($"  ok    {result.Text}");
                break;
            case FlowStatus.Skipped:
                if (isVerbose) display.Line($"  skip  {result.Text}");
                break;
            case FlowStatus.Failed:
                WriteFailure(one, result, display);
                break;
        }
    }

    private static void WriteFailure(CaseReport one, FlowResult result, Display display)
    {
        display.Line($"{result.Location}: failed{(one.Title.Length == 0 ? "" : $" in \"{one.Title}\"")}", Tint.Red);
        display.Line($"  {result.Text}");
        display.Line($"  expected  {result.Expected}");
        display.Line($"  found     {result.Happened}");
        foreach (var reason in result.Reasons) display.Line($"  because   {reason}");
        foreach (var rule in result.Rules)
        {
            if (rule.RuleNumber == 0) continue;
            display.Line($"  rule      {rule.Hook} {rule.Table} {rule.Chain} {rule.RuleNumber}: {rule.RuleText}");
        }

        display.Line();
    }

    private static string Counts(int passed, int failed, int skipped) =>
        $"{passed} passed, {failed} failed" + (skipped > 0 ? $", {skipped} skipped" : "");
}
