using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using Xunit;

namespace RuleCompiler.Tests.Ir;

public sealed class ServiceGraphBuilderTests
{
    private static readonly NodeFacts _node = NodeFacts.Create(
        new Node("node-0", "zone-a", [Prefix.Parse("10.64.0.0/24")], [Ip.Parse("192.168.77.2")], default),
        new ProxyConfig { ClusterCidrs = [Prefix.Parse("10.64.0.0/16")] }, new KernelFacts());

    private static readonly ServicePortSpec _http = new("http", Protocol.Tcp, new Port(80), null, default);

    private static readonly Service _service = new(
        new ObjectName("shop", "cart"), ServiceType.ClusterIp, [Ip.Parse("10.96.0.10")], [], [], [], [_http],
        TrafficPolicy.Cluster, TrafficPolicy.Cluster, null, null, null, [], new Location("c.yaml", 1, 1));

    private static EndpointSlice Slice(string name, params SliceEndpoint[] endpoints) => new(
        new ObjectName("shop", name), "cart", Family.Ipv4, [new SlicePort("http", Protocol.Tcp, new Port(8080))],
        endpoints.ToSeq(), default);

    private static SliceEndpoint Endpoint(string ip, string node, bool ready = true, bool serving = true, bool terminating = false) =>
        new(Ip.Parse(ip), ready, serving, terminating, node, [], [], default);

    private static BuiltGraph Build(SortedSeq<Service> services, params EndpointSlice[] slices) =>
        ServiceGraphBuilder.Build(new ClusterState(services, slices.ToSortedSeq(), [], []), _node, Family.Ipv4);

    [Fact]
    public void Endpoints_of_all_slices_are_merged_in_numeric_order()
    {
        var port = Assert.Single(Build(
            [_service],
            Slice("cart-b", Endpoint("10.64.1.11", "node-1"), Endpoint("10.64.1.2", "node-1")),
            Slice("cart-a", Endpoint("10.64.0.5", "node-0"))).Graph.ServicePorts);
        Assert.Equal("[10.64.0.5:8080, 10.64.1.2:8080, 10.64.1.11:8080]", port.ClusterSet.ToString());
    }

    [Fact]
    public void A_living_duplicate_beats_a_terminating_one_in_any_slice()
    {
        var port = Assert.Single(Build(
            [_service],
            Slice("cart-a", Endpoint("10.64.0.5", "node-0", ready: false, terminating: true)),
            Slice("cart-b", Endpoint("10.64.0.5", "node-0"))).Graph.ServicePorts);
        Assert.Equal(EndpointState.Ready, Assert.Single(port.Candidates).State);
    }

    [Fact]
    public void Candidates_tell_why_they_are_out()
    {
        var port = Assert.Single(Build(
            [_service with { InternalTrafficPolicy = TrafficPolicy.Local }],
            Slice("cart-a", Endpoint("10.64.0.5", "node-0"), Endpoint("10.64.0.6", "node-0", ready: false, terminating: true),
                Endpoint("10.64.0.7", "node-0", ready: false), Endpoint("10.64.1.5", "node-1"))).Graph.ServicePorts);
        Assert.Equal(
            ["ready", "terminating, and ready endpoints exist", "not ready", "on another node, and the policy is Local"],
            port.Candidates.Select(candidate => candidate.Reason));
    }

    [Fact]
    public void The_older_service_wins_a_frontend_and_the_loser_is_reported()
    {
        var older = _service with
        {
            Name = new ObjectName("shop", "older"),
            ClusterIps = [Ip.Parse("10.96.0.11")],
            ExternalIps = [Ip.Parse("203.0.113.1")],
            CreationTimestamp = DateTimeOffset.UnixEpoch,
        };
        var younger = _service with { ExternalIps = [Ip.Parse("203.0.113.1")] };
        var built = Build([younger, older]);

        var diagnostic = Assert.Single(built.Diagnostics);
        Assert.Equal(DiagnosticCatalog.FrontendCollision, diagnostic.Rule);
        Assert.Contains("203.0.113.1:80/tcp of Service shop/cart:http is already taken by Service shop/older:http", diagnostic.Message);
        Assert.Equal([1, 2], built.Graph.ServicePorts.Select(port => port.Frontends.Count));
    }

    [Fact]
    public void A_cluster_ip_that_lost_its_frontends_is_still_one()
    {
        var older = _service with
        {
            Name = new ObjectName("shop", "older"),
            ClusterIps = [Ip.Parse("10.96.0.9")],
            ExternalIps = _service.ClusterIps,
            CreationTimestamp = DateTimeOffset.UnixEpoch,
        };
        var graph = Build([_service, older]).Graph;

        Assert.Equal([0, 2], graph.ServicePorts.Select(port => port.Frontends.Count));
        Assert.Equal([Ip.Parse("10.96.0.9"), .. _service.ClusterIps], graph.ClusterIps);
        Assert.Empty(Build([_service with { Ports = [] }]).Graph.ClusterIps);
    }

    [Fact]
    public void A_health_check_port_under_a_node_port_is_reported()
    {
        var service = _service with
        {
            Type = ServiceType.LoadBalancer,
            ExternalTrafficPolicy = TrafficPolicy.Local,
            HealthCheckNodePort = new Port(30001),
            Ports = [_http with { NodePort = new Port(30001) }],
        };
        Assert.Equal(DiagnosticCatalog.HealthCheckPortCollision, Assert.Single(Build([service]).Diagnostics).Rule);
    }

