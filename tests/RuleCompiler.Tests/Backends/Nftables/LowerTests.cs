using RuleCompiler.Backends;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Backends.Iptables;
using RuleCompiler.Tests.Gen;
using RuleCompiler.Tests.Properties;
using Xunit;

namespace RuleCompiler.Tests.Backends.Nftables;

public sealed class LowerTests
{
    private static readonly NodeFacts _node =
        SmallCluster.Facts with { Config = SmallCluster.Facts.Config with { Mode = ProxyMode.Nftables } };

    [Fact]
    public void Every_flow_meets_what_the_judge_allows() => Fuzz.Scenarios(30, any =>
    {
        var scenario = any.In(ProxyMode.Nftables);
        foreach (var family in Pipeline.Families)
        {
            var ruleset = Lower(scenario.Cluster, scenario.Node, family).Artifact;
            var node = Pipeline.Load(NftablesTranslator.Translate(ruleset), scenario.Node);
            foreach (var flow in FlowGen.Covering(scenario, family))
            {
                if (Pipeline.Differs(scenario, node, flow) is { } difference) return $"{difference}\n{Text(ruleset)}";
            }
        }

        return null;
    });

    /// <summary>The table grows with kinds of Services, not with Services: ten times as many need no other chain or set.</summary>
    [Fact]
    public void Chains_and_sets_do_not_grow_with_Services()
    {
        var (few, many) = (Of(10), Of(100));
        Assert.Equal(few.Chains.Select(chain => chain.Name), many.Chains.Select(chain => chain.Name));
        Assert.Equal(few.Sets.Select(set => set.Name), many.Sets.Select(set => set.Name));
        Assert.Equal(few.Chains, many.Chains);

        static NftTable Of(int count)
        {
            var services = Enumerable.Range(0, count).Select(i => SmallCluster.Cart with
            {
                Name = new ObjectName("shop", $"cart-{i}"),
                ClusterIps = [Ip.V4(0x0A60_0100u + (uint)i)],
            }).ToArray();
            return Lower(services.ToSortedSeq(), services.Select((service, i) => service.Slice("10.64.0.5", $"10.64.1.{i + 1}")).ToSortedSeq())
                .Artifact.Tables[0];
        }
    }

    [Fact]
    public void A_comment_that_is_too_long_is_shortened()
    {
        var service = SmallCluster.Cart with
        {
            Name = new ObjectName(new string('n', 63), new string('s', 63)),
            Ports = [SmallCluster.Cart.Ports[0] with { Name = new string('p', 15) }],
        };
        var comment = Lower([service], []).Artifact.Tables[0].Sets.Single(set => set.Name == "refusals").Elements[0].Comment;
        Assert.Equal($"{new string('n', 63)}/{new string('s', 61)}...", comment);
    }

    [Fact]
    public void The_unspecified_address_is_no_frontend()
    {
        var service = SmallCluster.Cart with { ExternalIps = [Ip.V4(0)] };
        var lowering = Lower([service], [service.Slice("10.64.0.5")]);
        Assert.Equal(DiagnosticCatalog.UnspecifiedFrontend, Assert.Single(lowering.Diagnostics).Rule);
        Assert.Equal(Ip.Parse("10.96.0.10").Bits,
            Assert.Single(lowering.Artifact.Tables[0].Sets.Single(set => set.Name == "services").Elements).Key[0].First);
    }

    [Fact]
    public void An_endpoint_that_leaves_takes_its_slot_and_no_other()
    {
        var service = SmallCluster.Cart with { AffinityTimeoutSeconds = 60 };
        var all = SlotsOf("10.64.0.5", "10.64.0.6", "10.64.0.7");
        var fewer = SlotsOf("10.64.0.5", "10.64.0.7");
        Assert.Equal(3, all.Count);
        Assert.Equal(2, fewer.Count);
        Assert.All(fewer, element => Assert.Contains(element, all));

        SortedSeq<Element> SlotsOf(params string[] endpoints) =>
            Lower([service], [service.Slice(endpoints)]).Artifact.Tables[0].Sets.Single(set => set.Name == "slots").Elements;
    }

    /// <summary>nft 1.0.6 lets packets add to a map by 16 bytes at most: an IPv6 client and no frontend (README.md).</summary>
    [Fact]
    public void Frontends_with_affinity_over_IPv6_have_maps_of_their_own()
    {
        var service = SmallCluster.Cart with
        {
            ClusterIps = [Ip.Parse("fd00:96::10")],
            ExternalIps = [Ip.Parse("::ffff:192.0.2.1"), Ip.Parse("::ffff:c000:2:0:1")],
            Type = ServiceType.NodePort,
            Ports = [SmallCluster.Cart.Ports[0] with { NodePort = new Port(30080) }],
            AffinityTimeoutSeconds = 60,
        };
        var lowering = NftablesBackend.Instance.Lower(SmallCluster.Graph([service], [service.Slice("fd00:64::5")], _node, Family.Ipv6));
        var maps = lowering.Artifact.Tables[0].Sets.Where(set => set.Flags.HasFlag(SetFlags.Dynamic)).ToArray();
        Assert.Equal(4, maps.Length);
        Assert.All(maps, map => Assert.Equal<FieldType>([FieldType.Ipv6Addr], map.Key.AsEnumerable()));
        Assert.Contains("affinity-fd00-96--10-tcp-80", maps.Select(map => map.Name));
        Assert.Contains("affinity-tcp-30080", maps.Select(map => map.Name));
    }

    internal static Lowering<NftRuleset> Lower(ClusterState cluster, NodeFacts node, Family family) =>
        NftablesBackend.Instance.Lower(ServiceGraphBuilder.Build(cluster, node, family).Graph);

    internal static string Text(NftRuleset ruleset) => NftablesBackend.Instance.Print(ruleset)[0].Text;

    private static Lowering<NftRuleset> Lower(SortedSeq<Service> services, SortedSeq<EndpointSlice> slices) =>
        NftablesBackend.Instance.Lower(SmallCluster.Graph(services, slices, _node));
}
