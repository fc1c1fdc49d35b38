using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Properties;

/// <summary>What Service rules owe to everything around them: marks, answers, living flows, invalid packets, policies.</summary>
public sealed class SurroundingsProperties
{
    [Fact]
    public void The_node_around_services_is_as_it_should_be() => Fuzz.Scenarios(8, scenario =>
    {
        foreach (var family in Pipeline.Families)
        {
            var ruleset = Pipeline.Reread(Pipeline.Lower(scenario.Cluster, scenario.Node, family));
            if (new Surroundings(scenario, family).Wrong(ruleset) is { } wrong) return wrong;
        }

        return null;
    });
}
