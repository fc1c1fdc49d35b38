using RuleCompiler.Backends;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Net;
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
internal sealed class KernelRoom<TRoom, TArtifact, TStep>(
    string name, ProxyMode mode, IKernelTool<TArtifact> tool, Func<TArtifact, Program> translate) : IKernelRoom
    where TRoom : IRoom<TArtifact, TStep>
    where TArtifact : notnull
    where TStep : notnull
{
    public string Name => name;

    public ProxyMode Mode => mode;

    public string OthersRules(Family family) => tool.OthersRules(family);

    public string Compile(ClusterState cluster, NodeFacts node, Family family) => Print(Lower(cluster, node, family));

    public Program Read(string text, Family family) => translate(Parse(text, family));

    public void Load(NetworkNamespace node, Family family, string text) => tool.Load(node, family, text);

    public Update Update(NetworkNamespace node, ClusterState cluster, NodeFacts facts, Family family)
    {
        var before = TRoom.Parse([new ArtifactFile(name, tool.Dump(node, family))], family);
        if (before.HasErrors) return new Update(before.Diagnostics, 0, "", "", 0);
        var (inMemory, desired) = (before.Artifact, Lower(cluster, facts, family));
        var steps = TRoom.Plan(inMemory, desired);
        foreach (var step in steps.AsEnumerable())
        {
            tool.Load(node, family, TRoom.PrintStep(step, family));
            inMemory = TRoom.Apply(inMemory, step);
        }

        var after = Observe(node, family);
        return new Update(
            [], steps.Count, Canonical(inMemory), Canonical(after), TRoom.Plan(after, desired).Count);
    }

    public bool IsAffinity(TraceStep step) => tool.IsAffinity(step);

    public string Dump(NetworkNamespace node, Family family) => tool.Dump(node, family);

    /// <summary>What the kernel has.</summary>
    public TArtifact Observe(NetworkNamespace node, Family family) => Parse(tool.Dump(node, family), family);

    public string Canonical(TArtifact artifact) => Print(tool.Canonical(artifact));

    private static string Print(TArtifact artifact) => TRoom.Print(artifact)[0].Text;

    private TArtifact Lower(ClusterState cluster, NodeFacts node, Family family)
    {
        var facts = NodeGen.In(node, mode);
        return TRoom.Lower(ServiceGraphBuilder.Build(cluster, facts, family).Graph, facts).Artifact;
    }

    private TArtifact Parse(string text, Family family)
    {
        var parsed = TRoom.Parse([new ArtifactFile(name, text)], family);
        return parsed.HasErrors ? throw new InvalidOperationException($"{parsed.Diagnostics}\n{text}") : parsed.Artifact;
    }
}
