using RuleCompiler.Backends;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator.Modes;

/// <summary>The road through one room.</summary>
internal sealed class Mode<TRoom, TArtifact, TStep>(
    ProxyMode mode,
    Func<TArtifact, (Program? Program, Seq<Diagnostic> Diagnostics)> translate,
    Func<TStep, bool>? waits = null,
    Func<TStep, Family, string>? toolOf = null,
    Func<TArtifact, Seq<ArtifactFile>>? printTakeOver = null) : IMode
    where TRoom : IRoom<TArtifact, TStep>
    where TArtifact : notnull
    where TStep : notnull
{
    public string Name => TRoom.Name;

    ProxyMode IMode.Mode => mode;

    public bool CanTakeOver => printTakeOver is not null;

    public ModeOutput Compile(ServiceGraph graph, NodeFacts node, bool takesOver)
    {
        var lowering = TRoom.Lower(graph, node);
        var print = takesOver ? printTakeOver ?? throw new NotSupportedException(Name) : TRoom.Print;
        return new ModeOutput(print(lowering.Artifact), lowering.Unsupported, lowering.Diagnostics);
    }

    public (Program? Program, Seq<Diagnostic> Diagnostics) Load(Seq<ArtifactFile> files, Family family)
    {
        var parsed = TRoom.Parse(files, family);
        if (parsed.HasErrors) return (null, parsed.Diagnostics);
        var (program, diagnostics) = translate(parsed.Artifact);
        return (program, parsed.Diagnostics.Concat(diagnostics).ToSeq());
    }

    public ModePlan Plan(Seq<ArtifactFile> observed, ServiceGraph graph, NodeFacts node)
    {
        var before = TRoom.Parse(observed, graph.Family);
        if (before.HasErrors) return new ModePlan(null, before.Diagnostics);
        var lowering = TRoom.Lower(graph, node);
        var steps = TRoom.Plan(before.Artifact, lowering.Artifact);
        return new ModePlan(
            steps.Select(step => new ModeStep(
                toolOf?.Invoke(step, graph.Family), TRoom.PrintStep(step, graph.Family))).ToSeq(),
            before.Diagnostics.Concat(lowering.Diagnostics).ToSeq());
    }

    public Seq<ArtifactFile> Follow(Seq<ArtifactFile> observed, ServiceGraph graph, NodeFacts node)
    {
        var before = TRoom.Parse(observed, graph.Family);
        if (before.HasErrors) throw new ArgumentException(before.Diagnostics.ToString(), nameof(observed));
        var state = before.Artifact;
        foreach (var step in TRoom.Plan(state, TRoom.Lower(graph, node).Artifact))
        {
            if (waits?.Invoke(step) != true) state = TRoom.Apply(state, step);
        }

        return TRoom.Print(state);
    }
}
