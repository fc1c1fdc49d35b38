using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Linux;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>A room with the tools that bring its text into a kernel and back: all that the tests know of a backend.</summary>
internal interface IKernelRoom
{
    /// <summary>For reports: "iptables-nft".</summary>
    string Name { get; }

    ProxyMode Mode { get; }

    /// <summary>What a node may have before us, and must keep: a chain CNI-HOSTPORT among it.</summary>
    string OthersRules(Family family);

    /// <summary>The text that ships for a cluster.</summary>
    string Compile(ClusterState cluster, NodeFacts node, Family family);

    /// <summary>What a reader of this text would run.</summary>
    PacketProgram Read(string text, Family family);

    /// <summary>The text into the kernel, with the room's own tool.</summary>
    void Load(NetworkNamespace node, Family family, string text);

    /// <summary>What the kernel has, in the tool's own words.</summary>
    string Dump(NetworkNamespace node, Family family);

    /// <summary>As an agent does it: what is there, what should be, and the tool for each step between.</summary>
    Update Update(NetworkNamespace node, ClusterState cluster, NodeFacts facts, Family family);

    /// <summary>Whether a step of a trace asks or keeps session affinity.</summary>
    bool IsAffinity(TraceStep step);
}

/// <summary>What an update did.</summary>
/// <param name="Diagnostics">Why what the kernel had could not be read; nothing was done then.</param>
/// <param name="InMemory">The state that Apply says the steps lead to, as canonical text.</param>
/// <param name="InKernel">What the kernel has afterwards, likewise.</param>
/// <param name="StepsLeft">What a second plan would still do: nothing.</param>
internal sealed record Update(Seq<Diagnostic> Diagnostics, int Steps, string InMemory, string InKernel, int StepsLeft);
