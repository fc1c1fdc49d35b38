using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Properties;

/// <summary>The intermediate representation against the judge.</summary>
public sealed class GraphProperties
{
    [Fact]
    public void The_graph_says_what_the_judge_says() => Fuzz.Scenarios(30, scenario =>
    {
        foreach (var family in (Family[])[Family.Ipv4, Family.Ipv6])
        {
            var graph = ServiceGraphBuilder.Build(scenario.Cluster, scenario.Node, family).Graph;
            foreach (var flow in FlowGen.Covering(scenario, family))
            {
                var expected = Meaning.Of(scenario.Cluster, scenario.Node, flow);
                var found = GraphReading.Of(graph, scenario.Node, flow);
                if (expected != found) return $"{flow}\nexpected {expected}\nfound    {found}";
            }
        }

        return null;
    });
}
