using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Linux;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>iptables, in either of its two implementations: <c>nft</c> or <c>legacy</c>.</summary>
internal sealed class IptablesRoom(string kind) : IKernelTool<IptablesRuleset>
{
    public static KernelRoom<IptablesRuleset, TableBlock> Of(string kind) =>
        new($"iptables-{kind}", IptablesBackend.Instance, new IptablesRoom(kind));

    public string OthersRules(Family family) =>
        """
        *nat
        :CNI-HOSTPORT - [0:0]
        -A PREROUTING -m comment --comment "somebody's" -j CNI-HOSTPORT
        -A CNI-HOSTPORT -p tcp -m tcp --dport 8088 -j RETURN
        COMMIT
        *filter
        -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
        -A FORWARD -i cni0 -o cni0 -j ACCEPT
        COMMIT

        """;

    /// <summary>iptables-nft-restore --noflush and its three siblings.</summary>
    public void Load(NetworkNamespace node, Family family, string text) =>
        node.Run(() => RuleTool.Iptables(kind, family).Restore(text));

    public string Dump(NetworkNamespace node, Family family) =>
        node.Run(() => RuleTool.Iptables(kind, family).Observe().Text);

    /// <summary>
    /// Without empty built-in chains that accept, which are always there. The two implementations list chains in different
    /// orders, and tables too; Print has one of its own.
    /// </summary>
    public IptablesRuleset Canonical(IptablesRuleset artifact) => artifact with
    {
        Tables = artifact.Tables
            .Select(table => table with
            {
                Chains = table.Chains
                    .Select(chain => chain.Policy == Policy.Accept ? chain with { Policy = null } : chain)
                    .Where(chain => !chain.Rules.IsEmpty || chain.Policy is not null || !IsBuiltIn(chain.Name))
                    .ToSeq(),
            })
            .Where(table => !table.Chains.IsEmpty)
            .ToSeq(),
    };

    public bool IsAffinity(TraceStep step) => step.RuleText.Contains("-m recent", StringComparison.Ordinal);

    private static bool IsBuiltIn(string chain) => chain is "PREROUTING" or "INPUT" or "FORWARD" or "OUTPUT" or "POSTROUTING";
}
