using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using Xunit;

namespace RuleCompiler.Tests.Ir;

/// <summary>Every row of the tables of service-semantics, read off by eye. L: a local endpoint, R: a remote one, +M: masqueraded.</summary>
public sealed class MeaningTests
{
    private const TrafficPolicy Cluster = TrafficPolicy.Cluster;
    private const TrafficPolicy Local = TrafficPolicy.Local;

    private static MeaningSample Sample(TrafficPolicy inside, TrafficPolicy outside) =>
        new MeaningSample().WithPolicies(inside, outside);

    /// <summary>§2.4. The Service has nothing external, or the cluster set would be there for its sake.</summary>
    [Theory]
    [InlineData(Cluster, "RL RR", "LR")]
    [InlineData(Cluster, "RR", "R")]
    [InlineData(Cluster, "", "reject")]
    [InlineData(Cluster, "UL", "reject")]
    [InlineData(Local, "RL RR", "L")]
    [InlineData(Local, "RR", "drop")]
    [InlineData(Local, "TR", "drop")]
    [InlineData(Local, "UL", "reject")]
    [InlineData(Local, "", "reject")]
    public void Cluster_ip_2_4(TrafficPolicy inside, string endpoints, string outcome)
    {
        var sample = Sample(inside, Cluster).WithEndpoints(endpoints);
        sample = sample with
        {
            Service = sample.Service with
            {
                Type = ServiceType.ClusterIp,
                ExternalIps = [],
                LoadBalancerIps = [],
                Ports = [sample.Service.Ports[0] with { NodePort = null }],
            },
        };
        Assert.Equal(outcome, sample.Meets("pod", "ClusterIP"));
        var others = outcome is "reject" or "drop" ? outcome : outcome + "+M";
        Assert.Equal(others, sample.Meets("node", "ClusterIP"));
        Assert.Equal(others, sample.Meets("external", "ClusterIP"));
    }

    /// <summary>§2.5, on each of the three external frontends.</summary>
    [Theory]
    [InlineData(Cluster, "pod", "RL RR", "LR+M")]
    [InlineData(Cluster, "node", "RL RR", "LR+M")]
    [InlineData(Cluster, "external", "RL RR", "LR+M")]
    [InlineData(Cluster, "external", "RR", "R+M")]
    [InlineData(Cluster, "pod", "", "reject")]
    [InlineData(Cluster, "node", "", "reject")]
    [InlineData(Cluster, "external", "", "reject")]
    [InlineData(Local, "pod", "RL RR", "LR")]
    [InlineData(Local, "pod", "RR", "R")]
    [InlineData(Local, "node", "RL RR", "LR+M")]
    [InlineData(Local, "node", "RR", "R+M")]
    [InlineData(Local, "external", "RL RR", "L")]
    [InlineData(Local, "external", "RR", "drop")]
    [InlineData(Local, "pod", "", "reject")]
    [InlineData(Local, "node", "", "reject")]
    [InlineData(Local, "external", "", "reject")]
    public void External_frontends_2_5(TrafficPolicy outside, string source, string endpoints, string outcome)
    {
        var sample = Sample(Cluster, outside).WithEndpoints(endpoints);
        Assert.All(["externalIP", "VIP", "NodePort"], frontend => Assert.Equal(outcome, sample.Meets(source, frontend)));
    }

    [Theory]
    [InlineData("RL RR", "L")]
    [InlineData("RR", "drop")]
    [InlineData("", "reject")]
    public void Without_a_detector_a_pod_is_external_2_5(string endpoints, string outcome)
    {
        var sample = Sample(Cluster, Local).WithEndpoints(endpoints).WithoutDetector();
        Assert.All(["externalIP", "VIP", "NodePort"], frontend => Assert.Equal(outcome, sample.Meets("pod", frontend)));
    }

