using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Emulator.Modes;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Spec;
using Rules = RuleCompiler.Emulator.Program;
using Scenario = RuleCompiler.Tests.Gen.Scenario;

namespace RuleCompiler.Tests.Mutation;

/// <summary>
/// The emulator with one edit in the rules of one family of the first cluster and node that flows ask for; whatever else
/// they ask for is as it was compiled.
/// </summary>
internal sealed class MutatedTarget(Family family, ulong seed) : IFlowTarget
{
    private readonly Edited _mode = new(family, seed);
    private EmulatorTarget? _target;

    public string Name => Target.Name;

    public ProxyMode Mode => ProxyMode.Iptables;

    public int RunsMax => Target.RunsMax;

    /// <summary>Null while nothing was started, or where there is nothing to edit.</summary>
    public (Scenario Scenario, Mutant Mutant)? Edit =>
        _mode.Mutant is { } mutant && First is { } first ? (first, mutant) : null;

    private Scenario? First { get; set; }

    private EmulatorTarget Target => _target ??= new EmulatorTarget(_mode);

    public (IFlowNode? Node, Seq<Diagnostic> Diagnostics) Start(ClusterState cluster, NodeFacts node, ulong seed)
    {
        First ??= new Scenario(cluster, node);
        return Target.Start(cluster, node, seed);
    }

    private sealed class Edited(Family family, ulong seed) : IMode
    {
        private readonly IMode _inner = ProxyModes.Of(ProxyMode.Iptables);
        private (ServiceGraph Graph, NodeFacts Node)? _edited;

        public Mutant? Mutant { get; private set; }

        public ProxyMode Mode => _inner.Mode;

        public string Name => _inner.Name;

        public bool CanTakeOver => _inner.CanTakeOver;

        public ModeOutput Compile(ServiceGraph graph, NodeFacts node, bool takesOver)
        {
            var output = _inner.Compile(graph, node, takesOver);
            if (graph.Family != family) return output;
            if (_edited is null)
            {
                _edited = (graph, node);
                var mutants = Mutants.Of(Iptables.Lower(graph, node).Artifact).ToArray();
                if (mutants.Length > 0) Mutant = mutants[(int)(new SeededRandom(seed).Next() % (uint)mutants.Length)];
            }

            return Mutant is { } mutant && _edited == (graph, node)
                ? output with { Files = Iptables.Print(mutant.Ruleset) }
                : output;
        }

        public (Rules? Program, Seq<Diagnostic> Diagnostics) Load(Seq<ArtifactFile> files, Family ofFamily) =>
            _inner.Load(files, ofFamily);

        public ModePlan Plan(Seq<ArtifactFile> observed, ServiceGraph graph, NodeFacts node) =>
            _inner.Plan(observed, graph, node);

        public Seq<ArtifactFile> Follow(Seq<ArtifactFile> observed, ServiceGraph graph, NodeFacts node) =>
            _inner.Follow(observed, graph, node);
    }
}
