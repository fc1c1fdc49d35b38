using System.Text;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Linux;

namespace RuleCompiler.Bench;

/// <summary>A backend and the kernel's tool that loads what it prints.</summary>
internal sealed record Dataplane(
    string Name, ProxyMode Mode, RuleTool Tool, Func<ServiceGraph, string> Rules,
    Func<ServiceGraph, ServiceGraph, string> Steps)
{
    public static Dataplane Legacy { get; } =
        Of("legacy", IptablesBackend.Instance, RuleTool.Iptables("legacy", Family.Ipv4));

    public static Dataplane NftVariant { get; } =
        Of("nft variant", IptablesBackend.Instance, RuleTool.Iptables("nft", Family.Ipv4));

    public static Dataplane Nft { get; } =
        Of("nftables", NftablesBackend.Instance, RuleTool.Nftables(Family.Ipv4));

    public static Dataplane[] All { get; } = [Legacy, NftVariant, Nft];

    private static Dataplane Of<TArtifact, TStep>(string name, Backend<TArtifact, TStep> backend, RuleTool tool)
        where TArtifact : notnull
        where TStep : notnull
    {
        return new Dataplane(name, backend.Mode, tool, graph => backend.Print(Lower(graph))[0].Text, Steps);

        TArtifact Lower(ServiceGraph graph) => backend.Lower(graph).Artifact;

        string Steps(ServiceGraph from, ServiceGraph to)
        {
            var text = new StringBuilder();
            foreach (var step in backend.Plan(Lower(from), Lower(to)).AsEnumerable())
                text.Append(backend.PrintStep(step, Family.Ipv4));
            return text.ToString();
        }
    }
}
