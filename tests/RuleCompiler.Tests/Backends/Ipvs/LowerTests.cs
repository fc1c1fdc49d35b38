using RuleCompiler.Backends;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Backends.Iptables;
using Xunit;

namespace RuleCompiler.Tests.Backends.Ipvs;

public sealed class LowerTests
{
    internal static readonly NodeFacts Facts =
        SmallCluster.Facts with { Config = SmallCluster.Facts.Config with { Mode = ProxyMode.Ipvs } };

    private static readonly Service _local = SmallCluster.Balancer with { ExternalTrafficPolicy = TrafficPolicy.Local };

    [Fact]
    public void A_cluster_ip_is_a_virtual_server_on_a_bound_address()
    {
        var artifact = Lower([SmallCluster.Cart], [SmallCluster.Cart.Slice("10.64.1.5", "10.64.0.5@node-0")]);
        Assert.Equal("10.96.0.10\n", TextOf(artifact, "addresses.txt"));
        Assert.Equal(
            "-A -t 10.96.0.10:80 -s rr\n-a -t 10.96.0.10:80 -r 10.64.0.5:8080 -m -w 1\n-a -t 10.96.0.10:80 -r 10.64.1.5:8080 -m -w 1\n",
            TextOf(artifact, "ipvs.restore"));
        Assert.Equal(
            ["KUBE-CLUSTER-IP 10.96.0.10,tcp:80", "KUBE-IPVS-IPS 10.96.0.10", "KUBE-LOOP-BACK 10.64.0.5,tcp:8080,10.64.0.5",
             "KUBE-NODE-PORT-IPS 192.168.77.2"],
            EntriesOf(artifact));
    }

    [Fact]
    public void Ipv6_has_files_sets_and_brackets_of_its_own()
    {
        var lowering = Lower([SmallCluster.Cart], [SmallCluster.Cart.Slice("fd00:64::5")], family: Family.Ipv6);
        Assert.Equal(
            ["ipset6.restore", "addresses6.txt", "ipvs6.restore", "ip6tables.rules", "sysctl6.conf"],
            IpvsBackend.Instance.Print(lowering).Select(file => file.Name));
        Assert.Equal(
            "-A -t [fd00:96::a]:80 -s rr\n-a -t [fd00:96::a]:80 -r [fd00:64::5]:8080 -m -w 1\n", TextOf(lowering, "ipvs6.restore"));
        Assert.Contains(lowering.Sets, set => set.Name == "KUBE-6-LOAD-BALANCER-SOURCE-CID");
        Assert.Contains(lowering.Sets, set => set.Name == "KUBE-6-NODE-PORT-LOCAL-SCTP-HAS");
        Assert.Equal(lowering.Sets.Count, lowering.Sets.Select(set => set.Name).Distinct().Count());
    }

    /// <summary>Service-semantics §2.7: no short-circuit; §13.2 #4: nothing leaks where no endpoint is here.</summary>
    [Fact]
    public void Policy_local_has_the_local_set_or_is_closed_to_strangers()
    {
        var here = Lower([_local], [_local.Slice("10.64.1.5", "10.64.0.5@node-0")]);
        var vip = Assert.Single(here.Servers, server => server.Address == Ip.Parse("203.0.113.7"));
        Assert.Equal("10.64.0.5:8080", Assert.Single(vip.RealServers).Endpoint.ToString());
        Assert.Contains("KUBE-LOAD-BALANCER-LOCAL 203.0.113.7,tcp:80", EntriesOf(here));
        Assert.Contains("KUBE-NODE-PORT-LOCAL-TCP 30080", EntriesOf(here));
        Assert.DoesNotContain(EntriesOf(here), entry => entry.StartsWith("KUBE-DROP", StringComparison.Ordinal));

        var elsewhere = Lower([_local], [_local.Slice("10.64.1.5")]);
        Assert.All(elsewhere.Servers, server => Assert.Equal("10.64.1.5:8080", Assert.Single(server.RealServers).Endpoint.ToString()));
        Assert.Contains("KUBE-DROP-EXTERNAL 203.0.113.7,tcp:80", EntriesOf(elsewhere));
        Assert.Contains("KUBE-DROP-EXTERNAL 192.168.77.2,tcp:30080", EntriesOf(elsewhere));

        var inside = SmallCluster.Balancer with { InternalTrafficPolicy = TrafficPolicy.Local };
        var closed = Lower([inside], [inside.Slice("10.64.1.5")]);
        Assert.Empty(Assert.Single(closed.Servers, server => server.Address == Ip.Parse("10.96.0.20")).RealServers);
        Assert.Contains("KUBE-DROP-ALL 10.96.0.20,tcp:80", EntriesOf(closed));
    }