    /// <summary>
    /// §2.6: cluster set, local set, iTP=Local ClusterIP, eTP=Local external. Local sets alone have no fallback among
    /// remote endpoints.
    /// </summary>
    [Theory]
    [InlineData("RL", "L", "L")]
    [InlineData("RL TL TR", "L", "L")]
    [InlineData("RL RR", "LR", "L")]
    [InlineData("RL RR TL TR", "LR", "L")]
    [InlineData("RR TL", "R", "l")]
    [InlineData("RR TL TR", "R", "l")]
    [InlineData("RR", "R", "drop")]
    [InlineData("RR TR", "R", "drop")]
    [InlineData("TL", "l", "l")]
    [InlineData("TL TR", "lr", "l")]
    [InlineData("TR", "r", "drop")]
    [InlineData("", "reject", "reject")]
    public void Combinations_2_6(string endpoints, string cluster, string local)
    {
        var sample = Sample(Cluster, Cluster).WithEndpoints(endpoints);
        Assert.Equal(cluster, sample.Meets("pod", "ClusterIP"));
        Assert.Equal(local, sample.WithPolicies(Local, Cluster).Meets("pod", "ClusterIP"));
        Assert.Equal(local, sample.WithPolicies(Cluster, Local).Meets("external", "NodePort"));
        Assert.Equal(local, sample.WithPolicies(Local, Local).Meets("external", "VIP"));
    }

    /// <summary>§3.7 row 1: whatever the frontend and the policies, an endpoint that meets itself is masqueraded.</summary>
    [Theory]
    [InlineData("10.64.0.5", "10.96.0.10:80", Cluster, "10.64.0.5:8080 masqueraded | 10.64.1.5:8080")]
    [InlineData("10.64.1.5", "10.96.0.10:80", Cluster, "10.64.0.5:8080 | 10.64.1.5:8080 masqueraded")]
    [InlineData("10.64.0.5", "192.168.77.2:30080", Local, "10.64.0.5:8080 masqueraded | 10.64.1.5:8080")]
    [InlineData("10.64.0.5", "203.0.113.1:80", Cluster, "10.64.0.5:8080 masqueraded | 10.64.1.5:8080 masqueraded")]
    public void Hairpin_3_7(string source, string destination, TrafficPolicy outside, string outcomes)
    {
        var sample = Sample(Cluster, outside);
        var to = Endpoint.Parse(destination);
        var flow = new Flow(Ip.Parse(source), new Port(40000), Protocol.Tcp, to.Address, to.Port, "cni0");
        Assert.Equal(outcomes, Meaning.Of(sample.Cluster, sample.Node, flow).ToString());
    }

    /// <summary>§3.7 rows 2 to 7.</summary>
    [Theory]
    [InlineData("ClusterIP", "pod", Cluster, false, false, "LR")]
    [InlineData("ClusterIP", "pod", Cluster, true, false, "LR+M")]
    [InlineData("ClusterIP", "node", Cluster, false, false, "LR+M")]
    [InlineData("ClusterIP", "external", Cluster, false, false, "LR+M")]
    [InlineData("ClusterIP", "pod", Cluster, false, true, "LR")]
    [InlineData("ClusterIP", "node", Cluster, false, true, "LR")]
    [InlineData("ClusterIP", "external", Cluster, false, true, "LR")]
    [InlineData("ClusterIP", "external", Cluster, true, true, "LR+M")]
    [InlineData("VIP", "pod", Cluster, false, true, "LR+M")]
    [InlineData("externalIP", "external", Cluster, false, false, "LR+M")]
    [InlineData("NodePort", "node", Local, false, false, "LR+M")]
    [InlineData("NodePort", "pod", Local, false, false, "LR")]
    [InlineData("NodePort", "external", Local, false, false, "L")]
    [InlineData("NodePort", "external", Local, true, false, "L")]
    public void Masquerade_3_7(
        string frontend, string source, TrafficPolicy outside, bool masqueradeAll, bool noDetector, string outcome)
    {
        var sample = Sample(Cluster, outside);
        if (masqueradeAll) sample = sample.MasqueradeAll();
        if (noDetector) sample = sample.WithoutDetector();
        Assert.Equal(outcome, sample.Meets(source, frontend));
    }

