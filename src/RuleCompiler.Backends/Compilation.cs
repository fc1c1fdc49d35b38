using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends;

/// <summary>
/// A cluster compiled for one node by one backend. The three are bound here, once, so that a graph of one mode cannot
/// reach another mode's backend. Each phase runs when it is first asked for. Immutable to its callers; safe for
/// concurrent use, at worst computing a phase twice.
/// </summary>
public sealed class Compilation
{
    private readonly CompiledFamily[] _families;

    private Compilation(ClusterState cluster, NodeFacts node, Backend backend)
    {
        (Cluster, Node, Backend) = (cluster, node, backend);
        _families = [.. Families.Select(family => new CompiledFamily(this, family))];
    }

    /// <summary>Both families; a family without a Service compiles too, to what a node needs with none.</summary>
    public static Seq<Family> Families { get; } = [Family.Ipv4, Family.Ipv6];

    public ClusterState Cluster { get; }

    /// <summary>The node as the backend sees it: its configuration has the backend's mode.</summary>
    public NodeFacts Node { get; }

    public Backend Backend { get; }

    /// <param name="node">Its configuration's mode does not count; <paramref name="backend"/> decides.</param>
    public static Compilation Create(ClusterState cluster, NodeFacts node, Backend backend) =>
        new(cluster, node.In(backend.Mode), backend);

    /// <summary>The same node and backend with another cluster.</summary>
    public Compilation With(ClusterState cluster) => new(cluster, Node, Backend);

    public ServiceGraph Graph(Family family) => _families[(int)family].Built.Graph;

    /// <summary>The files of a family, in the order in which they are applied to a clean node.</summary>
    public Seq<ArtifactFile> Files(Family family) => _families[(int)family].Compiled.Files;

    /// <summary>Of building the graph alone.</summary>
    public Seq<Diagnostic> GraphDiagnostics(Family family) => _families[(int)family].Built.Diagnostics;

    /// <summary>Of building the graph, then of lowering it.</summary>
    public Seq<Diagnostic> Diagnostics(Family family) =>
        [.. GraphDiagnostics(family), .. _families[(int)family].Compiled.Diagnostics];

    /// <summary>As <see cref="Files"/>, and kube-proxy's rules are deleted in the operation that loads ours.</summary>
    /// <exception cref="NotSupportedException">The backend lacks it (<see cref="Backend.CanTakeOver"/>).</exception>
    public Seq<ArtifactFile> TakeOverFiles(Family family) => Backend.Compile(Graph(family), takesOver: true).Files;

    /// <summary>
    /// From what a dump shows to what this compilation wants. Its diagnostics are of reading the dump, of the graph and
    /// of lowering, in that order.
    /// </summary>
    public BackendPlan PlanFrom(Seq<ArtifactFile> observed, Family family)
    {
        var plan = Backend.Plan(observed, Graph(family));
        return plan with { Diagnostics = [.. GraphDiagnostics(family), .. plan.Diagnostics] };
    }

    /// <summary>
    /// What a node that had <paramref name="observed"/> has after <see cref="PlanFrom"/>, without the steps that wait
    /// for connections to end.
    /// </summary>
    /// <exception cref="ArgumentException">The text was not printed by this backend.</exception>
    public CompiledFiles Follow(Seq<ArtifactFile> observed, Family family) => Backend.Follow(observed, Graph(family));

    private sealed class CompiledFamily(Compilation compilation, Family family)
    {
        private BuiltGraph? _built;
        private CompiledFiles? _compiled;

        public BuiltGraph Built =>
            _built ??= ServiceGraphBuilder.Build(compilation.Cluster, compilation.Node, family);

        public CompiledFiles Compiled => _compiled ??= compilation.Backend.Compile(Built.Graph);
    }
}