    [Fact]
    public void Without_endpoints_a_virtual_server_stays_and_refuses()
    {
        var artifact = Lower([SmallCluster.Balancer], []);
        Assert.Equal(3, artifact.Servers.Count);
        Assert.All(artifact.Servers, server => Assert.Empty(server.RealServers));
    }

    /// <summary>Service-semantics §3.2 and §13.2 #17.</summary>
    [Fact]
    public void Node_ports_are_on_the_nodes_own_addresses_only()
    {
        var node = Facts with
        {
            Addresses = [Ip.Parse("192.168.77.2"), Ip.Parse("192.168.78.2"), Ip.Parse("fd00:77::2"), Ip.Parse("fe80::1")],
        };
        var service = SmallCluster.Balancer with { LoadBalancerIps = [Ip.Parse("192.168.78.2")] };
        Assert.Equal(
            ["10.96.0.20:80", "192.168.77.2:30080", "192.168.78.2:80", "192.168.78.2:30080"],
            Lower([service], [], node).Servers.Select(server => $"{server.Address}:{server.Port}"));
        Assert.Equal(["10.96.0.20"], Lower([service], [], node).Addresses.Select(address => address.ToString()));
        Assert.Equal(
            ["fd00:77::2"],
            Lower([service], [], node, Family.Ipv6).Servers.Where(server => server.Port.Value == 30080)
                .Select(server => server.Address.ToString()));

        var listed = node with
        {
            Config = node.Config with { NodePortAddresses = new(false, [Prefix.Parse("192.168.78.0/24"), Prefix.Parse("10.96.0.0/16")]) },
        };
        Assert.Equal(
            ["192.168.78.2"],
            Lower([service], [], listed).Servers.Where(server => server.Port.Value == 30080).Select(server => server.Address.ToString()));
    }

    [Fact]
    public void Source_ranges_admit_the_services_own_addresses_where_they_admit_the_node()
    {
        var service = SmallCluster.Balancer with { LoadBalancerSourceRanges = [Prefix.Parse("192.168.0.0/16")] };
        var entries = EntriesOf(Lower([service], [service.Slice("10.64.1.5")]));
        Assert.Contains("KUBE-LOAD-BALANCER-FW 203.0.113.7,tcp:80", entries);
        Assert.Contains("KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.7,tcp:80,192.168.0.0/16", entries);
        Assert.Contains("KUBE-LOAD-BALANCER-SOURCE-IP 203.0.113.7,tcp:80,203.0.113.7", entries);
    }

    [Theory]
    [InlineData("", null, null, "rr")]
    [InlineData("wlc", null, null, "wlc")]
    [InlineData("wlc", null, "sh", "sh")]
    [InlineData("wlc", "sed", "sh", "sed")]
    public void The_nearest_scheduler_counts(string configured, string? own, string? other, string expected)
    {
        Seq<Annotation> annotations =
        [
            .. own is null ? [] : new[] { new Annotation("rulecompiler.dev/ipvs-scheduler", own) },
            .. other is null ? [] : new[] { new Annotation("service.beta.kubernetes.io/masquerade-aware", other) },
        ];
        var lowering = Lowering([SmallCluster.Cart with { Annotations = annotations }], [], Scheduling(configured));
        Assert.Empty(lowering.Diagnostics);
        Assert.Equal($"-A -t 10.96.0.10:80 -s {expected}\n", TextOf(lowering.Artifact, "ipvs.restore"));
    }

