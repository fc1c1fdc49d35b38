using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Cli.Documents;
using RuleCompiler.Ir.Text;
using RuleCompiler.Spec;

namespace RuleCompiler.Cli.Verbs;

/// <summary>Results of flow files: every failure in full, and the counts last.</summary>
internal static class CheckDocument
{
    /// <param name="isVerbose">People see a line for each expectation that was met, too.</param>
    public static Document Of(IReadOnlyList<FlowReport> reports, bool isVerbose)
    {
        var failed = reports.Sum(report => report.Failed);
        var counts = Counts(
            reports.Sum(report => report.Passed), failed, reports.Sum(report => report.Skipped));
        var summary = $"{counts} in {DiagnosticText.Counted(reports.Count, "file")}";
        return Document.Of(
            new Block.Each(null, reports.Select(report => Document.Of(BlocksOf(report, isVerbose))).ToSeq()),
            new Block.Heading(Line.Badge(summary, failed > 0 ? Tone.Bad : Tone.Good), Level: 0));
    }

    private static IEnumerable<Block> BlocksOf(FlowReport report, bool isVerbose)
    {
        yield return new Block.Fact("path", report.Path);
        yield return new Block.Fact("target", report.Target);
        yield return new Block.Fact("passed", report.Passed);
        yield return new Block.Fact("failed", report.Failed);
        yield return new Block.Fact("skipped", report.Skipped);
        var counts = Counts(report.Passed, report.Failed, report.Skipped);
        if (isVerbose) yield return new Block.Heading($"{report.Path} on {report.Target}: {counts}");
        yield return ResultsOf(report, isVerbose);
        var failures = report.Cases.SelectMany(one => one.Results
            .Where(result => result.Status == FlowStatus.Failed)
            .SelectMany(result => FailureOf(one, result)));
        foreach (var block in failures) yield return block;
    }

    private static Block.Table ResultsOf(FlowReport report, bool isVerbose) => new(
        "results",
        [
            new Column("status", isVerbose ? "result" : null),
            new Column("text", isVerbose ? "expectation" : null, Fit: Fit.Prose),
            new Column("case", null),
            new Column("line", null),
            new Column("expected", null),
            new Column("found", null),
            new Column("reasons", null),
        ],
        report.Cases.SelectMany(one => one.Results.Select(result => (Seq<Cell>)
        [
            NameOf(result.Status),
            result.Text,
            one.Title.Length > 0 ? one.Title : Cell.None,
            result.Location.Line,
            result.Expected,
            result.Happened,
            Value.List(result.Reasons.Select(reason => (Value)reason)),
        ])).ToSeq());

    private static IEnumerable<Block> FailureOf(CaseReport one, FlowResult result)
    {
        var title = one.Title.Length == 0 ? "" : $" in \"{one.Title}\"";
        return
        [
            new Block.Heading(Line.Badge($"{result.Location}: failed{title}", Tone.Bad)),
            new Block.Paragraph(result.Text),
            new Block.Paragraph($"expected  {result.Expected}"),
            new Block.Paragraph($"found     {result.Happened}"),
            .. result.Reasons.Select(reason => new Block.Paragraph($"because   {reason}")),
            StepsTable.Of(result.Rules.Where(rule => rule.RuleNumber > 0)),
        ];
    }

    private static string NameOf(FlowStatus status) => status switch
    {
        FlowStatus.Passed => "passed",
        FlowStatus.Failed => "failed",
        FlowStatus.Skipped => "skipped",
    };

    private static string Counts(int passed, int failed, int skipped) =>
        $"{passed} passed, {failed} failed" + (skipped > 0 ? $", {skipped} skipped" : "");
}