    [Theory]
    [InlineData("", true, "all, localhost")]
    [InlineData("", false, "all")]
    [InlineData("10.0.0.0/8,0.0.0.0/0", false, "all")]
    [InlineData("192.168.0.0/16", true, "192.168.77.2")]
    [InlineData("10.0.0.0/8", true, "")]
    [InlineData("127.0.0.0/8,192.168.0.0/16", true, "127.0.0.1,192.168.77.2")]
    [InlineData("127.0.0.0/8", false, "RC3004")]
    [InlineData("fd00::/8", false, "RC3003 all")]
    [InlineData("primary", false, "192.168.77.2")]
    public void NodePortAddresses_decide_where_node_ports_answer(string configured, bool localhost, string expected)
    {
        var cidrs = configured is "" or "primary" ? [] : configured.Split(',').Select(cidr => Prefix.Parse(cidr)).ToSeq();
        var config = new ProxyConfig
        {
            NodePortAddresses = new NodePortAddresses(configured == "primary", cidrs),
            Iptables = new IptablesConfig { LocalhostNodePorts = localhost },
        };
        var built = ServiceGraphBuilder.Build(ClusterState.Empty, _node with { Config = config }, Family.Ipv4);
        var scope = built.Graph.NodePorts switch
        {
            NodePortScope.AllLocal all => all.Localhost ? "all, localhost" : "all",
            NodePortScope.Listed listed => string.Join(',', listed.Addresses),
            var other => other.ToString(),
        };
        Assert.Equal(expected, string.Join(' ', built.Diagnostics.Select(diagnostic => diagnostic.Rule.Id).Append(scope)).Trim());
    }

    [Fact]
    public void Source_ranges_of_the_other_family_admit_everybody_and_say_so()
    {
        var service = _service with
        {
            Type = ServiceType.LoadBalancer,
            LoadBalancerIps = [Ip.Parse("198.51.100.1")],
            LoadBalancerSourceRanges = [Prefix.Parse("fd00::/8")],
        };
        var built = Build([service], Slice("cart-a", Endpoint("10.64.0.5", "node-0")));
        Assert.Equal(DiagnosticCatalog.SourceRangesOfOtherFamily, Assert.Single(built.Diagnostics).Rule);
        Assert.Null(built.Graph.ServicePorts[0].Frontends[1].AllowedSources);
    }

    [Fact]
    public void An_address_that_is_external_ip_and_load_balancer_ip_keeps_the_open_one_and_says_so()
    {
        var service = _service with
        {
            Type = ServiceType.LoadBalancer,
            LoadBalancerIps = [Ip.Parse("198.51.100.1")],
            ExternalIps = [Ip.Parse("198.51.100.1")],
            LoadBalancerSourceRanges = [Prefix.Parse("10.0.0.0/8")],
        };
        var built = Build([service], Slice("cart-a", Endpoint("10.64.0.5", "node-0")));
        Assert.Equal(DiagnosticCatalog.SourceRangesBypassed, Assert.Single(built.Diagnostics).Rule);
        Assert.Equal([FrontendKind.ClusterIp, FrontendKind.ExternalIp], built.Graph.ServicePorts[0].Frontends.Select(f => f.Kind));
    }

    /// <summary>§1.3: the list still makes the Service accessible, so its external policy keeps its meaning.</summary>
    [Fact]
    public void External_ips_have_no_frontend_where_the_feature_gate_is_off()
    {
        var service = _service with
        {
            ExternalIps = [Ip.Parse("198.51.100.1")],
            InternalTrafficPolicy = TrafficPolicy.Local,
        };
        var slice = Slice("cart-a", Endpoint("10.64.1.5", "node-1"));
        var gate = new FeatureGate(FeatureGate.AllowServiceExternalIps, Enabled: false);
        var node = _node with { Config = _node.Config with { FeatureGates = [gate] } };
        var built = ServiceGraphBuilder.Build(new ClusterState([service], [slice], [], []), node, Family.Ipv4);
        Assert.Equal(DiagnosticCatalog.ExternalIpsNotServed, Assert.Single(built.Diagnostics).Rule);
        var servicePort = Assert.Single(built.Graph.ServicePorts);
        Assert.Equal(FrontendKind.ClusterIp, Assert.Single(servicePort.Frontends).Kind);
        Assert.Single(servicePort.ClusterSet);
        Assert.Empty(Build([service with { ExternalIps = [] }], slice).Graph.ServicePorts[0].ClusterSet);
    }

    [Fact]
    public void The_load_balancer_ip_may_be_its_own_source_when_the_node_is_in_a_range()
    {
        var service = _service with
        {
            Type = ServiceType.LoadBalancer,
            LoadBalancerIps = [Ip.Parse("198.51.100.1")],
            LoadBalancerSourceRanges = [Prefix.Parse("192.168.77.0/24")],
        };
        var built = Build([service], Slice("cart-a", Endpoint("10.64.0.5", "node-0")));
        Assert.Equal("[192.168.77.0/24, 198.51.100.1/32]", built.Graph.ServicePorts[0].Frontends[1].AllowedSources.ToString());
    }
}
