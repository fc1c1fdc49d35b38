using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Ir;

/// <summary>
/// Where modes differ, row by row (spec/profiles): service-semantics §2.7, §3.1, §3.2, §3.3, §3.7 row 1, §5.5, §6.6. Everything
/// else is the same in all of them, which the three-way property of Properties/ModeProperties asks of generated clusters.
/// </summary>
public sealed class MeaningModeTests
{
    private const TrafficPolicy Cluster = TrafficPolicy.Cluster;
    private const TrafficPolicy Local = TrafficPolicy.Local;

    [Theory]
    [InlineData(ProxyMode.Iptables, "LR+M")]
    [InlineData(ProxyMode.Nftables, "untouched")]
    [InlineData(ProxyMode.Ipvs, "untouched")]
    public void NodePorts_on_localhost_3_3(ProxyMode mode, string outcome) =>
        Assert.Equal(outcome, Sample(mode).Meets("localhost", "localhost"));

    /// <summary>§3.2: in nftables mode an empty list is <c>primary</c>.</summary>
    [Theory]
    [InlineData(ProxyMode.Iptables, "LR+M")]
    [InlineData(ProxyMode.Nftables, "untouched")]
    [InlineData(ProxyMode.Ipvs, "LR+M")]
    public void NodePorts_on_a_secondary_address_3_2(ProxyMode mode, string outcome)
    {
        var sample = Sample(mode);
        sample = sample with { Node = sample.Node with { Addresses = [MeaningSample.NodeIp, Ip.Parse("192.168.77.3")] } };
        Assert.Equal(outcome, sample.Meets("external", "192.168.77.3:30080"));
        Assert.Equal("LR+M", sample.Meets("external", "NodePort"));
    }

    /// <summary>§3.1: ports that no Service has.</summary>
    [Theory]
    [InlineData(ProxyMode.Iptables, "10.96.0.10:81", "untouched")]
    [InlineData(ProxyMode.Nftables, "10.96.0.10:81", "reject")]
    [InlineData(ProxyMode.Ipvs, "10.96.0.10:81", "reject")]
    [InlineData(ProxyMode.Iptables, "203.0.113.1:81", "untouched")]
    [InlineData(ProxyMode.Nftables, "203.0.113.1:81", "untouched")]
    [InlineData(ProxyMode.Ipvs, "203.0.113.1:81", "reject")]
    [InlineData(ProxyMode.Ipvs, "198.51.100.1:81", "reject")]
    [InlineData(ProxyMode.Ipvs, "10.96.0.10:30080", "reject")]
    [InlineData(ProxyMode.Iptables, "10.96.7.7:80", "untouched")]
    [InlineData(ProxyMode.Nftables, "10.96.7.7:80", "drop")]
    [InlineData(ProxyMode.Ipvs, "10.96.7.7:80", "untouched")]
    public void Ports_that_no_Service_has_3_1(ProxyMode mode, string to, string outcome)
    {
        var sample = Sample(mode) with { ServiceCidrs = [Prefix.Parse("10.96.0.0/16")] };
        Assert.Equal(outcome, sample.Meets("pod", to));
        Assert.Equal(outcome, sample.Meets("external", to));
    }

    /// <summary>§2.7, with its leaks stopped: policy Local keeps to local endpoints, and where there are none lets nobody else in.</summary>
    [Theory]
    [InlineData("pod", "RL RR", "L")]
    [InlineData("node", "RL RR", "L+M")]
    [InlineData("external", "RL RR", "L")]
    [InlineData("pod", "RR", "R")]
    [InlineData("node", "RR", "R+M")]
    [InlineData("vip", "RR", "R+M")]
    [InlineData("external", "RR", "drop")]
    [InlineData("external", "", "reject")]
    public void External_policy_local_in_ipvs_2_7(string source, string endpoints, string outcome)
    {
        var sample = Sample(ProxyMode.Ipvs).WithPolicies(Cluster, Local).WithEndpoints(endpoints);
        foreach (var frontend in new[] { "externalIP", "VIP", "NodePort" })
            Assert.Equal(outcome, sample.Meets(source, frontend));
    }

    [Theory]
    [InlineData("RL RR", "L")]
    [InlineData("RR", "drop")]
    [InlineData("", "reject")]
    public void Internal_policy_local_in_ipvs_2_7(string endpoints, string outcome) => Assert.Equal(
        outcome, Sample(ProxyMode.Ipvs).WithPolicies(Local, Cluster).WithEndpoints(endpoints).Meets("pod", "ClusterIP"));

    /// <summary>§3.7 row 1: a client that is the endpoint. Without a detector nothing else masquerades it.</summary>
    [Theory]
    [InlineData(ProxyMode.Iptables, "10.64.0.5", "RL", "L+M")]
    [InlineData(ProxyMode.Nftables, "10.64.0.5", "RL", "L+M")]
    [InlineData(ProxyMode.Ipvs, "10.64.0.5", "RL", "L+M")]
    [InlineData(ProxyMode.Iptables, "10.64.1.5", "RR", "R+M")]
    [InlineData(ProxyMode.Nftables, "10.64.1.5", "RR", "R")]
    [InlineData(ProxyMode.Ipvs, "10.64.1.5", "RR", "R")]
    public void Hairpins_3_7(ProxyMode mode, string client, string endpoints, string outcome) =>
        Assert.Equal(outcome, Sample(mode).WithoutDetector().WithEndpoints(endpoints).Meets(client, "ClusterIP"));

    /// <summary>§6.6: a process of the node that calls a bound ClusterIP has that address itself.</summary>
    [Theory]
    [InlineData(ProxyMode.Iptables, "LR")]
    [InlineData(ProxyMode.Ipvs, "LR+M")]
    public void Without_a_detector_a_cluster_ip_as_source_6_6(ProxyMode mode, string outcome)
    {
        var sample = Sample(mode).WithoutDetector();
        Assert.Equal(outcome, sample.Meets("10.96.0.10", "ClusterIP"));
        Assert.Equal("LR", sample.Meets("node", "ClusterIP"));
    }

    [Fact]
    public void MasqueradeAll_is_each_mode_s_own()
    {
        var sample = Sample(ProxyMode.Nftables).WithConfig(config => config with
        {
            Iptables = config.Iptables with { MasqueradeAll = true },
        });
        Assert.Equal("LR", sample.Meets("pod", "ClusterIP"));
        Assert.Equal("LR+M", (sample with { Node = NodeGen.In(sample.Node, ProxyMode.Nftables) }).Meets("pod", "ClusterIP"));
    }

    private static MeaningSample Sample(ProxyMode mode)
    {
        var sample = new MeaningSample();
        return sample with { Node = NodeGen.In(sample.Node, mode) };
    }
}
