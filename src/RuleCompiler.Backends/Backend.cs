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

    /// <summary>The rules that make the graph's node behave as the graph says.</summary>
    /// <param name="previous">
    /// This backend's rules of an earlier graph of the family, to start from: service-ports that did not change are not
    /// looked at, and what both have is shared. The result is the same without it.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The graph was built for another mode, or <paramref name="previous"/> is another backend's or family's.
    /// </exception>
    public abstract Lowering Lower(ServiceGraph graph, Lowering? previous = null);

    /// <summary>Canonical files, in the order in which they are applied to a clean node.</summary>
    public abstract Seq<ArtifactFile> Print(Lowering lowering);

    /// <summary>As <see cref="Print"/>, and the same operation deletes kube-proxy's rules of the family.</summary>
    /// <exception cref="NotSupportedException">It cannot take over (<see cref="CanTakeOver"/>).</exception>
    public abstract Seq<ArtifactFile> PrintTakeOver(Lowering lowering);

    /// <summary>From one graph's rules to another's. Takes no longer than they differ.</summary>
    public abstract Seq<PlannedStep> Plan(Lowering from, Lowering to);

    /// <summary>From what a dump shows to what is desired; of the diagnostics, those of reading the dump.</summary>
    public abstract BackendPlan Plan(Seq<ArtifactFile> observed, Lowering desired);

    /// <summary>
    /// What a node that had <paramref name="observed"/> has after the plan, without the steps that wait for connections
    /// to end.
    /// </summary>
    /// <exception cref="ArgumentException">The text was not printed by this backend.</exception>
    public abstract Seq<ArtifactFile> Follow(Seq<ArtifactFile> observed, Lowering desired);

    public override string ToString() => Name;
}

/// <summary>A backend with the types of its artifact and its steps: the phases, one after the other.</summary>
/// <typeparam name="TArtifact">Everything that the backend programs for one family; compares by content.</typeparam>
/// <typeparam name="TStep">One operation that the kernel carries out atomically.</typeparam>
public abstract class Backend<TArtifact, TStep> : Backend
    where TArtifact : notnull
    where TStep : notnull
{
    public sealed override Lowering<TArtifact> Lower(ServiceGraph graph, Lowering? previous = null)
    {
        if (graph.Node.Config.Mode != Mode)
        {
            throw new ArgumentException(
                $"the graph was built for mode {graph.Node.Config.Mode}, not {Mode}", nameof(graph));
        }

        if (previous is not null && previous.Graph.Family != graph.Family)
        {
            throw new ArgumentException(
                $"rules of {previous.Graph.Family.ApiName()} cannot become those of {graph.Family.ApiName()}",
                nameof(previous));
        }

        return LowerChecked(graph, previous is null ? null : Own(previous));
    }

    /// <summary>Canonical files, in the order in which they are applied to a clean node.</summary>
    public abstract Seq<ArtifactFile> Print(TArtifact artifact);

    /// <summary>
    /// Reads <see cref="Print(TArtifact)"/>'s files or a live dump. Never throws on bad text: what cannot be read is a
    /// diagnostic, and then the artifact is what could be read.
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

    /// <summary>
    /// As <see cref="Print(TArtifact)"/>, and the same operation deletes kube-proxy's rules of the family.
    /// </summary>
    /// <exception cref="NotSupportedException">The backend lacks it (<see cref="Backend.CanTakeOver"/>).</exception>
    public virtual Seq<ArtifactFile> PrintTakeOver(TArtifact artifact) => throw new NotSupportedException(Name);

    public sealed override Parsed<object> Read(Seq<ArtifactFile> files, Family family)
    {
        var parsed = Parse(files, family);
        return new Parsed<object>(parsed.Artifact, parsed.Diagnostics);
    }

    public sealed override Seq<ArtifactFile> Print(Lowering lowering) => Print(Own(lowering).Artifact);

    public sealed override Seq<ArtifactFile> PrintTakeOver(Lowering lowering) => PrintTakeOver(Own(lowering).Artifact);

    public sealed override Seq<PlannedStep> Plan(Lowering from, Lowering to) =>
        Printed(Plan(Own(from).Artifact, Own(to).Artifact), to.Graph.Family);

    public sealed override BackendPlan Plan(Seq<ArtifactFile> observed, Lowering desired)
    {
        var before = Parse(observed, desired.Graph.Family);
        return new BackendPlan(
            before.HasErrors
                ? null
                : Printed(Plan(before.Artifact, Own(desired).Artifact), desired.Graph.Family),
            before.Diagnostics);
    }

    public sealed override Seq<ArtifactFile> Follow(Seq<ArtifactFile> observed, Lowering desired)
    {
        var before = Parse(observed, desired.Graph.Family);
        if (before.HasErrors) throw new ArgumentException(before.Diagnostics.ToString(), nameof(observed));
        var state = before.Artifact;
        foreach (var step in Plan(state, Own(desired).Artifact))
        {
            if (!Waits(step)) state = Apply(state, step);
        }

        return Print(state);
    }

    /// <summary>
    /// <see cref="Lower"/>, of a graph that was built for this backend's mode, from one of the same family.
    /// </summary>
    protected abstract Lowering<TArtifact> LowerChecked(ServiceGraph graph, Lowering<TArtifact>? previous);

    private Lowering<TArtifact> Own(Lowering lowering) => lowering as Lowering<TArtifact>
        ?? throw new ArgumentException($"these are not rules of {Name}", nameof(lowering));

    private Seq<PlannedStep> Printed(Seq<TStep> steps, Family family) => steps.Select(step =>
        new PlannedStep(ToolOf(step, family), Waits(step), PrintStep(step, family))).ToSeq();
}
