using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.KernelTests.Probing;
using RuleCompiler.Linux;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>What we print is what the tools take and what the kernel then has: print → restore → save → parse.</summary>
public sealed class RestoreTests(ITestOutputHelper output)
{
    private const int Histories = 25;
    private const ulong FirstSeed = 7_000_000;

    private static readonly HostNetwork _noNetwork = new([], []);

    [Theory]
    [InlineData("nft", Family.Ipv4)]
    [InlineData("nft", Family.Ipv6)]
    [InlineData("legacy", Family.Ipv4)]
    [InlineData("legacy", Family.Ipv6)]
    public void Every_rule_form_of_iptables_comes_back_from_the_kernel(string kind, Family family)
    {
        KernelMachine.Require("nfacct", "ipset");
        using var network = NodeNetwork.Create(_noNetwork);
        network.Node.Run(() => Tool.Run("nfacct", ["add", EveryRuleForm.Counter]));
        for (var set = 0; set < EveryRuleForm.Sets.Count; set++)
        {
            var command = EveryRuleForm.SetCommand(set, family);
            network.Node.Run(() => Tool.Run("ipset", command.ToArray()));
        }

        var (room, ruleset) = (IptablesRoom.Of(kind), EveryRuleForm.For(family));
        room.Load(network.Node, family, IptablesBackend.Instance.Print(ruleset)[0].Text);
        Assert.Equal(room.Canonical(ruleset), room.Canonical(room.Observe(network.Node, family)));
    }

    [Theory]
    [MemberData(nameof(Flavours.EachFamily), MemberType = typeof(Flavours))]
    public void Plans_do_to_the_kernel_what_Apply_does_in_memory(Flavour flavour, Family family)
    {
        KernelMachine.Require();
        var (steps, states) = (0, 0);
        for (var i = 0UL; i < Histories; i++)
        {
            var history = Fuzz.Sample(UpdateGen.History, FirstSeed + i);
            using var network = NodeNetwork.Create(_noNetwork);
            flavour.Room.Load(network.Node, family, flavour.Room.OthersRules(family));
            foreach (var state in history.States.AsEnumerable())
            {
                var update = flavour.Room.Update(network.Node, state, history.Node, family);
                Assert.True(update.Diagnostics.IsEmpty, update.Diagnostics.ToString());
                Assert.True(update.InMemory == update.InKernel, $"seed {FirstSeed + i}, state {states}\n" +
                    $"in memory\n{update.InMemory}\nin the kernel\n{update.InKernel}");
                Assert.Equal(0, update.StepsLeft);
                steps += update.Steps;
                states++;
            }

            Assert.Contains("CNI-HOSTPORT", flavour.Room.Dump(network.Node, family), StringComparison.Ordinal);
        }

        output.WriteLine($"{states} states, {steps} steps");
    }
}
