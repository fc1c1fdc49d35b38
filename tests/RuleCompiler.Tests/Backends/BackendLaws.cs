using FsCheck.Fluent;
using RuleCompiler.Backends;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Backends;

/// <summary>
/// The laws that every backend inherits (src/RuleCompiler.Backends/README.md numbers them), on generated clusters
/// and nodes of both families. This part: 1 and 2, the text; 4, what a plan amounts to.
/// </summary>
public abstract partial class BackendLaws<TArtifact, TStep>
    where TArtifact : notnull
    where TStep : notnull
{
    private const int Cases = 40;

    protected abstract Backend<TArtifact, TStep> Backend { get; }

    [Fact]
    public void Law_1_what_is_printed_is_read_back() => OnEveryArtifact((artifact, family) =>
    {
        var parsed = Backend.Parse(Backend.Print(artifact), family);
        return parsed.Diagnostics.IsEmpty && parsed.Artifact.Equals(artifact)
            ? null
            : $"{family}: read back differently: {parsed.Diagnostics} {Text(parsed.Artifact)}\ninstead of {Text(artifact)}";
    });

    [Fact]
    public void Law_2_what_is_read_prints_the_same_again() => OnEveryArtifact((artifact, family) =>
    {
        var printed = Backend.Print(artifact);
        var again = Backend.Print(Backend.Parse(printed, family).Artifact);
        return again == printed ? null : $"{family}: {again}\ninstead of {printed}";
    });

    [Fact]
    public void Law_4_a_plan_that_is_applied_gives_what_was_desired()
    {
        var changes = from any in Scenario.Any let before = any.In(Mode) from after in ClusterGen.Cluster select new Change(before, after);
        for (var i = 0; i < Fuzz.Cases(Cases); i++)
        {
            var seed = Fuzz.Seed + (ulong)i;
            Fuzz.Check(seed, Fuzz.Sample(changes, seed), Check, change => change.Shrink());
        }

        string? Check(Change change)
        {
            foreach (var family in Enum.GetValues<Family>())
            {
                var state = Lower(change.Before.Cluster, change.Before.Node, family);
                var desired = Lower(change.After, change.Before.Node, family);
                foreach (var step in Backend.Plan(state, desired)) state = Backend.Apply(state, step);
                if (!state.Equals(desired)) return $"{family}: {Text(state)}\ninstead of {Text(desired)}";
            }

            return null;
        }
    }

    private void OnEveryArtifact(Func<TArtifact, Family, string?> check) => Fuzz.Scenarios(Cases, any =>
        Enum.GetValues<Family>()
            .Select(family => check(Lower(any.Cluster, any.In(Mode).Node, family), family))
            .FirstOrDefault(failure => failure is not null));

    private ProxyMode Mode => Backend.Mode;

    private TArtifact Lower(ClusterState cluster, NodeFacts node, Family family) =>
        Backend.Lower(ServiceGraphBuilder.Build(cluster, node, family).Graph).Artifact;

    private string Text(TArtifact artifact) => TextOf(Backend.Print(artifact));

    private sealed record Change(Scenario Before, ClusterState After)
    {
        public IEnumerable<Change> Shrink() =>
            Before.Shrink().Select(before => this with { Before = before })
                .Concat(ScenarioShrinker.Clusters(After).Select(after => this with { After = after }));
    }
}
