using RuleCompiler.Ir;

namespace RuleCompiler.Emulator.Comparison;

/// <summary>Rules of one family with the node that they run on.</summary>
/// <param name="Name">For people: "iptables", or a file's name.</param>
/// <param name="Node">Configured for the side's mode, on which the node's sysctls depend.</param>
/// <param name="IsKubeProxys">
/// The rules are kube-proxy's own, which has defects that ours do not (service-semantics §13.2).
/// </param>
public sealed record ComparedSide(string Name, PacketProgram Program, NodeFacts Node, bool IsKubeProxys)
{
    public ProxyMode Mode => Node.Config.Mode;

    /// <summary>A node that has seen nothing yet.</summary>
    public NetfilterMachine Start(TimeProvider clock, ulong seed) =>
        new(Program, HostNetworks.For(Node, Program.Family), clock, new SeededRandom(seed));
}
