using RuleCompiler.KernelTests.Probing;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>Generated packets at generated clusters: the kernel against the emulator.</summary>
public sealed class DifferentialTests(ITestOutputHelper output)
{
    private const int DifferencesShown = 10;
    private const ulong SabotageSeed = 9_000_000;
    private const ulong HistorySeed = 11_000_000;
    private const int Histories = 20;
    private const int HistoryPackets = 400;
    private const int SabotagedClusters = 20;
    private const int SabotagePackets = 2000;

    [Fact]
    public void The_kernel_does_with_every_packet_what_the_emulator_says()
    {
        KernelMachine.Require();
        var options = DifferentialOptions.FromEnvironment();
        Assert.SkipWhen(options.Flavours.Count == 0, "RULEC_KERNEL_FLAVOUR leaves IPVS alone to be tested");
        foreach (var flavour in options.Flavours)
        {
            var each = Math.Max(1, options.Packets / options.Flavours.Count / options.Clusters);
            var run = new Differential(flavour.Room, options.Seed);
            var differences = new List<string>();
            var started = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < options.Clusters; i++)
            {
                var seed = options.Seed + (ulong)i;
                var found = run.Run(Fuzz.Sample(Scenario.Any, seed), each);
                differences.AddRange(found.Select(difference => $"--seed {seed} --clusters 1: {difference}"));
            }

            differences.AddRange(run.PooledComplaints());
            output.WriteLine(
                $"{flavour}: {run.Packets} packets over {options.Clusters} clusters in " +
                $"{TimeProvider.System.GetElapsedTime(started).TotalSeconds:F1} s " +
                $"({run.Packets / run.Sending.TotalSeconds:F0} packets/s while sending), {run.Choices} choices weighed, {run.FlowsLeftOut} flows left out, endings " +
                string.Join(", ", run.Endings.Select(ending => $"{ending.Key} {ending.Value}")));
            Assert.True(differences.Count == 0,
                $"{flavour}: {differences.Count} differences\n" + string.Join('\n', differences.Take(DifferencesShown)));
        }
    }

    /// <summary>Rules that plans made do the same as rules that were loaded.</summary>
    [Theory]
    [MemberData(nameof(Flavours.Each), MemberType = typeof(Flavours))]
    public void After_plans_packets_go_where_the_emulator_says(Flavour flavour)
    {
        KernelMachine.Require();
        var run = new Differential(flavour.Room, HistorySeed);
        var differences = new List<string>();
        for (var i = 0UL; i < Histories; i++)
        {
            var history = Fuzz.Sample(UpdateGen.History, HistorySeed + i);
            differences.AddRange(run.RunLast(history.States, history.Node, HistoryPackets)
                .Select(difference => $"seed {HistorySeed + i}: {difference}"));
        }

        differences.AddRange(run.PooledComplaints());
        output.WriteLine($"{flavour}: {run.Packets} packets behind {Histories} histories, {run.Choices} choices weighed");
        Assert.True(differences.Count == 0,
            $"{flavour}: {differences.Count} differences\n" + string.Join('\n', differences.Take(DifferencesShown)));
    }

    /// <summary>A comparison that never fails proves nothing: each of these changes one kind of rule in the kernel only.</summary>
    [Theory]
    [InlineData(Flavour.Nft, ":8080\n", ":8081\n")]
    [InlineData(Flavour.Nft, "-j REJECT --reject-with icmp-port-unreachable", "-j DROP")]
    [InlineData(Flavour.Nft, "--probability 0.5", "--probability 0.9")]
    [InlineData(Flavour.Nft, "-j KUBE-MARK-MASQ", "-j RETURN")]
    [InlineData(Flavour.Nft, "-j MASQUERADE --random-fully", "-j ACCEPT")]
    [InlineData(Flavour.Nft, "--dst-type LOCAL", "--src-type LOCAL")]
    [InlineData(Flavour.Nft, "--ctstate NEW", "--ctstate ESTABLISHED")]
    public void A_wrong_rule_in_the_kernel_is_noticed(Flavour flavour, string right, string wrong)
    {
        KernelMachine.Require();
        var run = new Differential(flavour.Room, SabotageSeed, text => text.Replace(right, wrong, StringComparison.Ordinal));
        var differences = 0;
        for (var i = 0UL; i < SabotagedClusters && differences == 0; i++)
            differences = run.Run(Fuzz.Sample(Scenario.Any, SabotageSeed + i), SabotagePackets).Count;
        Assert.True(differences > 0 || run.PooledComplaints().Any(), "nothing was noticed");
    }
}
