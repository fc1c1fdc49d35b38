using RuleCompiler.KernelTests.Probing;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>Generated packets at generated clusters: the kernel against the emulator.</summary>
public sealed class DifferentialTests(ITestOutputHelper output)
{
    private const int DifferencesShown = 10;

    [Fact]
    public void The_kernel_does_with_every_packet_what_the_emulator_says()
    {
        KernelMachine.Require();
        var options = DifferentialOptions.FromEnvironment();
        foreach (var flavour in options.Flavours)
        {
            var each = Math.Max(1, options.Packets / options.Flavours.Count / options.Clusters);
            var run = new Differential(flavour, options.Seed);
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
                $"{TimeProvider.System.GetElapsedTime(started).TotalSeconds:F1} s ({run.Packets / run.Sending.TotalSeconds:F0} packets/s " +
                $"while sending), {run.Choices} choices weighed, {run.FlowsLeftOut} flows left out, endings " +
                string.Join(", ", run.Endings.Select(ending => $"{ending.Key} {ending.Value}")));
            Assert.True(differences.Count == 0,
                $"{flavour}: {differences.Count} differences\n" + string.Join('\n', differences.Take(DifferencesShown)));
        }
    }
}
