using RuleCompiler.Emulator;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>What a flow file's run against one target showed.</summary>
/// <param name="Diagnostics">Why nothing or not all could run, and RC2100 for every expectation that failed.</param>
public sealed record FlowReport(string Path, string Target, Seq<CaseReport> Cases, Seq<Diagnostic> Diagnostics)
{
    public int Passed => Count(FlowStatus.Passed);

    public int Failed => Count(FlowStatus.Failed);

    public int Skipped => Count(FlowStatus.Skipped);

    /// <summary>Every expectation was met, and nothing kept one from being tried.</summary>
    public bool IsGood => !Diagnostics.Any(diagnostic => diagnostic.Rule.Severity == Severity.Error);

    private int Count(FlowStatus status) => Cases.Sum(one => one.Results.Count(result => result.Status == status));
}

/// <param name="Title">"" for the lines before the first case line.</param>
public sealed record CaseReport(string Title, Location Location, Seq<FlowResult> Results);

public enum FlowStatus
{
    Passed,
    Failed,

    /// <summary>The line is for other modes.</summary>
    Skipped,
}

/// <summary>One expectation's result.</summary>
/// <param name="Text">The line as written.</param>
/// <param name="Expected">What stands behind <c>expect</c>.</param>
/// <param name="Happened">The outcomes with their probabilities, or the answer; "" when skipped.</param>
/// <param name="Reasons">Each way in which the two differ; empty when passed.</param>
/// <param name="Distribution">The exact one; null when the target cannot give it, and for replies.</param>
/// <param name="Rules">The rules that the packet hit; when failed, those of an outcome that should not be.</param>
public sealed record FlowResult(
    Location Location,
    string Text,
    FlowStatus Status,
    string Expected,
    string Happened,
    Seq<string> Reasons,
    Distribution? Distribution,
    Seq<TraceStep> Rules);
