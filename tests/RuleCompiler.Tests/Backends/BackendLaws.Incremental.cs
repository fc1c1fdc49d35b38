using FsCheck;
using FsCheck.Fluent;
using RuleCompiler.Backends;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Backends;

/// <content>Law 8: what is compiled from an earlier compilation is what is compiled from scratch.</content>
public abstract partial class BackendLaws<TArtifact, TStep>
{
    private const int CasesOfLaw8 = 500;

    [Fact]
    public void Law_8_a_changed_compilation_is_one_from_scratch()
    {
        for (var i = 0; i < Fuzz.Cases(CasesOfLaw8); i++)
        {
            var seed = Fuzz.Seed + (ulong)i;
            Fuzz.Check(seed, Fuzz.Sample(Moves.Any, seed), Check, moves => moves.Shrink());
        }

        string? Check(Moves moves)
        {
            Compilation? changed = null;
            foreach (var (cluster, node) in moves.States())
            {
                var before = changed;
                changed = before?.With(Shared(before.Cluster, cluster), node) ?? Compilation.Create(cluster, node, Backend);
                var fresh = Compilation.Create(cluster, node, Backend);
                foreach (var family in Compilation.Families)
                {
                    if (Difference(before, changed, fresh, family) is { } difference) return $"{family}: {difference}";
                }
            }

            return null;
        }
    }

    private string? Difference(Compilation? before, Compilation changed, Compilation fresh, Family family)
    {
        var (one, other) = (changed.Files(family), fresh.Files(family));
        if (one != other)
            return $"{TextOf(one)}\ninstead of\n{TextOf(other)}";
        if (changed.Diagnostics(family) != fresh.Diagnostics(family))
            return $"{changed.Diagnostics(family)}\ninstead of {fresh.Diagnostics(family)}";
        if (before is null) return null;
        var (from, to) = ((Lowering<TArtifact>)before.Lowering(family), (Lowering<TArtifact>)changed.Lowering(family));
        var (state, plan) = (from.Artifact, Backend.Plan(from.Artifact, to.Artifact));
        if (plan != Backend.Plan(from.Artifact, ((Lowering<TArtifact>)fresh.Lowering(family)).Artifact))
            return $"another plan: {plan}";
        // What others share stays when the node is configured otherwise: KUBE-FIREWALL is the kubelet's too.
        if (!from.Graph.IsOfSameNodeAs(to.Graph)) return null;
        foreach (var step in plan) state = Backend.Apply(state, step);
        return state.Equals(to.Artifact) ? null : $"the plan leads to {Text(state)}\ninstead of {Text(to.Artifact)}";
    }

    private static string TextOf(Seq<ArtifactFile> files) => string.Join("\n", files.Select(file => file.Text));

    /// <summary>The second cluster, which has in common with the first what is equal in both.</summary>
    private static ClusterState Shared(ClusterState first, ClusterState second) => new(
        Of(first.Services, second.Services), Of(first.EndpointSlices, second.EndpointSlices),
        Of(first.Nodes, second.Nodes), Of(first.ServiceCidrs, second.ServiceCidrs));

    private static SortedSeq<T> Of<T>(SortedSeq<T> first, SortedSeq<T> second)
        where T : IKeyed<T>
    {
        var changes = first.ChangesTo(second);
        return first.Update(changes.Removed, changes.Added);
    }

    /// <summary>A history whose node changes too: its zone, or everything that is known of it.</summary>
    private sealed record Moves(History History, Seq<NodeFacts> Nodes)
    {
        private static readonly string?[] _zones = ["zone-a", "zone-b", "", null];

        public static Gen<Moves> Any { get; } =
            from history in UpdateGen.History
            from moves in Pick.Sequence(history.States.Select(_ => Pick.Weighted((5, "none"), (3, "zone"), (1, "node"))))
            from zones in Pick.Sequence(history.States.Select(_ => Pick.From(_zones)))
            from nodes in Pick.Sequence(history.States.Select(_ => NodeGen.Node))
            select new Moves(history, NodesOf(history.Node, moves, zones, nodes).ToSeq());

        public IEnumerable<(ClusterState Cluster, NodeFacts Node)> States() => History.States.Zip(Nodes);

        public IEnumerable<Moves> Shrink()
        {
            for (var i = 0; i + 1 < Nodes.Count && Nodes.Count > 2; i++)
            {
                yield return new Moves(
                    History with { States = [History.States[i], History.States[i + 1]] }, [Nodes[i], Nodes[i + 1]]);
            }

            for (var i = 0; i < Nodes.Count; i++)
            {
                var at = i;
                foreach (var smaller in ScenarioShrinker.Clusters(History.States[i]))
                {
                    yield return this with
                    {
                        History = History with { States = History.States.Select((state, j) => j == at ? smaller : state).ToSeq() },
                    };
                }
            }
        }

        public override string ToString() =>
            string.Join("\n---- then\n", States().Select(state => new Scenario(state.Cluster, state.Node).ToString()));

        private static IEnumerable<NodeFacts> NodesOf(NodeFacts node, string[] moves, string?[] zones, NodeFacts[] nodes)
        {
            for (var i = 0; i < moves.Length; i++)
            {
                if (moves[i] == "zone") node = node with { Zone = zones[i] };
                if (moves[i] == "node") node = nodes[i];
                yield return node;
            }
        }
    }
}
