using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.KernelTests.Probing;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>What we print is what the tools take and what the kernel then has: print → restore → save → parse.</summary>
public sealed class RestoreTests(ITestOutputHelper output)
{
    private const int Histories = 25;
    private const ulong FirstSeed = 7_000_000;

    private static readonly HostNetwork _noNetwork = new([], []);

    /// <summary>What a node has before us, and must keep.</summary>
    private const string OthersRules =
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

    [Theory]
    [InlineData(Flavour.Nft, Family.Ipv4)]
    [InlineData(Flavour.Nft, Family.Ipv6)]
    [InlineData(Flavour.Legacy, Family.Ipv4)]
    [InlineData(Flavour.Legacy, Family.Ipv6)]
    public void Every_rule_form_comes_back_from_the_kernel(Flavour flavour, Family family)
    {
        KernelMachine.Require("nfacct", "ipset");
        using var network = NodeNetwork.Create(_noNetwork);
        network.Node.Run(() => Tool.Run("nfacct", ["add", EveryRuleForm.Counter]));
        for (var set = 0; set < EveryRuleForm.Sets.Count; set++)
        {
            var command = EveryRuleForm.SetCommand(set, family);
            network.Node.Run(() => Tool.Run("ipset", command.ToArray()));
        }

        var ruleset = EveryRuleForm.For(family);
        flavour.Restore(network.Node, family, Iptables.Print(ruleset)[0].Text);
        Assert.Equal(Canonical(ruleset), Canonical(Observed(flavour, network, family)));
    }

    [Theory]
    [InlineData(Flavour.Nft, Family.Ipv4)]
    [InlineData(Flavour.Nft, Family.Ipv6)]
    [InlineData(Flavour.Legacy, Family.Ipv4)]
    [InlineData(Flavour.Legacy, Family.Ipv6)]
    public void Plans_do_to_the_kernel_what_Apply_does_in_memory(Flavour flavour, Family family)
    {
        KernelMachine.Require();
        var (blocks, states) = (0, 0);
        for (var i = 0UL; i < Histories; i++)
        {
            var history = Fuzz.Sample(UpdateGen.History, FirstSeed + i);
            using var network = NodeNetwork.Create(_noNetwork);
            flavour.Restore(network.Node, family, OthersRules);
            var observed = Observed(flavour, network, family);
            foreach (var state in history.States.AsEnumerable())
            {
                var graph = ServiceGraphBuilder.Build(state, history.Node, family).Graph;
                var desired = Iptables.Lower(graph, history.Node).Artifact;
                foreach (var step in Iptables.Plan(observed, desired).AsEnumerable())
                {
                    flavour.Restore(network.Node, family, Iptables.PrintStep(step, family));
                    observed = Iptables.Apply(observed, step);
                    blocks++;
                }

                var kernel = Observed(flavour, network, family);
                Assert.True(Canonical(observed) == Canonical(kernel), $"seed {FirstSeed + i}, state {states}\n" +
                    $"in memory\n{Canonical(observed)}\nin the kernel\n{Canonical(kernel)}");
                Assert.Empty(Iptables.Plan(kernel, desired));
                Assert.Contains("CNI-HOSTPORT", Canonical(kernel), StringComparison.Ordinal);
                observed = kernel;
                states++;
            }
        }

        output.WriteLine($"{states} states, {blocks} blocks");
    }

    private static IptablesRuleset Observed(Flavour flavour, NodeNetwork network, Family family)
    {
        var parsed = flavour.Observe(network.Node, family);
        Assert.False(parsed.HasErrors, parsed.Diagnostics.ToString());
        return parsed.Artifact;
    }

    /// <summary>
    /// Without what the kernel has anyway: empty built-in chains that accept. The flavours list chains in different
    /// orders, and tables too.
    /// </summary>
    private static string Canonical(IptablesRuleset ruleset) => Iptables.Print(ruleset with
    {
        Tables = ruleset.Tables
            .Select(table => table with
            {
                Chains = table.Chains
                    .Select(chain => chain.Policy == Policy.Accept ? chain with { Policy = null } : chain)
                    .Where(chain => !chain.Rules.IsEmpty || chain.Policy is not null || !IsBuiltIn(chain.Name))
                    .ToSeq(),
            })
            .Where(table => !table.Chains.IsEmpty)
            .ToSeq(),
    })[0].Text;

    private static bool IsBuiltIn(string chain) => chain is "PREROUTING" or "INPUT" or "FORWARD" or "OUTPUT" or "POSTROUTING";
}
