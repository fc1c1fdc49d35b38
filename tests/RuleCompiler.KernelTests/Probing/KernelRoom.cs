using RuleCompiler.Backends;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Linux;
using RuleCompiler.Tests.Gen;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>The kernel's side of a room.</summary>
internal interface IKernelTool<TArtifact>
{
    string OthersRules(Family family);

    void Load(NetworkNamespace node, Family family, string text);

    /// <summary>A dump of what the kernel has.</summary>
    string Dump(NetworkNamespace node, Family family);

    /// <summary>Without what the kernel has anyway, and in an order that does not depend on it.</summary>
    TArtifact Canonical(TArtifact artifact);

    bool IsAffinity(TraceStep step);
}

/// <summary>Any room of one file: its own Lower, Print, Parse, Plan and Apply between a cluster and a tool.</summary>
internal sealed class KernelRoom<TArtifact, TStep>(
    string name, Backend<TArtifact, TStep> backend, IKernelTool<TArtifact> tool) : IKernelRoom
    where TArtifact : notnull
    where TStep : notnull
{
    public string Name => name;

    public ProxyMode Mode => backend.Mode;

    public string OthersRules(Family family) => tool.OthersRules(family);

    public string Compile(ClusterState cluster, NodeFacts node, Family family) => Print(Lower(cluster, node, family));

    public PacketProgram Read(string text, Family family) => PacketPrograms.Translate(Parse(text, family));

    public void Load(NetworkNamespace node, Family family, string text) => tool.Load(node, family, text);

    public Update Update(NetworkNamespace node, ClusterState cluster, NodeFacts facts, Family family)
    {
        var before = backend.Parse([new ArtifactFile(name, tool.Dump(node, family))], family);
        if (before.HasErrors) return new Update(before.Diagnostics, 0, "", "", 0);
        var (inMemory, desired) = (before.Artifact, Lower(cluster, facts, family));
        var steps = backend.Plan(inMemory, desired);
        foreach (var step in steps.AsEnumerable())
        {
            tool.Load(node, family, backend.PrintStep(step, family));
            inMemory = backend.Apply(inMemory, step);
        }

        var after = Observe(node, family);
        return new Update(
            [], steps.Count, Canonical(inMemory), Canonical(after), backend.Plan(after, desired).Count);
    }

    public bool IsAffinity(TraceStep step) => tool.IsAffinity(step);

    public string Dump(NetworkNamespace node, Family family) => tool.Dump(node, family);

    /// <summary>What the kernel has.</summary>
    public TArtifact Observe(NetworkNamespace node, Family family) => Parse(tool.Dump(node, family), family);

    public string Canonical(TArtifact artifact) => Print(tool.Canonical(artifact));

    private string Print(TArtifact artifact) => backend.Print(artifact)[0].Text;

    private TArtifact Lower(ClusterState cluster, NodeFacts node, Family family)
    {
        var facts = NodeGen.In(node, backend.Mode);
        return backend.Lower(ServiceGraphBuilder.Build(cluster, facts, family).Graph).Artifact;
    }

    private TArtifact Parse(string text, Family family)
    {
        var parsed = backend.Parse([new ArtifactFile(name, text)], family);
        return parsed.HasErrors ? throw new InvalidOperationException($"{parsed.Diagnostics}\n{text}") : parsed.Artifact;
    }
}
