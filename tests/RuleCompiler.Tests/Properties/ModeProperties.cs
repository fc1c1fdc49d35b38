using RuleCompiler.Backends;
using RuleCompiler.Emulator.Comparison;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Properties;

/// <summary>iptables ≡ nftables ≡ IPVS on generated clusters, but for what spec/profiles/modes.md intends.</summary>
public sealed class ModeProperties
{
    /// <summary>Issue 3 asks for this many clusters in CI.</summary>
    private const int Clusters = 500;

    private static readonly Profile _profile = Profile.Parse(
        [("modes.md", File.ReadAllText(Checkout.PathOf("spec", "profiles", "modes.md")))]).Profile;

    [Theory]
    [InlineData(ProxyMode.Iptables, ProxyMode.Nftables)]
    [InlineData(ProxyMode.Iptables, ProxyMode.Ipvs)]
    [InlineData(ProxyMode.Nftables, ProxyMode.Ipvs)]
    public void Modes_differ_only_as_intended(ProxyMode left, ProxyMode right) => Fuzz.Scenarios(Clusters, scenario =>
    {
        if ((left == ProxyMode.Ipvs || right == ProxyMode.Ipvs) && HasServiceAddressAsEndpoint(scenario)) return null;
        foreach (var family in Pipeline.Families)
        {
            var (one, other) = (Side(scenario.In(left), family), Side(scenario.In(right), family));
            var graph = ServiceGraphBuilder.Build(scenario.Cluster, one.Node, family).Graph;
            var report = ComparisonReport.Of(graph, one, other, _profile);
            foreach (var group in report.Groups)
            {
                if (group.IsIntended) continue;
                var first = group.Differences[0];
                return $"{group.Cause} {family} {group.Aspects} from {group.Source}: {first.At.Flow}\n{left}: {first.Left}\n{right}: {first.Right}";
            }
        }

        return null;
    });

    /// <summary>A profile is only worth the differences that there are.</summary>
    [Fact]
    public void Every_item_of_the_profile_is_met_by_some_cluster()
    {
        var unmet = _profile.Items.ToHashSet();
        for (var seed = Fuzz.Seed; unmet.Count > 0 && seed < Fuzz.Seed + 400; seed++)
        {
            var scenario = Fuzz.Sample(Scenario.Any, seed);
            foreach (var item in unmet.ToArray())
            {
                var (left, right) = (ModeOf(item.Sides[0]), ModeOf(item.Sides[1]));
                var (one, other) = (Side(scenario.In(left), Family.Ipv4), Side(scenario.In(right), Family.Ipv4));
                var graph = ServiceGraphBuilder.Build(scenario.Cluster, one.Node, Family.Ipv4).Graph;
                var differences = Comparer.Compare([.. FlowUniverse.Of(graph, one.Node)], one, other);
                if (differences.Any(difference => difference.Cause == item.Cause)) unmet.Remove(item);
            }
        }

        Assert.Empty(unmet);
    }

    /// <summary>
    /// Addresses of Services are the node's own in IPVS mode, so what is sent to an endpoint that has one never leaves the
    /// node. Nobody can mean such a cluster.
    /// </summary>
    private static bool HasServiceAddressAsEndpoint(Scenario scenario) =>
        scenario.Cluster.EndpointSlices.SelectMany(slice => slice.Endpoints).Any(endpoint =>
            !scenario.Node.IsLocal(endpoint.Address) && scenario.Cluster.Services.Any(service =>
                service.ExternalIps.Contains(endpoint.Address) || service.LoadBalancerIps.Contains(endpoint.Address)));

    private static ProxyMode ModeOf(string name) => Enum.Parse<ProxyMode>(name, ignoreCase: true);

    private static ComparedSide Side(Scenario scenario, Family family) => new(
        BackendRegistry.Of(scenario.Node.Config.Mode).Name, Pipeline.Compile(scenario, family), scenario.Node, IsKubeProxys: false);
}