    /// <summary>§3.11: A has policies Cluster, B external Local, C internal Local; the last columns are the overrides.</summary>
    [Theory]
    [InlineData("pod", "ClusterIP", "LR LR L", "LR LR L", "LR+M LR+M L+M", "LR+M LR+M L+M")]
    [InlineData("pod", "NodePort", "LR+M LR LR+M", "LR+M L LR+M", "LR+M LR LR+M", "LR+M L LR+M")]
    [InlineData("pod", "VIP", "LR+M LR LR+M", "LR+M L LR+M", "LR+M LR LR+M", "LR+M L LR+M")]
    [InlineData("node", "ClusterIP", "LR+M LR+M L+M", "LR LR L", "LR+M LR+M L+M", "LR+M LR+M L+M")]
    [InlineData("node", "NodePort", "LR+M LR+M LR+M", "LR+M LR+M LR+M", "LR+M LR+M LR+M", "LR+M LR+M LR+M")]
    [InlineData("localhost", "localhost", "LR+M LR+M LR+M", "LR+M LR+M LR+M", "LR+M LR+M LR+M", "LR+M LR+M LR+M")]
    [InlineData("node", "VIP", "LR+M LR+M LR+M", "LR+M LR+M LR+M", "LR+M LR+M LR+M", "LR+M LR+M LR+M")]
    [InlineData("external", "ClusterIP", "LR+M LR+M L+M", "LR LR L", "LR+M LR+M L+M", "LR+M LR+M L+M")]
    [InlineData("external", "NodePort", "LR+M L LR+M", "LR+M L LR+M", "LR+M L LR+M", "LR+M L LR+M")]
    [InlineData("external", "VIP", "LR+M L LR+M", "LR+M L LR+M", "LR+M L LR+M", "LR+M L LR+M")]
    public void Flow_matrix_3_11(string source, string frontend, string plain, string noDetector, string masqueradeAll, string both)
    {
        Assert.Equal(plain, Row(sample => sample));
        Assert.Equal(noDetector, Row(sample => sample.WithoutDetector()));
        Assert.Equal(masqueradeAll, Row(sample => sample.MasqueradeAll()));
        Assert.Equal(both, Row(sample => sample.WithoutDetector().MasqueradeAll()));

        string Row(Func<MeaningSample, MeaningSample> change) => string.Join(' ',
            change(Sample(Cluster, Cluster)).Meets(source, frontend),
            change(Sample(Cluster, Local)).Meets(source, frontend),
            change(Sample(Local, Cluster)).Meets(source, frontend));
    }

    /// <summary>§3.12 with §13.2 #9 put right: a process of the node is told too.</summary>
    [Theory]
    [InlineData("ClusterIP")]
    [InlineData("externalIP")]
    [InlineData("VIP")]
    [InlineData("NodePort")]
    public void Nothing_behind_a_frontend_is_answered_from_everywhere_3_12(string frontend)
    {
        var sample = Sample(Cluster, Cluster).WithEndpoints("");
        Assert.All(["pod", "node", "external"], source => Assert.Equal("reject", sample.Meets(source, frontend)));
        var local = Sample(Local, Local).WithEndpoints("RR");
        var source = frontend == "ClusterIP" ? "pod" : "external";
        Assert.Equal("drop", local.Meets(source, frontend));
    }

    /// <summary>§13.2 #8: a NodePort without endpoints leaves other addresses alone.</summary>
    [Fact]
    public void An_excluded_address_is_untouched_even_without_endpoints()
    {
        var sample = Sample(Cluster, Cluster).WithEndpoints("")
            .WithConfig(config => config with { NodePortAddresses = new(false, [Prefix.Parse("10.0.0.0/8")]) });
        Assert.Equal("untouched", sample.Meets("external", "NodePort"));
    }

