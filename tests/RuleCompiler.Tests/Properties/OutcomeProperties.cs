using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Properties;

/// <summary>What the laws of backends (<c>BackendLaws</c>) do not ask of compiled rules: both families alike, and many endpoints.</summary>
public sealed class OutcomeProperties
{
    public static TheoryData<ProxyMode> Modes => [.. Pipeline.Modes];

    public static MatrixTheoryData<int, ProxyMode> ManyInEveryMode => new([2, 3, 44, 319, 1000], Pipeline.Modes);

    /// <summary>Outcomes and shares of every IPv4 flow, renamed, are those of the renamed flow.</summary>
    [Theory]
    [MemberData(nameof(Modes))]
    public void Ipv6_behaves_as_ipv4_does_under_renaming(ProxyMode mode) => Fuzz.Scenarios(15, any =>
    {
        var scenario = Renaming.OnlyIpv4(any.In(mode));
        var renamed = Renaming.ToIpv6(scenario);
        var (v4, v6) = (Pipeline.Node(scenario, Family.Ipv4), Pipeline.Node(renamed, Family.Ipv6));
        foreach (var flow in FlowGen.Covering(scenario, Family.Ipv4).Where(flow => !IsOtherLoopback(flow)))
        {
            var found = v4.Explore(Pipeline.First(flow), trace: false).Outcomes
                .Select(one => (Renaming.ToIpv6(one.Outcome), one.Numerator, one.Denominator)).ToSeq();
            var other = v6.Explore(Pipeline.First(Renaming.ToIpv6(flow)), trace: false).Outcomes
                .Select(one => (one.Outcome, one.Numerator, one.Denominator)).ToSeq();
            if (!found.Equals(other)) return $"{flow}\nIPv4 renamed {found}\nIPv6 {other}";
        }

        return null;

        static bool IsOtherLoopback(Flow flow) => flow.Destination.IsLoopback && flow.Destination != Ip.V4(0x7F00_0001);
    });

    /// <summary>Shares stay within 2^-31 where a chain of choices could add up its errors (verification.md §3.5).</summary>
    [Theory]
    [MemberData(nameof(ManyInEveryMode))]
    public void Shares_of_many_endpoints_are_equal(int endpoints, ProxyMode mode)
    {
        var sample = Many(endpoints).In(mode);
        var node = Pipeline.Node(sample, Family.Ipv4);
        var flow = new Flow(Ip.Parse("10.64.0.77"), new Port(40000), Protocol.Tcp, Ip.Parse("10.96.0.10"), new Port(80), "cni0");
        var found = node.Explore(Pipeline.First(flow), trace: false).Outcomes;
        Assert.Equal(Meaning.Of(sample.Cluster, sample.Node, flow).Outcomes.Count, found.Count);
        Assert.All(found, one => Assert.True(Pipeline.IsFair(one, endpoints), $"{one.Outcome}: {one.Numerator}/{one.Denominator}"));
    }

    internal static Scenario Many(int endpoints, int? affinity = null)
    {
        var sample = new Ir.MeaningSample();
        var slice = sample.Cluster.EndpointSlices[0];
        return new Scenario(
            new ClusterState(
                [sample.Service with { AffinityTimeoutSeconds = affinity }],
                [slice with
                {
                    Endpoints = Enumerable.Range(0, endpoints).Select(i => slice.Endpoints[0] with
                    {
                        Address = Ip.V4((uint)(Ip.Parse("10.64.4.0").Bits + (uint)i)), NodeName = "node-1",
                    }).ToSeq(),
                }], [], []),
            sample.Node);
    }
}