    [Fact]
    public void RC3301_an_unknown_scheduler_is_named_with_the_known_ones()
    {
        var service = SmallCluster.Cart with
        {
            Annotations = [new Annotation("rulecompiler.dev/ipvs-scheduler", "random")],
            Ports = [new ServicePortSpec("http", Protocol.Tcp, new Port(80), null, new Location("c.yaml", 7, 3))],
        };
        Assert.Equal(
            "c.yaml(7,3): warning RC3301: found 'random' as annotation rulecompiler.dev/ipvs-scheduler of Service shop/cart, " +
            "expected one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, mh, fo, ovf; wlc is used instead; correct the name, " +
            "or remove it",
            Assert.Single(Lowering([service], [], Scheduling("wlc")).Diagnostics.ToArray()).ToString());
        Assert.Contains(
            "RC3301: found 'RR' as ipvs.scheduler",
            Assert.Single(Lowering([SmallCluster.Cart], [], Scheduling("RR")).Diagnostics.ToArray()).ToString(),
            StringComparison.Ordinal);
    }

    /// <summary>Service-semantics §6.2.</summary>
    [Fact]
    public void Maglev_hashes_the_source_port_too_and_affinity_is_persistence()
    {
        var service = SmallCluster.Cart with { AffinityTimeoutSeconds = 600 };
        Assert.Equal(
            "-A -t 10.96.0.10:80 -s mh -p 600 -b mh-port\n", TextOf(Lower([service], [], Scheduling("mh")), "ipvs.restore"));
    }

    [Fact]
    public void Strict_arp_and_timeouts_are_part_of_the_artifact()
    {
        var node = Facts with
        {
            Config = Facts.Config with
            {
                Ipvs = new IpvsConfig { StrictArp = true, TcpTimeout = TimeSpan.FromMinutes(15), UdpTimeout = TimeSpan.FromDays(400) },
            },
        };
        var artifact = Lower([], [], node);
        Assert.Equal("--set 900 0 2678400\n", TextOf(artifact, "ipvs.restore"));
        var sysctls = TextOf(artifact, "sysctl.conf");
        Assert.Contains("\nnet.ipv4.conf.all.arp_ignore = 1\n", sysctls, StringComparison.Ordinal);
        Assert.StartsWith("# strictARP: ", sysctls, StringComparison.Ordinal);
    }

    /// <summary>kube-proxy's 65536 is a bound that its restore fails at.</summary>
    [Fact]
    public void A_set_has_room_for_all_of_its_entries()
    {
        var services = Enumerable.Range(0, 70).Select(i => SmallCluster.Cart with
        {
            Name = new ObjectName("shop", $"s{i:D3}"),
            ClusterIps = [Ip.V4((10u << 24) + (96u << 16) + (uint)i)],
            Ports = Enumerable.Range(1, 1000).Select(port =>
                new ServicePortSpec($"p{port}", Protocol.Tcp, new Port((ushort)port), null, default)).ToSeq(),
        }).ToSortedSeq();
        var set = Assert.Single(Lower(services, []).Sets, set => set.Name == "KUBE-CLUSTER-IP");
        Assert.Equal(70_000, set.Entries.Count);
        Assert.Equal(262_144, set.MaxElements);
    }

    /// <summary>What changes with Services is in the sets, so a plan hardly ever touches rules.</summary>
    [Fact]
    public void Rules_do_not_depend_on_services() =>
        Assert.Equal(Lower([], []).Rules, Lower([_local, SmallCluster.Cart], [_local.Slice("10.64.1.5")]).Rules);

    internal static IpvsArtifact Lower(
        SortedSeq<Service> services, SortedSeq<EndpointSlice> slices, NodeFacts? node = null, Family family = Family.Ipv4) =>
        Lowering(services, slices, node, family).Artifact;

    /// <summary>SET ENTRY of every entry.</summary>
    internal static string[] EntriesOf(IpvsArtifact artifact) =>
        TextOf(artifact, IpvsBackend.Instance.Print(artifact)[0].Name).Split('\n').Where(line => line.StartsWith("add ", StringComparison.Ordinal))
            .Select(line => line["add ".Length..]).ToArray();

    private static Lowering<IpvsArtifact> Lowering(
        SortedSeq<Service> services, SortedSeq<EndpointSlice> slices, NodeFacts? node = null, Family family = Family.Ipv4) =>
        IpvsBackend.Instance.Lower(SmallCluster.Graph(services, slices, node ?? Facts, family));

    private static NodeFacts Scheduling(string scheduler) =>
        Facts with { Config = Facts.Config with { Ipvs = new IpvsConfig { Scheduler = scheduler } } };

    private static string TextOf(IpvsArtifact artifact, string file) =>
        Assert.Single(IpvsBackend.Instance.Print(artifact), printed => printed.Name == file).Text;
}
