using FsCheck;
using FsCheck.Fluent;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using RuleCompiler.Tests.Properties;
using Xunit;

namespace RuleCompiler.Tests.Backends.Iptables;

/// <summary>Every prefix of a plan is safe, whatever changes: the cluster, the node's configuration, or both.</summary>
public sealed class PlanSafetyTests
{
    private static Gen<Change> Changes { get; } =
        from before in Scenario.Any
        from node in NodeGen.Node
        from what in Pick.Weighted(
            (2, Part.NodePorts), (2, Part.Masquerade), (2, Part.Detector), (1, Part.Gates), (1, Part.Kernel),
            (2, Part.All))
        from cluster in ClusterGen.Cluster
        from both in Pick.Weighted((2, false), (1, true))
        select new Change(before, new Scenario(both ? cluster : before.Cluster, Reconfigured(before.Node, node, what)));

    private enum Part
    {
        NodePorts,
        Masquerade,
        Detector,
        Gates,
        Kernel,
        All,
    }

    [Fact]
    public void When_the_cluster_changes() => Fuzz.Scenarios(4, scenario =>
    {
        var other = Fuzz.Sample(ClusterGen.Cluster, (ulong)scenario.Cluster.Services.Count + Fuzz.Seed);
        var services = scenario.Cluster.Services;
        var kept = scenario.Cluster.EndpointSlices.Where((_, index) => index % 2 == 0).ToSortedSeq();
        ClusterState[] changes =
        [
            scenario.Cluster with { EndpointSlices = kept },
            scenario.Cluster with { Services = services.Skip(1).ToSortedSeq() },
            scenario.Cluster with { Services = services.Select(Changed).ToSortedSeq() },
            scenario.Cluster with { EndpointSlices = kept, Services = services.Select(Changed).ToSortedSeq() },
            ClusterState.Empty,
            other,
        ];
        return changes.Select(cluster => new Change(scenario, scenario with { Cluster = cluster }).Flaw())
            .FirstOrDefault(flaw => flaw is not null);
    });

    [Fact]
    public void When_the_configuration_changes()
    {
        for (var i = 0; i < Fuzz.Cases(12); i++)
        {
            var seed = Fuzz.Seed + (ulong)i;
            Fuzz.Check(seed, Fuzz.Sample(Changes, seed), change => change.Flaw(), change => change.Shrink());
        }
    }

    private static Service Changed(Service service) => service with
    {
        ExternalTrafficPolicy = 1 - service.ExternalTrafficPolicy,
        LoadBalancerSourceRanges = service.LoadBalancerSourceRanges.IsEmpty ? [Prefix.Parse("172.16.0.0/24")] : [],
    };

    /// <summary>One part of the configuration is another's, or all of it. The host itself stays as it is.</summary>
    private static NodeFacts Reconfigured(NodeFacts node, NodeFacts other, Part what)
    {
        var (config, fresh) = (node.Config, other.Config);
        return what switch
        {
            Part.NodePorts => node with { Config = config with { NodePortAddresses = fresh.NodePortAddresses } },
            Part.Masquerade => node with { Config = config with { Iptables = fresh.Iptables } },
            Part.Detector => node with
            {
                Config = config with
                {
                    DetectLocalMode = fresh.DetectLocalMode,
                    ClusterCidrs = fresh.ClusterCidrs,
                    BridgeInterface = fresh.BridgeInterface,
                    InterfaceNamePrefix = fresh.InterfaceNamePrefix,
                },
            },
            Part.Gates => node with
            {
                Config = config with { FeatureGates = fresh.FeatureGates, Conntrack = fresh.Conntrack },
            },
            Part.Kernel => node with { Kernel = other.Kernel },
            Part.All => node with { Config = fresh, Kernel = other.Kernel },
        };
    }

    /// <summary>There and back.</summary>
    private sealed record Change(Scenario Before, Scenario After)
    {
        public string? Flaw() => Pipeline.Families
            .Select(family => PlanSafety.Flaw(Before, After, family) ?? PlanSafety.Flaw(After, Before, family))
            .FirstOrDefault(flaw => flaw is not null);

        public IEnumerable<Change> Shrink() =>
            Before.Cluster == After.Cluster
                ? ScenarioShrinker.Clusters(Before.Cluster).Select(cluster =>
                    new Change(Before with { Cluster = cluster }, After with { Cluster = cluster }))
                : Before.Shrink().Select(before => this with { Before = before })
                    .Concat(After.Shrink().Select(after => this with { After = after }));
    }
}
