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

    private Compilation(ClusterState cluster, NodeFacts node, Backend backend, Compilation? previous)
    {
        (Cluster, Node, Backend) = (cluster, node.In(backend.Mode), backend);
        _families = [.. Families.Select(family => new CompiledFamily(this, family, previous?._families[(int)family]))];
    }

    /// <summary>Both families; a family without a Service compiles too, to what a node needs with none.</summary>
    public static Seq<Family> Families { get; } = [Family.Ipv4, Family.Ipv6];

    public ClusterState Cluster { get; }

    /// <summary>The node as the backend sees it: its configuration has the backend's mode.</summary>
    public NodeFacts Node { get; }

    public Backend Backend { get; }

    /// <param name="node">Its configuration's mode does not count; <paramref name="backend"/> decides.</param>
    public static Compilation Create(ClusterState cluster, NodeFacts node, Backend backend) =>
        new(cluster, node, backend, previous: null);

    /// <summary>
    /// The same backend with another cluster. It starts from what this compilation has computed: one whose
    /// <paramref name="cluster"/> shares most objects with this one's takes as long as they differ.
    /// </summary>
    /// <param name="node">Null for the same node.</param>
    public Compilation With(ClusterState cluster, NodeFacts? node = null) => new(cluster, node ?? Node, Backend, this);

    public ServiceGraph Graph(Family family) => _families[(int)family].Built.Graph;

    /// <summary>The files of a family, in the order in which they are applied to a clean node.</summary>
    public Seq<ArtifactFile> Files(Family family) => _families[(int)family].Files;

    /// <summary>The rules of a family, as the backend's own type has them.</summary>
    public Lowering Lowering(Family family) => _families[(int)family].Lowering;

    /// <summary>Of building the graph alone.</summary>
    public Seq<Diagnostic> GraphDiagnostics(Family family) => _families[(int)family].Built.Diagnostics;

    /// <summary>Of building the graph, then of lowering it.</summary>
    public Seq<Diagnostic> Diagnostics(Family family) =>
        [.. GraphDiagnostics(family), .. Lowering(family).Diagnostics];

    /// <summary>As <see cref="Files"/>, and kube-proxy's rules are deleted in the operation that loads ours.</summary>
    /// <exception cref="NotSupportedException">The backend lacks it (<see cref="Backend.CanTakeOver"/>).</exception>
    public Seq<ArtifactFile> TakeOverFiles(Family family) => Backend.PrintTakeOver(Lowering(family));

    /// <summary>
    /// From what a dump shows to what this compilation wants. Its diagnostics are of reading the dump, of the graph and
    /// of lowering, in that order.
    /// </summary>
    public BackendPlan PlanFrom(Seq<ArtifactFile> observed, Family family)
    {
        var plan = Backend.Plan(observed, Lowering(family));
        return plan with { Diagnostics = [.. plan.Diagnostics, .. Diagnostics(family)] };
    }

    /// <summary>From what another compilation of the backend wants, on the same node, to what this one wants.</summary>
    public Seq<PlannedStep> PlanFrom(Compilation previous, Family family) =>
        Backend.Plan(previous.Lowering(family), Lowering(family));

    /// <summary>
    /// What a node that had <paramref name="observed"/> has after the plan from there, without the steps that wait for
    /// connections to end.
    /// </summary>
    /// <exception cref="ArgumentException">The text was not printed by this backend.</exception>
    public Seq<ArtifactFile> Follow(Seq<ArtifactFile> observed, Family family) =>
        Backend.Follow(observed, Lowering(family));

    /// <summary>
    /// What a phase starts from is kept until the phase has run, so that a long row of compilations keeps two.
    /// </summary>
    private sealed class CompiledFamily
    {
        private readonly Compilation _compilation;
        private readonly Family _family;
        private readonly Lazy<Seq<ArtifactFile>> _files;
        private BuiltGraph? _earlierBuilt, _built;
        private Lowering? _earlierLowering, _lowering;

        public CompiledFamily(Compilation compilation, Family family, CompiledFamily? previous)
        {
            (_compilation, _family) = (compilation, family);
            _files = new(() => compilation.Backend.Print(Lowering));
            _earlierBuilt = previous?._built ?? previous?._earlierBuilt;
            _earlierLowering = previous?._lowering ?? previous?._earlierLowering;
        }

        public BuiltGraph Built
        {
            get
            {
                if (_built is not null) return _built;
                _built = ServiceGraphBuilder.Build(_compilation.Cluster, _compilation.Node, _family, _earlierBuilt);
                _earlierBuilt = null;
                return _built;
            }
        }

        public Lowering Lowering
        {
            get
            {
                if (_lowering is not null) return _lowering;
                _lowering = _compilation.Backend.Lower(Built.Graph, _earlierLowering);
                _earlierLowering = null;
                return _lowering;
            }
        }

        public Seq<ArtifactFile> Files => _files.Value;
    }
}
