using RuleCompiler.Backends;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator.Modes;

/// <summary>
/// A room with the emulator's translator for it, for callers that learn only at run time which mode they are asked for.
/// Graphs and nodes must be made for the same mode: <see cref="ProxyConfig.Mode"/> is part of what they say.
/// </summary>
public interface IMode
{
    ProxyMode Mode { get; }

    /// <summary>The room's name: iptables, nftables, ipvs.</summary>
    string Name { get; }

    /// <summary>Whether it has a text that takes kube-proxy's rules away in the step that brings ours.</summary>
    bool CanTakeOver { get; }

    /// <param name="takesOver">In place of kube-proxy's rules, where that can be said.</param>
    /// <exception cref="NotSupportedException">It cannot take over.</exception>
    ModeOutput Compile(ServiceGraph graph, NodeFacts node, bool takesOver = false);

    /// <summary>Text, ours or a dump, as a program. It is null exactly when a diagnostic is an error.</summary>
    (Program? Program, Seq<Diagnostic> Diagnostics) Load(Seq<ArtifactFile> files, Family family);

    /// <summary>From a dump to what the graph wants.</summary>
    ModePlan Plan(Seq<ArtifactFile> observed, ServiceGraph graph, NodeFacts node);

    /// <summary>
    /// What a node has that had <paramref name="observed"/>, once the plan is carried out as far as it need not wait for
    /// connections to end.
    /// </summary>
    /// <exception cref="ArgumentException">The text is not what a room printed.</exception>
    Seq<ArtifactFile> Follow(Seq<ArtifactFile> observed, ServiceGraph graph, NodeFacts node);
}

/// <summary>The steps in their order; null when the dump cannot be read.</summary>
public sealed record ModePlan(Seq<ModeStep>? Steps, Seq<Diagnostic> Diagnostics);

/// <param name="Tool">The command that takes the text, where steps of the mode are for several; else null.</param>
public sealed record ModeStep(string? Tool, string Text);

/// <summary>What a graph compiles to, as text, and what was said on the way.</summary>
public sealed record ModeOutput(Seq<ArtifactFile> Files, Seq<Unsupported> Unsupported, Seq<Diagnostic> Diagnostics);
