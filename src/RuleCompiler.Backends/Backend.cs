using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends;

/// <summary>
/// One way to program a node with Services, for callers that learn at run time which one is wanted. README.md beside
/// this file is the contract in words, <c>BackendLaws</c> in the tests is the contract as properties. All members are
/// pure. <see cref="Compilation"/> is the usual way in; <see cref="BackendRegistry"/> lists every backend.
/// </summary>
public abstract class Backend
{
    /// <summary>The backend's name on the command line and in golden files: <c>iptables</c>, …</summary>
    public abstract string Name { get; }

    /// <summary>The value of KubeProxyConfiguration.mode that this backend implements.</summary>
    public abstract ProxyMode Mode { get; }

    /// <summary>A change is given to several tools in turn, so each step is printed under its tool.</summary>
    public virtual bool UsesSeveralTools => false;

    /// <summary>It can delete kube-proxy's rules in the operation that loads its own.</summary>
    public virtual bool CanTakeOver => false;

    /// <summary>
    /// The text is in the form of this backend's tools. False when in doubt:
    /// <see cref="BackendRegistry.Recognize"/> then gives it to iptables.
    /// </summary>
    public virtual bool Recognizes(Seq<ArtifactFile> files) => false;

    /// <summary>The families whose rules the text holds, at least one: IPv4 when the text shows neither.</summary>
    public abstract Seq<Family> FamiliesOf(Seq<ArtifactFile> files);

    /// <summary>The text holds rules that kube-proxy wrote rather than ours.</summary>
    public virtual bool IsKubeProxys(Seq<ArtifactFile> files) => false;

    /// <summary>
    /// Reads text, ours or a dump. What cannot be read is a diagnostic, and the artifact is what could be read.
    /// </summary>
    public abstract Parsed<object> Read(Seq<ArtifactFile> files, Family family);

    /// <summary>The files of the graph's family, in the order in which they are applied to a clean node.</summary>
    /// <param name="takesOver">Also deletes kube-proxy's rules.</param>
    /// <exception cref="NotSupportedException">It cannot take over (<see cref="CanTakeOver"/>).</exception>
    /// <exception cref="ArgumentException">The graph was built for another mode.</exception>
    public abstract CompiledFiles Compile(ServiceGraph graph, bool takesOver = false);

    /// <summary>From what a dump shows to what the graph wants.</summary>
    /// <exception cref="ArgumentException">The graph was built for another mode.</exception>
    public abstract BackendPlan Plan(Seq<ArtifactFile> observed, ServiceGraph graph);

    /// <summary>
    /// What a node that had <paramref name="observed"/> has after the plan, without the steps that wait for connections
    /// to end.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The text was not printed by this backend, or the graph was built for another mode.
    /// </exception>
    public abstract CompiledFiles Follow(Seq<ArtifactFile> observed, ServiceGraph graph);

    public override string ToString() => Name;
}

/// <summary>A backend with the types of its artifact and its steps: the phases, one after the other.</summary>
/// <typeparam name="TArtifact">Everything that the backend programs for one family; compares by content.</typeparam>
/// <typeparam name="TStep">One operation that the kernel carries out atomically.</typeparam>
public abstract class Backend<TArtifact, TStep> : Backend
    where TArtifact : notnull
    where TStep : notnull
{
    /// <summary>The rules that make the graph's node behave as the graph says.</summary>
    /// <exception cref="ArgumentException">The graph was built for another mode.</exception>
    public Lowering<TArtifact> Lower(ServiceGraph graph) => graph.Node.Config.Mode == Mode
        ? LowerChecked(graph)
        : throw new ArgumentException(
            $"the graph was built for mode {graph.Node.Config.Mode}, not {Mode}", nameof(graph));

    /// <summary>Canonical files, in the order in which they are applied to a clean node.</summary>
    public abstract Seq<ArtifactFile> Print(TArtifact artifact);

    /// <summary>
    /// Reads <see cref="Print"/>'s files or a live dump. Never throws on bad text: what cannot be read is a diagnostic,
    /// and then the artifact is what could be read.
    /// </summary>
    public abstract Parsed<TArtifact> Parse(Seq<ArtifactFile> files, Family family);

    /// <summary>
    /// The fewest operations that turn the observed state into the desired one, leaving alone what is not ours. After
    /// every prefix of the steps each frontend has its old or its new outcome.
    /// </summary>
    public abstract Seq<TStep> Plan(TArtifact observed, TArtifact desired);

    /// <summary>The state after one step: what the kernel does, on values.</summary>
    public abstract TArtifact Apply(TArtifact observed, TStep step);

    /// <summary>A step as the text that <see cref="ToolOf"/> reads.</summary>
    public abstract string PrintStep(TStep step, Family family);

    /// <summary>The command that takes a step's text on standard input.</summary>
    public abstract string ToolOf(TStep step, Family family);

    /// <summary>The step is carried out only after connections have ended.</summary>
    public virtual bool Waits(TStep step) => false;

    /// <summary>As <see cref="Print"/>, and the same operation deletes kube-proxy's rules of the family.</summary>
    /// <exception cref="NotSupportedException">The backend lacks it (<see cref="Backend.CanTakeOver"/>).</exception>
    public virtual Seq<ArtifactFile> PrintTakeOver(TArtifact artifact) => throw new NotSupportedException(Name);

    public sealed override Parsed<object> Read(Seq<ArtifactFile> files, Family family)
    {
        var parsed = Parse(files, family);
        return new Parsed<object>(parsed.Artifact, parsed.Diagnostics);
    }

    public sealed override CompiledFiles Compile(ServiceGraph graph, bool takesOver = false)
    {
        var lowering = Lower(graph);
        return new CompiledFiles(
            takesOver ? PrintTakeOver(lowering.Artifact) : Print(lowering.Artifact), lowering.Diagnostics);
    }

    public sealed override BackendPlan Plan(Seq<ArtifactFile> observed, ServiceGraph graph)
    {
        var lowering = Lower(graph);
        var before = Parse(observed, graph.Family);
        if (before.HasErrors) return new BackendPlan(null, before.Diagnostics);
        var steps = Plan(before.Artifact, lowering.Artifact).Select(step => new PlannedStep(
            ToolOf(step, graph.Family), Waits(step), PrintStep(step, graph.Family)));
        return new BackendPlan(steps.ToSeq(), before.Diagnostics.Concat(lowering.Diagnostics).ToSeq());
    }

    public sealed override CompiledFiles Follow(Seq<ArtifactFile> observed, ServiceGraph graph)
    {
        var lowering = Lower(graph);
        var before = Parse(observed, graph.Family);
        if (before.HasErrors) throw new ArgumentException(before.Diagnostics.ToString(), nameof(observed));
        var state = before.Artifact;
        foreach (var step in Plan(state, lowering.Artifact))
        {
            if (!Waits(step)) state = Apply(state, step);
        }

        return new CompiledFiles(Print(state), lowering.Diagnostics);
    }

    /// <summary><see cref="Lower"/>, of a graph that was built for this backend's mode.</summary>
    protected abstract Lowering<TArtifact> LowerChecked(ServiceGraph graph);
}
