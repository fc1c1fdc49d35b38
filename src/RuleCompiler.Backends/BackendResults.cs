using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends;

/// <summary>A named text.</summary>
/// <param name="Name">The file name under <c>compile -o DIR</c>, or the path it was read from.</param>
/// <param name="Text">What the tool reads or wrote.</param>
public sealed record ArtifactFile(string Name, string Text)
{
    /// <summary>The command that loads the text; null for a text that was read from outside.</summary>
    public string? Tool { get; init; }
}

/// <summary>A graph and its rules; what the backend cannot express is among the diagnostics.</summary>
public abstract record Lowering(ServiceGraph Graph, Seq<Diagnostic> Diagnostics);

/// <summary>
/// The rules as one backend's artifact. A backend derives from it what it needs to lower the next graph from this one.
/// </summary>
public record Lowering<TArtifact>(ServiceGraph Graph, TArtifact Artifact, Seq<Diagnostic> Diagnostics)
    : Lowering(Graph, Diagnostics);

/// <summary>What was read. With an error, the artifact lacks what the diagnostics name.</summary>
public sealed record Parsed<TArtifact>(TArtifact Artifact, Seq<Diagnostic> Diagnostics)
{
    public bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.Rule.Severity == Severity.Error);
}

/// <summary>The steps in their order; null when the dump cannot be read.</summary>
public sealed record BackendPlan(Seq<PlannedStep>? Steps, Seq<Diagnostic> Diagnostics);

/// <summary>One step of a plan, as text.</summary>
/// <param name="Tool">The command that takes the text on standard input.</param>
/// <param name="Waits">It is carried out only after connections have ended.</param>
/// <param name="Text">The tool's input.</param>
public sealed record PlannedStep(string Tool, bool Waits, string Text);
