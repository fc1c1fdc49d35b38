using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Properties;

/// <summary>A property over clusters that never show a feature proves nothing about it.</summary>
public sealed class GeneratorReach
{
    [Fact]
    public void Generated_flows_meet_every_outcome_from_every_kind_of_source()
    {
        var seen = new Dictionary<string, int>();
        for (var i = 0UL; i < 40; i++)
        {
            var scenario = Fuzz.Sample(Scenario.Any, Fuzz.Seed + i);
            foreach (var flow in FlowGen.Covering(scenario, i % 2 == 0 ? Family.Ipv4 : Family.Ipv6))
            {
                var outcomes = Meaning.Of(scenario.Cluster, scenario.Node, flow).Outcomes;
                var source = flow.InputInterface ?? (flow.Source.IsLoopback ? "loopback" : "node");
                var kind = outcomes[0] switch
                {
                    Outcome.Translated when outcomes.OfType<Outcome.Translated>().All(one => one.SourceNat) => "masqueraded",
                    Outcome.Translated when outcomes.OfType<Outcome.Translated>().Any(one => one.SourceNat) => "hairpin",
                    Outcome.Translated => "translated",
                    var other => other.ToString()!,
                };
                var key = $"{source} {kind}";
                seen[key] = seen.GetValueOrDefault(key) + 1;
            }
        }

        string[] kinds = ["masqueraded", "translated", "reject", "drop", "untouched"];
        var wanted = from source in (string[])["cni0", "eth0", "node"] from kind in kinds select $"{source} {kind}";
        Assert.All(
            [.. wanted, "cni0 hairpin", "eth0 hairpin", "loopback masqueraded", "loopback reject", "loopback untouched"],
            key => Assert.True(seen.GetValueOrDefault(key) >= 5, $"{key}: {seen.GetValueOrDefault(key)} flows"));
    }
}
