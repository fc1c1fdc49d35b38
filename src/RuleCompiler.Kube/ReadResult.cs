using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Kube;

/// <summary>What a set of files says.</summary>
/// <param name="Cluster">Every object that is sound; the others are named by <paramref name="Diagnostics"/>.</param>
/// <param name="Unreadable">
/// Some file is not YAML or JSON at all, or no file holds anything: the cluster is a fragment.
/// </param>
public sealed record ReadResult(
    ClusterState Cluster,
    Seq<Diagnostic> Diagnostics,
    InputSummary Summary,
    bool Unreadable);

/// <summary>How many objects of which kinds were met.</summary>
/// <param name="Read">Objects in the ClusterState, by kind.</param>
/// <param name="Filtered">
/// Objects that a proxy does not watch or ignores (service-semantics §1.1, §1.2, §1.4), by reason.
/// </param>
/// <param name="PassedOver">Objects of kinds that no compilation needs, by kind.</param>
public sealed record InputSummary(int Files, Seq<KindCount> Read, Seq<KindCount> Filtered, Seq<KindCount> PassedOver);

public readonly record struct KindCount(string Kind, int Count);