    /// <summary>§3.2 and §3.3: what nodePortAddresses and localhostNodePorts make of the node's address, of 127.0.0.1 and of what comes from outside for loopback.</summary>
    [Theory]
    [InlineData("", true, "LR+M", "LR+M", "LR+M")]
    [InlineData("", false, "LR+M", "untouched", "drop")]
    [InlineData("0.0.0.0/0", true, "LR+M", "LR+M", "LR+M")]
    [InlineData("192.168.77.0/24", true, "LR+M", "untouched", "drop")]
    [InlineData("10.0.0.0/8", true, "untouched", "untouched", "drop")]
    [InlineData("127.0.0.0/8", true, "untouched", "LR+M", "drop")]
    [InlineData("127.0.0.0/8", false, "untouched", "untouched", "drop")]
    [InlineData("fd00::/8", true, "LR+M", "LR+M", "LR+M")]
    [InlineData("primary", true, "LR+M", "untouched", "drop")]
    public void Node_port_addresses_3_2(string addresses, bool localhost, string onNode, string onLocalhost, string elsewhereOnLoopback)
    {
        var sample = Sample(Cluster, Cluster).WithConfig(config => config with
        {
            Iptables = config.Iptables with { LocalhostNodePorts = localhost },
            NodePortAddresses = addresses switch
            {
                "" => new(false, []),
                "primary" => new(true, []),
                _ => new(false, [Prefix.Parse(addresses)]),
            },
        });
        Assert.Equal(onNode, sample.Meets("external", "NodePort"));
        Assert.Equal(onLocalhost, sample.Meets("localhost", "localhost"));
        Assert.Equal(elsewhereOnLoopback, sample.Meets("external", "127.0.0.5:30080"));
    }

    /// <summary>§3.4, with §1.3's reading of the list.</summary>
    [Theory]
    [InlineData("172.16.0.0/24", "LR+M", "drop", "drop", "drop")]
    [InlineData("172.17.0.0/24", "drop", "drop", "drop", "drop")]
    [InlineData("10.64.0.0/16", "drop", "LR+M", "drop", "drop")]
    [InlineData("192.168.77.0/24", "drop", "drop", "LR+M", "LR+M")]
    [InlineData("172.16.0.0/24 0.0.0.0/0", "LR+M", "LR+M", "LR+M", "LR+M")]
    [InlineData("fd00::/8", "LR+M", "LR+M", "LR+M", "LR+M")]
    public void Source_ranges_3_4(string ranges, string external, string pod, string node, string vip)
    {
        var sample = Sample(Cluster, Cluster);
        sample = sample with
        {
            Service = sample.Service with
            {
                LoadBalancerSourceRanges = ranges.Split(' ').Select(range => Prefix.Parse(range)).ToSeq(),
            },
        };
        Assert.Equal(external, sample.Meets("external", "VIP"));
        Assert.Equal(pod, sample.Meets("pod", "VIP"));
        Assert.Equal(node, sample.Meets("node", "VIP"));
        Assert.Equal(vip, sample.Meets("vip", "VIP"));
        Assert.All(["NodePort", "externalIP"], frontend => Assert.Equal("LR+M", sample.Meets("external", frontend)));
        Assert.Equal("reject", sample.WithEndpoints("").Meets("external", "VIP"));
    }

    /// <summary>§3.8: which sources are local pods by each mode, seen by whether a NodePort short-circuits.</summary>
    [Theory]
    [InlineData(DetectLocalMode.ClusterCidr, "10.64.0.77", "eth0", true)]
    [InlineData(DetectLocalMode.ClusterCidr, "10.64.1.77", "eth0", true)]
    [InlineData(DetectLocalMode.ClusterCidr, "10.65.0.1", "cni0", false)]
    [InlineData(DetectLocalMode.NodeCidr, "10.64.0.77", "cni0", true)]
    [InlineData(DetectLocalMode.NodeCidr, "10.64.1.77", "eth0", false)]
    [InlineData(DetectLocalMode.BridgeInterface, "172.16.0.9", "cni0", true)]
    [InlineData(DetectLocalMode.BridgeInterface, "10.64.0.77", "cni01", false)]
    [InlineData(DetectLocalMode.InterfaceNamePrefix, "172.16.0.9", "veth7", true)]
    [InlineData(DetectLocalMode.InterfaceNamePrefix, "10.64.0.77", "eth0", false)]
    public void Detectors_3_8(DetectLocalMode mode, string source, string input, bool local)
    {
        var sample = Sample(Cluster, Local).WithConfig(config => config with
        {
            DetectLocalMode = mode,
            BridgeInterface = "cni0",
            InterfaceNamePrefix = "veth",
        });
        var flow = new Flow(Ip.Parse(source), new Port(1), Protocol.Tcp, MeaningSample.NodeIp, new Port(30080), input);
        Assert.Equal(local ? 2 : 1, Meaning.Of(sample.Cluster, sample.Node, flow).Outcomes.Count);
    }

