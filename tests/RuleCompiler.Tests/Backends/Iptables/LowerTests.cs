using System.Text;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using Xunit;
using static RuleCompiler.Tests.Backends.Iptables.SmallCluster;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class LowerTests
{
    private static readonly Service _guarded = Balancer with
    {
        ExternalTrafficPolicy = TrafficPolicy.Local,
        LoadBalancerSourceRanges = [Prefix.Parse("198.51.100.0/24")],
    };

    [Fact]
    public void A_ClusterIp_is_dispatched_marked_and_balanced_in_its_own_chain()
    {
        var ruleset = Lower([Cart], [Cart.Slice("10.64.0.5@node-0", "10.64.1.5", "10.64.1.6")]).Artifact;
        Assert.Equal(
            """
            -A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "shop/cart:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-I5LIAMPLWKMBJ54B
            -A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
            -A KUBE-SVC-I5LIAMPLWKMBJ54B ! -s 10.64.0.0/16 -j KUBE-MARK-MASQ
            -A KUBE-SVC-I5LIAMPLWKMBJ54B -p tcp -m statistic --mode random --probability 0.33333333348855 -j DNAT --to-destination 10.64.0.5:8080
            -A KUBE-SVC-I5LIAMPLWKMBJ54B -p tcp -m statistic --mode random --probability 0.50000000000000 -j DNAT --to-destination 10.64.1.5:8080
            -A KUBE-SVC-I5LIAMPLWKMBJ54B -p tcp -j DNAT --to-destination 10.64.1.6:8080

            """,
            RulesOf(ruleset, TableName.Nat, chain => chain.StartsWith("KUBE-S", StringComparison.Ordinal)));
    }

    [Fact]
    public void Policy_Local_tells_sources_apart_and_ranges_come_first()
    {
        var ruleset = Lower([_guarded], [_guarded.Slice("10.64.0.6@node-0", "10.64.1.7")]).Artifact;
        Assert.Equal(
            """
            -A KUBE-EXT-67NZLRHBNDSAWJRO -s 10.64.0.0/16 -m comment --comment "pod traffic for shop/web:http external destinations" -j KUBE-SVC-67NZLRHBNDSAWJRO
            -A KUBE-EXT-67NZLRHBNDSAWJRO -m comment --comment "masquerade LOCAL traffic for shop/web:http external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
            -A KUBE-EXT-67NZLRHBNDSAWJRO -m comment --comment "route LOCAL traffic for shop/web:http external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-67NZLRHBNDSAWJRO
            -A KUBE-EXT-67NZLRHBNDSAWJRO -j KUBE-SVL-67NZLRHBNDSAWJRO
            -A KUBE-FW-67NZLRHBNDSAWJRO -s 198.51.100.0/24 -m comment --comment "shop/web:http loadbalancer IP" -j KUBE-EXT-67NZLRHBNDSAWJRO
            -A KUBE-FW-67NZLRHBNDSAWJRO -m comment --comment "other traffic to shop/web:http will be dropped by KUBE-PROXY-FIREWALL"

            """,
            RulesOf(ruleset, TableName.Nat, chain => chain.StartsWith("KUBE-EXT-", StringComparison.Ordinal) ||
                chain.StartsWith("KUBE-FW-", StringComparison.Ordinal)));
        Assert.Equal(
            """
            -A KUBE-PROXY-FIREWALL -m conntrack --ctstate DNAT -j RETURN
            -A KUBE-PROXY-FIREWALL -d 203.0.113.7/32 -p tcp -m comment --comment "shop/web:http traffic not accepted by KUBE-FW-67NZLRHBNDSAWJRO" -m tcp --dport 80 -j DROP

            """,
            RulesOf(ruleset, TableName.Filter, chain => chain == Names.ProxyFirewall));
    }

    [Fact]
    public void Refusals_sit_where_every_packet_to_the_frontend_passes()
    {
        var ruleset = Lower([Cart, _guarded], [_guarded.Slice("10.64.1.7")]).Artifact;
        Assert.Equal(
            """
            -A KUBE-EXT-NODEPORTS -p tcp -m comment --comment "shop/web:http has no local endpoints" -m tcp --dport 30080 -j DROP
            -A KUBE-EXTERNAL-SERVICES -m conntrack --ctstate DNAT -j RETURN
            -A KUBE-EXTERNAL-SERVICES -d 203.0.113.7/32 -p tcp -m comment --comment "shop/web:http has no local endpoints" -m tcp --dport 80 -j DROP
            -A KUBE-EXTERNAL-SERVICES -m comment --comment "kubernetes service nodeports that refuse" -m addrtype --dst-type LOCAL -j KUBE-EXT-NODEPORTS
            -A KUBE-SERVICES -m conntrack --ctstate DNAT -j RETURN
            -A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "shop/cart:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable

            """,
            RulesOf(ruleset, TableName.Filter, chain => chain is Names.Services or Names.ExternalServices or Names.RefusedNodePorts));
        Assert.Contains(
            "-A OUTPUT -m comment --comment \"kubernetes externally-visible service portals\" -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES",
            RulesOf(ruleset, TableName.Filter, chain => chain == "OUTPUT"), StringComparison.Ordinal);
    }

    [Fact]
    public void Refused_NodePorts_are_only_on_their_addresses()
    {
        var node = Facts with
        {
            Config = Facts.Config with { NodePortAddresses = new NodePortAddresses(false, [Prefix.Parse("192.168.77.0/24")]) },
        };
        var filter = RulesOf(
            Lower([Balancer], [], node).Artifact, TableName.Filter, chain => chain == Names.ExternalServices);
        Assert.Contains("-d 192.168.77.2/32 -m comment", filter, StringComparison.Ordinal);
        Assert.DoesNotContain("--dst-type LOCAL", filter, StringComparison.Ordinal);
    }

    [Fact]
    public void Affinity_asks_memory_first_and_spreads_it_over_lists()
    {
        var sticky = Cart with { AffinityTimeoutSeconds = 10800 };
        var longer = Facts with { Kernel = new KernelFacts { RecentListEntries = 256 } };
        var ruleset = Lower([sticky], [sticky.Slice("10.64.0.5", "10.64.0.6")], longer).Artifact;
        var chains = ruleset.Find(TableName.Nat)!.Chains.Select(chain => chain.Name).ToList();
        Assert.Equal(4, chains.Count(chain => chain.StartsWith("KUBE-SVC-I5LIAMPLWKMBJ54B-", StringComparison.Ordinal)));
        Assert.Equal(
            """
            -A KUBE-SVC-I5LIAMPLWKMBJ54B-3 -m comment --comment "shop/cart:http -> 10.64.0.5:8080" -m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-HVZXCTRYMIT45BMB-3 --mask 255.255.255.255 --rsource -j KUBE-SEP-HVZXCTRYMIT45BMB
            -A KUBE-SVC-I5LIAMPLWKMBJ54B-3 -m comment --comment "shop/cart:http -> 10.64.0.6:8080" -m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-FXU2T7I56P3MPEQQ-3 --mask 255.255.255.255 --rsource -j KUBE-SEP-FXU2T7I56P3MPEQQ

            """,
            RulesOf(ruleset, TableName.Nat, chain => chain == "KUBE-SVC-I5LIAMPLWKMBJ54B-3"));

        var roomy = Facts with { Kernel = new KernelFacts { RecentListEntries = 1024 } };
        Assert.Equal(
            """
            -A KUBE-SEP-HVZXCTRYMIT45BMB -p tcp -m comment --comment "shop/cart:http" -m recent --set --name KUBE-SEP-HVZXCTRYMIT45BMB --mask 255.255.255.255 --rsource -j DNAT --to-destination 10.64.0.5:8080

            """,
            RulesOf(Lower([sticky], [sticky.Slice("10.64.0.5")], roomy).Artifact, TableName.Nat, chain =>
                chain.StartsWith("KUBE-SEP-", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(100, 16, false)]
    [InlineData(256, 4, false)]
    [InlineData(1024, 1, false)]
    [InlineData(20, 16, true)]
    public void RC3101_tells_of_lists_that_stay_too_short(int entries, int buckets, bool reported)
    {
        Assert.Equal(buckets, AffinityBuckets.For(entries, 2, Family.Ipv4).Count);
        var node = Facts with { Kernel = new KernelFacts { RecentListEntries = entries } };
        var sticky = Cart with { AffinityTimeoutSeconds = 10800 };
        var diagnostics = Lower([sticky], [sticky.Slice("10.64.0.5")], node).Diagnostics;
        Assert.Equal(reported, diagnostics.Any(diagnostic => diagnostic.Rule == DiagnosticCatalog.AffinityListsShort));
        Assert.Empty(Lower([Cart], [Cart.Slice("10.64.0.5")], node).Diagnostics);
    }

    [Theory]
    [InlineData(64, 16)]
    [InlineData(65, 4)]
    [InlineData(1024, 4)]
    [InlineData(1025, 1)]
    [InlineData(100_000, 1)]
    public void Lists_stay_few_enough_for_the_kernel_to_search(int endpoints, int buckets) =>
        Assert.Equal(buckets, AffinityBuckets.For(100, endpoints, Family.Ipv4).Count);

    [Fact]
    public void Hairpin_without_bpf_finds_every_endpoint()
    {
        var node = Facts with { Kernel = new KernelFacts { XtBpf = false } };
        Assert.Equal(
            """
            -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic from an endpoint to itself" -m mark ! --mark 0x4000/0x4000 -m conntrack --ctstate DNAT -j KUBE-SEP-HAIRPIN
            -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
            -A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
            -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
            -A KUBE-SEP-HAIRPIN -s 10.64.0.5/32 -d 10.64.0.5/32 -m comment --comment "kubernetes service traffic from an endpoint to itself" -j MASQUERADE --random-fully

            """,
            RulesOf(Lower([Cart], [Cart.Slice("10.64.0.5")], node).Artifact, TableName.Nat, chain =>
                chain is Names.Postrouting or Names.Hairpin));
        Assert.EndsWith(
            """
            -A KUBE-FORWARD -m comment --comment "kubernetes service traffic from an endpoint to itself" -m conntrack --ctstate DNAT -j KUBE-SEP-HAIRPIN
            -A KUBE-SEP-HAIRPIN -s 10.64.0.5/32 -d 10.64.0.5/32 -m comment --comment "kubernetes service traffic from an endpoint to itself" -j ACCEPT

            """,
            RulesOf(Lower([Cart], [Cart.Slice("10.64.0.5")], node).Artifact, TableName.Filter, chain =>
                chain is Names.Forward or Names.Hairpin),
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_that_refuses_does_not_fall_to_a_NodePort_of_its_number()
    {
        var claims = Cart with
        {
            ExternalIps = [Ip.Parse("192.168.77.2")],
            Ports = [new ServicePortSpec("http", Protocol.Tcp, new Port(30080), null, default)],
        };
        Assert.Contains(
            "-A KUBE-SERVICES -d 192.168.77.2/32 -p tcp -m comment --comment \"shop/cart:http has no endpoints\" -m tcp --dport 30080 -j ACCEPT",
            RulesOf(Lower([claims, Balancer], [Balancer.Slice("10.64.0.5")]).Artifact, TableName.Nat, chain => chain == Names.Services),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Many_endpoints_are_chosen_in_two_steps()
    {
        var endpoints = Enumerable.Range(1, 100).Select(i => $"10.64.0.{i}").ToArray();
        var nat = Lower([Cart], [Cart.Slice(endpoints)]).Artifact.Find(TableName.Nat)!;
        var chains = nat.Chains.Where(chain => chain.Name.StartsWith("KUBE-SVC-", StringComparison.Ordinal)).ToList();
        Assert.Equal([5, 32, 32, 32, 4], chains.Select(chain => chain.Rules.Count));
        Assert.Equal(Shares.Threshold(32, 100), Assert.IsType<Match.Statistic>(chains[0].Rules[1].Matches[0]).Threshold);
    }

    [Fact]
    public void The_longest_names_make_comments_that_fit()
    {
        var service = _guarded with
        {
            Name = new ObjectName(new string('n', 63), new string('s', 63)),
            AffinityTimeoutSeconds = 5,
            Ports = [new ServicePortSpec(new string('p', 63), Protocol.Sctp, new Port(65535), new Port(30080), default)],
        };
        var ruleset = Lower([service], [service.Slice("255.255.255.254@node-0")]).Artifact;
        Assert.All(
            ruleset.Tables.SelectMany(table => table.Chains).SelectMany(chain => chain.Rules),
            rule => Assert.InRange(Encoding.UTF8.GetByteCount(rule.Comment ?? ""), 0, 255));
    }

    [Fact]
    public void No_jump_dangles_and_no_chain_is_left_alone()
    {
        var ruleset = Lower([Cart, _guarded], [Cart.Slice("10.64.0.5"), _guarded.Slice("10.64.1.7")]).Artifact;
        foreach (var table in ruleset.Tables)
        {
            var targets = table.Chains.SelectMany(chain => chain.Rules)
                .Select(rule => rule.Target switch { Target.Jump jump => jump.Chain, Target.Goto jump => jump.Chain, _ => null })
                .OfType<string>().ToHashSet();
            var chains = table.Chains.Select(chain => chain.Name).ToHashSet();
            Assert.Subset(chains, targets);
            Assert.Subset(targets, chains.Where(chain => chain.StartsWith("KUBE-", StringComparison.Ordinal)).ToHashSet());
        }
    }

    [Fact]
    public void What_a_dump_says_is_what_was_lowered()
    {
        foreach (var family in (Family[])[Family.Ipv4, Family.Ipv6])
        {
            var slices = family == Family.Ipv4
                ? (SortedSeq<EndpointSlice>)[Cart.Slice("10.64.0.5"), _guarded.Slice("10.64.1.7")]
                : [Cart.Slice("fd00:64::5"), _guarded.Slice("fd00:64::7")];
            var ruleset = Lower([Cart, _guarded], slices, family: family).Artifact;
            Assert.Equal(ruleset, IptablesBackend.Instance.Parse(IptablesBackend.Instance.Print(ruleset), family).Artifact);
        }
    }
}
