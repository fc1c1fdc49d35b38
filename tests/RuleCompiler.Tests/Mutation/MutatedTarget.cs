using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Spec;
using Scenario = RuleCompiler.Tests.Gen.Scenario;

namespace RuleCompiler.Tests.Mutation;

/// <summary>
/// The emulator with one edit in the rules of one family of the first cluster and node that flows ask for; whatever else
/// they ask for is as it was compiled.
/// </summary>
internal sealed class MutatedTarget(Family family, ulong seed) : IFlowTarget
{
    private readonly Edited _backend = new(family, seed);
    private EmulatorTarget? _target;

    public string Name => Target.Name;

    public ProxyMode Mode => ProxyMode.Iptables;

    public int RunsMax => Target.RunsMax;

    /// <summary>Null while nothing was started, or where there is nothing to edit.</summary>
    public (Scenario Scenario, Mutant Mutant)? Edit =>
        _backend.Mutant is { } mutant && First is { } first ? (first, mutant) : null;

    private Scenario? First { get; set; }

    private EmulatorTarget Target => _target ??= new EmulatorTarget(_backend);

    public (IFlowNode? Node, Seq<Diagnostic> Diagnostics) Start(ClusterState cluster, NodeFacts node, ulong seed)
    {
        First ??= new Scenario(cluster, node);
        return Target.Start(cluster, node, seed);
    }

    /// <summary>iptables, but for one edit of the first artifact of the family.</summary>
    private sealed class Edited(Family family, ulong seed) : Backend<IptablesRuleset, TableBlock>
    {
        private readonly IptablesBackend _inner = IptablesBackend.Instance;
        private ServiceGraph? _edited;

        public Mutant? Mutant { get; private set; }

        public override ProxyMode Mode => _inner.Mode;

        public override string Name => _inner.Name;

        public override Seq<Family> FamiliesOf(Seq<ArtifactFile> files) => _inner.FamiliesOf(files);

        public override Seq<ArtifactFile> Print(IptablesRuleset artifact) => _inner.Print(artifact);

        public override Parsed<IptablesRuleset> Parse(Seq<ArtifactFile> files, Family ofFamily) => _inner.Parse(files, ofFamily);

        public override Seq<TableBlock> Plan(IptablesRuleset observed, IptablesRuleset desired) => _inner.Plan(observed, desired);

        public override IptablesRuleset Apply(IptablesRuleset observed, TableBlock step) => _inner.Apply(observed, step);

        public override string PrintStep(TableBlock step, Family ofFamily) => _inner.PrintStep(step, ofFamily);

        public override string ToolOf(TableBlock step, Family ofFamily) => _inner.ToolOf(step, ofFamily);

        protected override Lowering<IptablesRuleset> LowerChecked(
            ServiceGraph graph, Lowering<IptablesRuleset>? previous)
        {
            var lowering = _inner.Lower(graph);
            if (graph.Family != family) return lowering;
            if (_edited is null)
            {
                _edited = graph;
                var mutants = Mutants.Of(lowering.Artifact).ToArray();
                if (mutants.Length > 0) Mutant = mutants[(int)(new SeededRandom(seed).Next() % (uint)mutants.Length)];
            }

            return Mutant is { } mutant && _edited == graph ? lowering with { Artifact = mutant.Ruleset } : lowering;
        }
    }
}
