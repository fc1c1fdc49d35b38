using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends;

/// <summary>
/// What every backend offers; README.md beside this file is the contract in words, <c>RoomLaws</c> in the tests is the
/// contract as properties. All members are pure.
/// </summary>
/// <typeparam name="TArtifact">Everything that the backend programs for one family; compares by content.</typeparam>
/// <typeparam name="TStep">One operation that the kernel carries out atomically.</typeparam>
public interface IRoom<TArtifact, TStep>
    where TArtifact : notnull
    where TStep : notnull
{
    /// <summary>The mode's name on the command line and in golden files: <c>iptables</c>, …</summary>
    static abstract string Name { get; }

    /// <summary>The rules that make the node behave as the graph says.</summary>
    static abstract Lowering<TArtifact> Lower(ServiceGraph graph, NodeFacts node);

    /// <summary>Canonical files, in the order in which they are applied to a clean node.</summary>
    static abstract Seq<ArtifactFile> Print(TArtifact artifact);

    /// <summary>
    /// Reads <see cref="Print"/>'s files or a live dump. Never throws on bad text: what cannot be read is a diagnostic,
    /// and then the artifact is what could be read.
    /// </summary>
    static abstract Parsed<TArtifact> Parse(Seq<ArtifactFile> files, Family family);

    /// <summary>
    /// The fewest operations that turn the observed state into the desired one, leaving alone what is not ours. After
    /// every prefix of the steps each frontend has its old or its new outcome.
    /// </summary>
    static abstract Seq<TStep> Plan(TArtifact observed, TArtifact desired);

    /// <summary>The state after one step: what the kernel does, on values.</summary>
    static abstract TArtifact Apply(TArtifact observed, TStep step);

    /// <summary>A step as the text that the kernel's tool reads.</summary>
    static abstract string PrintStep(TStep step, Family family);
}

/// <summary>
/// A named text: <c>Name</c> is the file name under <c>compile -o DIR</c>, or the path it was read from.
/// </summary>
public sealed record ArtifactFile(string Name, string Text);

/// <summary>A lowered artifact with what could not be expressed; nothing is left out silently.</summary>
public sealed record Lowering<TArtifact>(TArtifact Artifact, Seq<Unsupported> Unsupported, Seq<Diagnostic> Diagnostics);

/// <summary>A feature that the target lacks, and what it would need.</summary>
public sealed record Unsupported(string Feature, string Needs, ServicePortName? For);

public sealed record Parsed<TArtifact>(TArtifact Artifact, Seq<Diagnostic> Diagnostics)
{
    public bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.Rule.Severity == Severity.Error);
}
