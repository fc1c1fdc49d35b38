using RuleCompiler.Backends.Nftables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Linux;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>nftables, by <c>nft -f</c>.</summary>
internal sealed class NftablesRoom : IKernelTool<NftRuleset>
{
    public static KernelRoom<NftRuleset, NftTransaction> Create() =>
        new("nftables", NftablesBackend.Instance, new NftablesRoom());

    public string OthersRules(Family family)
    {
        var name = NameOf(family);
        return $$"""
            table {{name}} cni {
              chain CNI-HOSTPORT {
                tcp dport 8088 return
              }
              chain prerouting {
                type filter hook prerouting priority -150; policy accept;
                jump CNI-HOSTPORT
              }
            }

            """;
    }

    public void Load(NetworkNamespace node, Family family, string text) =>
        node.Run(() => RuleTool.Nftables(family).Restore(text));

    public string Dump(NetworkNamespace node, Family family) =>
        node.Run(() => RuleTool.Nftables(family).Observe().Text);

    public NftRuleset Canonical(NftRuleset artifact) => artifact;

    public bool IsAffinity(TraceStep step) => step.RuleText.Contains("@affinity", StringComparison.Ordinal);

    private static string NameOf(Family family) => family switch { Family.Ipv4 => "ip", Family.Ipv6 => "ip6" };
}
