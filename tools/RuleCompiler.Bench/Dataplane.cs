using System.Text;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Bench;

/// <summary>A room and the kernel's tool that loads what it prints.</summary>
internal sealed record Dataplane(
    string Name, ProxyMode Mode, string[] Load, Func<ServiceGraph, NodeFacts, string> Rules,
    Func<ServiceGraph, ServiceGraph, NodeFacts, string> Steps)
{
    public static Dataplane Legacy { get; } =
        Of<Iptables, IptablesRuleset, TableBlock>("legacy", ProxyMode.Iptables, ["iptables-legacy-restore", "--noflush"]);

    public static Dataplane NftVariant { get; } =
        Of<Iptables, IptablesRuleset, TableBlock>("nft variant", ProxyMode.Iptables, ["iptables-nft-restore", "--noflush"]);

    public static Dataplane Nft { get; } =
        Of<Nftables, NftRuleset, NftTransaction>("nftables", ProxyMode.Nftables, ["nft", "-f", "-"]);

    public static Dataplane[] All { get; } = [Legacy, NftVariant, Nft];

    private static Dataplane Of<TRoom, TArtifact, TStep>(string name, ProxyMode mode, string[] load)
        where TRoom : IRoom<TArtifact, TStep>
        where TArtifact : notnull
        where TStep : notnull
    {
        return new Dataplane(name, mode, load, (graph, node) => TRoom.Print(Lower(graph, node))[0].Text, Steps);

        TArtifact Lower(ServiceGraph graph, NodeFacts node) => TRoom.Lower(graph, node).Artifact;

        string Steps(ServiceGraph from, ServiceGraph to, NodeFacts node)
        {
            var text = new StringBuilder();
            foreach (var step in TRoom.Plan(Lower(from, node), Lower(to, node)).AsEnumerable())
                text.Append(TRoom.PrintStep(step, Family.Ipv4));
            return text.ToString();
        }
    }
}
