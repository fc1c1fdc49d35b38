using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>
/// Where scenarios come from. Paths are as flow files write them: relative, with slashes, without "..". Reading files
/// is the caller's business, since this project touches none.
/// </summary>
public interface IScenarioSource
{
    /// <summary>cluster.yaml, nodes.yaml and, if it is there, kube-proxy-config.yaml of a folder.</summary>
    ScenarioReading ReadScenario(string folder);

    /// <summary>One file of objects, for <c>when cluster</c>; its configuration is the default one.</summary>
    ScenarioReading ReadCluster(string file);
}

/// <param name="Scenario">Null when nothing can be made of the files; <c>Diagnostics</c> then says why.</param>
public sealed record ScenarioReading(Scenario? Scenario, Seq<Diagnostic> Diagnostics);

/// <summary>A cluster, and how the proxies of its nodes are configured.</summary>
public sealed record Scenario(ClusterState Cluster, ProxyConfig Config);
