using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>What flows run against: the rules of one backend, in the emulator or in a real kernel.</summary>
public interface IFlowTarget
{
    /// <summary>For reports: "iptables in the emulator".</summary>
    string Name { get; }

    ProxyMode Mode { get; }

    /// <summary>
    /// A case in which a choice is remembered runs again with other seeds, until every choice was seen, but never more
    /// often than this.
    /// </summary>
    int RunsMax { get; }

    /// <summary>A node with the rules for a cluster and without any memory. Null when the rules cannot run.</summary>
    (IFlowNode? Node, Seq<Diagnostic> Diagnostics) Start(ClusterState cluster, NodeFacts node, ulong seed);
}

/// <summary>One node of one case: it remembers flows and affinity from packet to packet.</summary>
public interface IFlowNode : IDisposable
{
    /// <summary>
    /// What can become of the packet, exactly, without changing anything. Null where that cannot be known (a real
    /// kernel): then only what <see cref="Send"/> shows is judged.
    /// </summary>
    Distribution? Explore(Packet packet);

    Passage Send(Packet packet);

    /// <summary>New rules under living flows. The diagnostics say why they cannot run; none: they do.</summary>
    Seq<Diagnostic> Load(ClusterState cluster);

    void Advance(int seconds);
}
