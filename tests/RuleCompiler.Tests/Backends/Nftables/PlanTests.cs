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

public sealed class PlanTests
{
    private static readonly NodeFacts _node =
        SmallCluster.Facts with { Config = SmallCluster.Facts.Config with { Mode = ProxyMode.Nftables } };

    /// <summary>In between, every flow meets what the judge allowed before, or what it allows after; at the end, the latter.</summary>
    [Fact]
    public void No_step_shows_a_third_outcome_and_the_last_gives_what_was_desired() => Fuzz.Histories(6, history =>
    {
        var node = history.Node with { Config = history.Node.Config with { Mode = ProxyMode.Nftables } };
        foreach (var family in Pipeline.Families)
        {
            for (var i = 0; i + 1 < history.States.Count; i++)
            {
                if (Check(history.States[i], history.States[i + 1], node, family) is { } difference) return difference;
            }
        }

        return null;
    });

    [Fact]
    public void A_new_endpoint_count_adds_a_chain_and_the_old_one_goes_last()
    {
        var service = SmallCluster.Cart;
        var before = Lower(service, "10.64.0.5");
        var after = Lower(service, "10.64.0.5", "10.64.0.6");
        var plan = NftablesBackend.Instance.Plan(before, after);
        Assert.Equal(
            """
            add chain ip rulecompiler masquerade-others-pick-2
            add chain ip rulecompiler pick-2
            add rule ip rulecompiler masquerade-others-pick-2 ip saddr != 10.64.0.0/16 meta mark set meta mark | 0x00004000
            add rule ip rulecompiler masquerade-others-pick-2 goto pick-2
            add rule ip rulecompiler pick-2 meta l4proto tcp dnat ip to ip daddr . th dport . numgen random mod 2 map @tcp-endpoints
            add rule ip rulecompiler pick-2 meta l4proto udp dnat ip to ip daddr . th dport . numgen random mod 2 map @udp-endpoints
            add rule ip rulecompiler pick-2 meta l4proto sctp dnat ip to ip daddr . th dport . numgen random mod 2 map @sctp-endpoints
            delete element ip rulecompiler services { 10.96.0.10 . tcp . 80 }
            add element ip rulecompiler services { 10.96.0.10 . tcp . 80 comment "shop/cart:http" : goto masquerade-others-pick-2 }
            add element ip rulecompiler tcp-endpoints { 10.96.0.10 . 80 . 1 : 10.64.0.6 . 8080 }

            """.ReplaceLineEndings("\n"), NftablesBackend.Instance.PrintStep(plan[0], Family.Ipv4));
        Assert.Equal(
            """
            flush chain ip rulecompiler masquerade-others-pick-1
            flush chain ip rulecompiler pick-1
            delete chain ip rulecompiler masquerade-others-pick-1
            delete chain ip rulecompiler pick-1

            """.ReplaceLineEndings("\n"), NftablesBackend.Instance.PrintStep(plan[1], Family.Ipv4));
    }

    [Fact]
    public void A_map_that_nothing_uses_any_more_goes_with_the_last_chain()
    {
        var service = SmallCluster.Cart with { ClusterIps = [Ip.Parse("fd00:96::10")], AffinityTimeoutSeconds = 60 };
        var before = Lower(service, "fd00:64::5");
        var plan = NftablesBackend.Instance.Plan(before, Lower(service with { AffinityTimeoutSeconds = null }, "fd00:64::5"));
        Assert.Equal(
            """
            flush chain ip6 rulecompiler masquerade-others-sticky-1-60-fd00-96--10-tcp-80
            flush chain ip6 rulecompiler sticky-1-60-fd00-96--10-tcp-80
            delete chain ip6 rulecompiler masquerade-others-sticky-1-60-fd00-96--10-tcp-80
            delete chain ip6 rulecompiler sticky-1-60-fd00-96--10-tcp-80
            delete map ip6 rulecompiler affinity-fd00-96--10-tcp-80

            """.ReplaceLineEndings("\n"), NftablesBackend.Instance.PrintStep(plan[1], Family.Ipv6));

        static NftRuleset Lower(Service service, string endpoint) => NftablesBackend.Instance.Lower(
            SmallCluster.Graph([service], [service.Slice(endpoint)], _node, Family.Ipv6)).Artifact;
    }

