using FsCheck.Fluent;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using Xunit;
using Room = RuleCompiler.Backends.Ipvs.Ipvs;

namespace RuleCompiler.Tests.Backends.Ipvs;

/// <summary>Laws 1 to 4 of rooms, those that need no emulator.</summary>
public sealed class TextLawsTests
{
    [Fact]
    public void Text_comes_back_and_what_is_as_desired_needs_no_plan() => Fuzz.Scenarios(40, scenario =>
    {
        foreach (var family in Enum.GetValues<Family>())
        {
            var artifact = Lower(scenario.Cluster, scenario.Node, family);
            var parsed = Room.Parse(Room.Print(artifact), family);
            if (!parsed.Diagnostics.IsEmpty) return parsed.Diagnostics.ToString();
            if (!parsed.Artifact.Equals(artifact)) return $"{parsed.Artifact}\ninstead of {artifact}";
            if (Room.Plan(artifact, artifact) is { IsEmpty: false } plan) return plan.ToString();
        }

        return null;
    });

    [Fact]
    public void A_plan_that_is_applied_gives_what_was_desired()
    {
        var clusters = from before in Scenario.Any from after in ClusterGen.Cluster select (before, after);
        for (var i = 0UL; i < (ulong)Fuzz.Cases(40); i++)
        {
            var (before, after) = Fuzz.Sample(clusters, Fuzz.Seed + i);
            foreach (var family in Enum.GetValues<Family>())
            {
                var state = Lower(before.Cluster, before.Node, family);
                var desired = Lower(after, before.Node, family);
                foreach (var step in Room.Plan(state, desired)) state = Room.Apply(state, step);
                Assert.Equal(desired, state);
            }
        }
    }

    private static IpvsArtifact Lower(ClusterState cluster, NodeFacts node, Family family)
    {
        node = node with { Config = node.Config with { Mode = ProxyMode.Ipvs } };
        return Room.Lower(ServiceGraphBuilder.Build(cluster, node, family).Graph, node).Artifact;
    }
}
