using FsCheck;
using FsCheck.Fluent;
using RuleCompiler.Ir;
using RuleCompiler.Kube;

namespace RuleCompiler.Tests.Gen;

/// <summary>A cluster and the node that it is compiled for: what every property is about.</summary>
internal sealed record Scenario(ClusterState Cluster, NodeFacts Node)
{
    public static Gen<Scenario> Any { get; } =
        from cluster in ClusterGen.Cluster
        from node in NodeGen.Node
        select new Scenario(cluster, node);

    /// <summary>The same in another mode, with the same settings where the mode has its own section for them.</summary>
    public Scenario In(ProxyMode mode) => this with { Node = NodeGen.In(Node, mode) };

    /// <summary>Simpler scenarios, the simplest first: what is left over after shrinking matters to the failure.</summary>
    public IEnumerable<Scenario> Shrink() =>
        ScenarioShrinker.Clusters(Cluster).Select(cluster => this with { Cluster = cluster })
            .Concat(ScenarioShrinker.Nodes(Node).Select(node => this with { Node = node }));

    /// <summary>The cluster as YAML that <c>rulec</c> reads, and the node in a comment.</summary>
    public override string ToString() => $"{ClusterYaml.Write(Cluster)}# {Node}";
}