    /// <summary><c>nft -j</c> gives no more than the names of types (src/json.c:set_dtype_json @v1.0.6).</summary>
    [Fact]
    public void A_listing_that_does_not_say_whose_ports_a_map_holds_is_edited_all_the_same()
    {
        var state = Lower(SmallCluster.Cart, "10.64.0.5");
        var table = state.Tables[0];
        var listed = table with { Sets = table.Sets.Select(set => set with { PortsOf = null }).ToSortedSeq() };
        Assert.Empty(NftablesBackend.Instance.Plan(state with { Tables = [listed] }, state).AsEnumerable());
    }

    [Fact]
    public void Other_tables_stay()
    {
        var foreign = new NftTable("foreign", [], []);
        var empty = new NftRuleset(Family.Ipv4, [foreign]);
        var desired = Lower(SmallCluster.Cart, "10.64.0.5");
        var reached = NftablesBackend.Instance.Plan(empty, desired).Aggregate(empty, NftablesBackend.Instance.Apply);
        Assert.Equal(foreign, reached.Find("foreign"));
        Assert.Equal(desired.Tables[0], reached.Find("rulecompiler"));
        Assert.Equal(empty, NftablesBackend.Instance.Plan(reached, empty).Aggregate(reached, NftablesBackend.Instance.Apply));
    }

    [Fact]
    public void A_table_of_another_layout_is_made_anew()
    {
        var desired = Lower(SmallCluster.Cart, "10.64.0.5");
        var other = desired with
        {
            Tables = [desired.Tables[0] with { Sets = [new("services", [FieldType.Mark], null, SetFlags.None, null, null, [])] }],
        };
        var plan = NftablesBackend.Instance.Plan(other, desired);
        Assert.IsType<NftCommand.DeleteTable>(Assert.Single(plan).Commands[0]);
        Assert.Equal(desired, plan.Aggregate(other, NftablesBackend.Instance.Apply));
    }

    [Fact]
    public void What_the_kernel_would_refuse_is_refused()
    {
        var state = Lower(SmallCluster.Cart, "10.64.0.5");
        var services = state.Tables[0].Sets.Single(set => set.Name == "services");
        NftCommand[] refused =
        [
            new NftCommand.AddElements(services), new NftCommand.DeleteElements(services with { Name = "refusals" }),
            new NftCommand.AddElements(services with { Name = "nobody" }), new NftCommand.AddSet(services),
            new NftCommand.DeleteSet("nobody", IsMap: true), new NftCommand.AddChain("services", null),
            new NftCommand.FlushChain("nobody"), new NftCommand.DeleteChain("services"),
        ];
        Assert.All(refused, command =>
            Assert.Throws<InvalidOperationException>(() => NftablesBackend.Instance.Apply(state, new NftTransaction("rulecompiler", [command]))));
        Assert.Throws<InvalidOperationException>(() => NftablesBackend.Instance.Apply(
            state, new NftTransaction("rulecompiler", [new NftCommand.FlushChain("pick-1"), new NftCommand.DeleteChain("pick-1")])));
        Assert.Throws<InvalidOperationException>(() => NftablesBackend.Instance.Apply(state, new NftTransaction("nobody", [new NftCommand.DeleteTable()])));
    }

    private static string? Check(ClusterState old, ClusterState next, NodeFacts node, Family family)
    {
        var state = LowerTests.Lower(old, node, family).Artifact;
        var desired = LowerTests.Lower(next, node, family).Artifact;
        if (!NftablesBackend.Instance.Plan(desired, desired).IsEmpty) return "a plan for what is as desired";
        var flows = FlowGen.Covering(old, node, family).Union(FlowGen.Covering(next, node, family)).ToArray();
        foreach (var step in NftablesBackend.Instance.Plan(state, desired))
        {
            state = NftablesBackend.Instance.Apply(state, step);
            var emulator = Pipeline.Load(NftablesTranslator.Translate(state), node);
            foreach (var flow in flows)
            {
                if (Pipeline.Differs(Meaning.Of(old, node, flow), emulator, flow) is { } fromOld &&
                    Pipeline.Differs(Meaning.Of(next, node, flow), emulator, flow) is { } fromNew)
                    return $"after\n{NftablesBackend.Instance.PrintStep(step, family)}\nold: {fromOld}\nnew: {fromNew}";
            }
        }

        return state == desired ? null : $"reached\n{LowerTests.Text(state)}\ninstead of\n{LowerTests.Text(desired)}";
    }

    private static NftRuleset Lower(Service service, params string[] endpoints) =>
        NftablesBackend.Instance.Lower(SmallCluster.Graph([service], [service.Slice(endpoints)], _node)).Artifact;
}