    /// <summary>§2.3. Hints are zone/node of the local endpoint, then of the remote one.</summary>
    [Theory]
    [InlineData("-/-", "-/-", "LR")]
    [InlineData("zone-a/-", "zone-b/-", "L")]
    [InlineData("zone-b/-", "zone-a/-", "R")]
    [InlineData("zone-a/-", "-/-", "LR")]
    [InlineData("zone-b/-", "zone-c/-", "LR")]
    [InlineData("zone-b/node-0", "zone-a/node-1", "L")]
    [InlineData("zone-b/node-0", "zone-a/-", "R")]
    [InlineData("zone-a/node-1", "zone-b/node-1", "L")]
    public void Topology_2_3(string localHints, string remoteHints, string outcome)
    {
        var sample = Sample(Cluster, Cluster);
        sample = sample with { Endpoints = [Hinted(sample.Endpoints[0], localHints), Hinted(sample.Endpoints[1], remoteHints)] };
        Assert.Equal(outcome, sample.Meets("pod", "ClusterIP"));
        Assert.Equal("L", sample.WithPolicies(Local, Cluster).Meets("pod", "ClusterIP"));

        static SliceEndpoint Hinted(SliceEndpoint endpoint, string hints)
        {
            var (zone, node) = (hints.Split('/')[0], hints.Split('/')[1]);
            return endpoint with { ZoneHints = zone == "-" ? [] : [zone], NodeHints = node == "-" ? [] : [node] };
        }
    }

    [Fact]
    public void A_node_without_a_zone_ignores_zone_hints()
    {
        var sample = Sample(Cluster, Cluster) with { Node = MeaningSample.DefaultNode with { Zone = "" } };
        sample = sample with { Endpoints = sample.Endpoints.Select(endpoint => endpoint with { ZoneHints = [""] }).ToSeq() };
        Assert.Equal("LR", sample.Meets("pod", "ClusterIP"));
    }

    [Fact]
    public void External_policy_of_a_service_without_anything_external_is_void_1_3()
    {
        var sample = Sample(Cluster, Local);
        sample = sample with { Service = sample.Service with { Type = ServiceType.ClusterIp, ExternalIps = [] } };
        Assert.Equal("LR+M", sample.Meets("external", "VIP"));
    }

    [Fact]
    public void Near_misses_are_untouched()
    {
        var sample = Sample(Cluster, Cluster);
        Assert.All(
            ["10.96.0.10:81", "10.96.0.10:30080", "10.96.0.11:80", "192.168.77.2:80", "192.168.77.3:30080", "127.0.0.1:80"],
            frontend => Assert.Equal(
                "untouched", sample.Meets(frontend.StartsWith("127", StringComparison.Ordinal) ? "localhost" : "external", frontend)));
    }

    /// <summary>What comes in for the node's own address is delivered here and never passes POSTROUTING.</summary>
    [Fact]
    public void An_endpoint_on_the_nodes_own_address_sees_the_source()
    {
        var sample = Sample(Cluster, Cluster);
        sample = sample with { Endpoints = [sample.Endpoints[0] with { Address = MeaningSample.NodeIp }] };
        Assert.Equal("192.168.77.2:8080", sample.Meets("external", "VIP"));
        Assert.Equal("192.168.77.2:8080+M", sample.Meets("node", "VIP"));
    }
}
