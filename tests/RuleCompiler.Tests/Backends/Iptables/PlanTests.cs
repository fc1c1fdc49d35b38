using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using Xunit;
using static RuleCompiler.Tests.Backends.Iptables.SmallCluster;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class PlanTests
{
    private static readonly IptablesRuleset _clean = new(Family.Ipv4, []);

    [Fact]
    public void Nothing_changes_when_nothing_changes()
    {
        var ruleset = Lower([Cart, Balancer], [Cart.Slice("10.64.0.5@node-0")]).Artifact;
        Assert.Empty(IptablesBackend.Instance.Plan(ruleset, ruleset));
        Assert.Empty(IptablesBackend.Instance.Plan(_clean, _clean));
    }

    [Fact]
    public void One_endpoint_more_touches_the_service_chain_only()
    {
        var before = Lower([Cart, Balancer], [Cart.Slice("10.64.0.5", "10.64.0.6"), Balancer.Slice("10.64.0.7")]).Artifact;
        var after = Lower([Cart, Balancer], [Cart.Slice("10.64.0.5", "10.64.0.6", "10.64.0.8"), Balancer.Slice("10.64.0.7")]).Artifact;
        Assert.Equal(
            """
            *nat
            -R KUBE-SVC-I5LIAMPLWKMBJ54B 3 -p tcp -j DNAT --to-destination 10.64.0.8:8080
            -R KUBE-SVC-I5LIAMPLWKMBJ54B 2 -p tcp -m statistic --mode random --probability 0.50000000000000 -j DNAT --to-destination 10.64.0.6:8080
            -I KUBE-SVC-I5LIAMPLWKMBJ54B 2 -p tcp -m statistic --mode random --probability 0.33333333348855 -j DNAT --to-destination 10.64.0.5:8080
            COMMIT

            """,
            Text(IptablesBackend.Instance.Plan(before, after)));
        Assert.Equal(after, Applied(before, IptablesBackend.Instance.Plan(before, after)));
    }

    [Fact]
    public void The_last_endpoint_is_refused_before_it_is_gone()
    {
        var before = Lower([Cart], [Cart.Slice("10.64.0.5")]).Artifact;
        var after = Lower([Cart], []).Artifact;
        Assert.Equal([TableName.Filter, TableName.Nat], IptablesBackend.Instance.Plan(before, after).Select(block => block.Table));
        Assert.Equal([TableName.Nat, TableName.Filter], IptablesBackend.Instance.Plan(after, before).Select(block => block.Table));
    }

    [Fact]
    public void Others_rules_and_chains_stay()
    {
        const string Foreign =
            """
            *mangle
            :PREROUTING ACCEPT [0:0]
            :KUBE-PROXY-CANARY - [0:0]
            COMMIT
            *nat
            :PREROUTING ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            :POSTROUTING ACCEPT [0:0]
            :CNI-HOSTPORT - [0:0]
            :KUBE-PROXY-CANARY - [0:0]
            :KUBE-SVC-AAAAAAAAAAAAAAAA - [0:0]
            :KUBE-SEP-BBBBBBBBBBBBBBBB - [0:0]
            -A PREROUTING -j CNI-HOSTPORT
            -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SVC-AAAAAAAAAAAAAAAA
            -A CNI-HOSTPORT -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.64.0.9:80
            -A KUBE-SVC-AAAAAAAAAAAAAAAA -j KUBE-SEP-BBBBBBBBBBBBBBBB
            COMMIT
            *filter
            :INPUT DROP [0:0]
            :FORWARD DROP [0:0]
            :OUTPUT ACCEPT [0:0]
            -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
            -A FORWARD -i cni0 -j ACCEPT
            COMMIT
            """;
        var observed = Parse(Foreign);
        var desired = Lower([Cart], [Cart.Slice("10.64.0.5")]).Artifact;
        var result = Applied(observed, IptablesBackend.Instance.Plan(observed, desired));
        Assert.Empty(IptablesBackend.Instance.Plan(result, desired));
        Assert.Equal(observed.Find(TableName.Mangle), result.Find(TableName.Mangle));
        var nat = result.Find(TableName.Nat)!;
        Assert.Contains(nat.Chains, chain => chain.Name == "CNI-HOSTPORT" && chain.Rules.Count == 1);
        Assert.Contains(nat.Chains, chain => chain.Name == "KUBE-PROXY-CANARY");

        // Somebody's rule leads to the one, so that it can only be emptied; nothing leads to the other any more.
        Assert.Contains(nat.Chains, chain => chain.Name == "KUBE-SVC-AAAAAAAAAAAAAAAA" && chain.Rules.IsEmpty);
        Assert.DoesNotContain(nat.Chains, chain => chain.Name == "KUBE-SEP-BBBBBBBBBBBBBBBB");
        var input = result.Find(TableName.Filter)!.Chains.Single(chain => chain.Name == "INPUT");
        Assert.Equal(Policy.Drop, input.Policy);
        Assert.Equal(
            [Names.Firewall, Names.ProxyFirewall, Names.ExternalServices, Names.NodePorts, null],
            input.Rules.Select(rule => (rule.Target as Target.Jump)?.Chain));
    }

    [Fact]
    public void Our_jumps_come_back_in_order_and_once()
    {
        var desired = Lower([Cart], [Cart.Slice("10.64.0.5")]).Artifact;
        var filter = desired.Find(TableName.Filter)!;
        var input = filter.Chains.Single(chain => chain.Name == "INPUT").Rules;
        var foreign = new Rule([], new Target.Accept(), "mine");
        foreach (var rules in (Seq<Rule>[])
            [
                [foreign], [input[3], foreign, input[0]], [input[0], input[1], input[0], foreign],
                [foreign, input[1], input[2]], [input[3], input[2], input[1], input[0]], [input[2], input[2], input[2]],
            ])
        {
            var chains = filter.Chains.Select(chain => chain.Name == "INPUT" ? chain with { Rules = rules } : chain).ToSeq();
            var observed = desired with { Tables = [desired.Tables[0], filter with { Chains = chains }] };
            var result = Applied(observed, IptablesBackend.Instance.Plan(observed, desired));
            var found = result.Find(TableName.Filter)!.Chains.Single(chain => chain.Name == "INPUT").Rules;
            Assert.Equal(input.AsEnumerable(), found.Where(rule => rule != foreign));
            Assert.Equal(rules.Contains(foreign), found.AsEnumerable().Contains(foreign));
            Assert.Empty(IptablesBackend.Instance.Plan(result, desired));
        }
    }

    [Fact]
    public void A_node_of_kube_proxy_is_taken_over()
    {
        var observed = Parse(File.ReadAllText(Checkout.PathOf("golden/kubernetes-1.36/iptables-save.txt")));
        var desired = Lower([Cart, Balancer], [Cart.Slice("10.64.0.5")]).Artifact;
        var result = Applied(observed, IptablesBackend.Instance.Plan(observed, desired));
        Assert.Empty(IptablesBackend.Instance.Plan(result, desired));
        foreach (var table in result.Tables)
        {
            var ours = desired.Find(table.Name)?.Chains.Select(chain => chain.Name).ToHashSet() ?? [];
            Assert.All(
                table.Chains.Where(chain => chain.Name.StartsWith("KUBE-", StringComparison.Ordinal)),
                chain => Assert.True(ours.Contains(chain.Name) || chain.Name == "KUBE-PROXY-CANARY", chain.Name));
        }
    }

    /// <summary>Where NodePorts are and whether they refuse may change at once.</summary>
    [Fact]
    public void NodePorts_move_to_other_addresses_safely()
    {
        NodeFacts On(params string[] cidrs) => Facts with
        {
            Addresses = [Ip.Parse("192.168.77.2"), Ip.Parse("192.168.78.2")],
            Config = Facts.Config with
            {
                NodePortAddresses = new NodePortAddresses(false, cidrs.Select(cidr => Prefix.Parse(cidr)).ToSeq()),
                Iptables = new IptablesConfig { LocalhostNodePorts = false },
            },
        };
        var local = Balancer with { ExternalTrafficPolicy = TrafficPolicy.Local };
        NodeFacts[] nodes = [On(), On("192.168.77.0/24"), On("192.168.78.0/24")];
        (Service, SortedSeq<EndpointSlice>)[] clusters =
            [(Balancer, []), (Balancer, [Balancer.Slice("10.64.0.5")]), (local, [local.Slice("10.64.1.5")])];
        var states = (from node in nodes
                      from cluster in clusters
                      select new Scenario(new ClusterState([cluster.Item1], cluster.Item2, [], []), node)).ToList();
        foreach (var before in states)
        {
            foreach (var after in states) Assert.Null(PlanSafety.Flaw(before, after, Family.Ipv4));
        }
    }

    /// <summary>Two frontends decide about one address and port: whichever comes or goes, nobody sees a third outcome.</summary>
    [Fact]
    public void A_Service_claims_an_address_of_the_node_at_a_NodePort_safely()
    {
        var local = Balancer with { ExternalTrafficPolicy = TrafficPolicy.Local };
        var claimant = Cart with
        {
            Type = ServiceType.LoadBalancer,
            LoadBalancerIps = [Facts.Addresses[0]],
            Ports = [new ServicePortSpec("http", Protocol.Tcp, new Port(30080), null, default)],
        };
        var choosy = claimant with { LoadBalancerSourceRanges = [Prefix.Parse("172.16.0.0/24")] };
        (Service Service, Seq<EndpointSlice> Slices)[] nodePorts =
            [(Balancer, []), (Balancer, [Balancer.Slice("10.64.0.5")]), (local, [local.Slice("10.64.1.5")])];
        (Seq<Service> Services, Seq<EndpointSlice> Slices)[] claims =
            [([], []), ([claimant], []), ([claimant], [Cart.Slice("10.64.0.6")]), ([choosy], [Cart.Slice("10.64.0.6")])];
        NodeFacts[] nodes = [Facts, Facts with { Addresses = [Ip.Parse("192.168.78.2")], PrimaryIpv4 = Ip.Parse("192.168.78.2") }];
        foreach (var node in nodes)
        {
            var states = (from nodePort in nodePorts
                          from claim in claims
                          select new Scenario(
                              new ClusterState([nodePort.Service, .. claim.Services], [.. nodePort.Slices, .. claim.Slices], [], []),
                              node)).ToList();
            foreach (var before in states)
            {
                foreach (var after in states) Assert.Null(PlanSafety.Flaw(before, after, Family.Ipv4));
            }
        }
    }

    [Fact]
    public void Another_mark_is_accepted_while_the_old_one_may_still_be_set()
    {
        var node = Facts with { Config = Facts.Config with { Iptables = new IptablesConfig { MasqueradeBit = 5 } } };
        var before = Lower([Cart], [Cart.Slice("10.64.0.5")]).Artifact;
        var after = Lower([Cart], [Cart.Slice("10.64.0.5")], node).Artifact;
        var plan = IptablesBackend.Instance.Plan(before, after);
        Assert.Equal(3, plan.Count);
        var between = RulesOf(IptablesBackend.Instance.Apply(before, plan[0]), TableName.Filter, chain => chain == Names.Forward);
        Assert.Contains("--mark 0x4000/0x4000 -j ACCEPT", between, StringComparison.Ordinal);
        Assert.Contains("--mark 0x20/0x20 -j ACCEPT", between, StringComparison.Ordinal);
        Assert.Equal(after, Applied(before, plan));
    }

    private static IptablesRuleset Applied(IptablesRuleset from, Seq<TableBlock> plan) =>
        plan.Aggregate(from, IptablesBackend.Instance.Apply);

    private static string Text(Seq<TableBlock> plan) =>
        string.Concat(plan.Select(block => IptablesBackend.Instance.PrintStep(block, Family.Ipv4)));

    private static IptablesRuleset Parse(string text)
    {
        var parsed = IptablesBackend.Instance.Parse([new RuleCompiler.Backends.ArtifactFile("dump", text)], Family.Ipv4);
        Assert.False(parsed.HasErrors, string.Join('\n', parsed.Diagnostics));
        return parsed.Artifact;
    }
}
