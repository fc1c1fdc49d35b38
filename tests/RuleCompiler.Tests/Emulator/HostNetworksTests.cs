using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

public sealed class HostNetworksTests
{
    private static readonly NodeFacts Node = new(
        "node-0", null, [Prefix.Parse("10.64.0.0/24"), Prefix.Parse("fd00:64::/64")],
        [Ip.Parse("192.168.0.1"), Ip.Parse("192.168.0.10"), Ip.Parse("fd00:192::10")],
        Ip.Parse("192.168.0.10"), Ip.Parse("fd00:192::10"), new ProxyConfig(), new KernelFacts { RecentListEntries = 7 });

    [Fact]
    public void Pods_are_behind_the_bridge_and_all_else_behind_eth0()
    {
        var network = HostNetworks.For(Node, Family.Ipv4);
        Assert.Equal(
            [new HostInterface("eth0", [Ip.Parse("192.168.0.10"), Ip.Parse("192.168.0.1")]), new HostInterface("cni0", [])],
            network.Interfaces);
        Assert.Equal(
            [new Route(Prefix.Parse("10.64.0.0/24"), "cni0"), new Route(Prefix.Parse("0.0.0.0/0"), "eth0")],
            network.Routes);
        Assert.Equal(7, network.RecentListEntries);
        Assert.Equal([new Route(Prefix.Parse("fd00:64::/64"), "cni0"), new Route(Prefix.Parse("::/0"), "eth0")],
            HostNetworks.For(Node, Family.Ipv6).Routes);
    }

    [Fact]
    public void Conntrack_has_the_timeouts_that_kube_proxy_writes()
    {
        var limits = HostNetworks.For(Node, Family.Ipv4).Conntrack;
        Assert.Equal((86_400, 3_600, 30, 120),
            (limits.TcpEstablishedSeconds, limits.TcpCloseWaitSeconds, limits.UdpSeconds, limits.UdpStreamSeconds));
        var config = new ProxyConfig
        {
            Conntrack = new ConntrackConfig { TcpEstablishedTimeout = TimeSpan.Zero, UdpTimeout = TimeSpan.FromSeconds(7) },
        };
        var changed = HostNetworks.For(Node with { Config = config }, Family.Ipv4).Conntrack;
        Assert.Equal((432_000, 7), (changed.TcpEstablishedSeconds, changed.UdpSeconds));
    }

    [Theory]
    [InlineData(DetectLocalMode.ClusterCidr, "cni0")]
    [InlineData(DetectLocalMode.NodeCidr, "cni0")]
    [InlineData(DetectLocalMode.BridgeInterface, "cbr0")]
    [InlineData(DetectLocalMode.InterfaceNamePrefix, "gke0")]
    public void The_detector_names_the_pods_interface(DetectLocalMode mode, string name)
    {
        var config = new ProxyConfig { DetectLocalMode = mode, BridgeInterface = "cbr0", InterfaceNamePrefix = "gke" };
        Assert.Equal(name, HostNetworks.PodInterface(Node with { Config = config }));
    }

    [Theory]
    [InlineData(true, false, "", true)]
    [InlineData(false, false, "", false)]
    [InlineData(true, true, "", false)]
    [InlineData(true, false, "127.0.0.0/8", true)]
    [InlineData(true, false, "127.1.0.0/16", true)]
    [InlineData(true, false, "0.0.0.0/0", true)]
    [InlineData(true, false, "192.168.0.0/16", false)]
    [InlineData(true, false, "fd00::/8", true)]
    public void Localnet_is_routed_as_kube_proxy_would_have_it(bool localhost, bool primary, string cidr, bool routed)
    {
        Seq<Prefix> cidrs = cidr.Length == 0 ? [] : [Prefix.Parse(cidr)];
        var config = new ProxyConfig
        {
            Iptables = new IptablesConfig { LocalhostNodePorts = localhost },
            NodePortAddresses = new NodePortAddresses(primary, cidrs),
        };
        Assert.Equal(routed, HostNetworks.For(Node with { Config = config }, Family.Ipv4).RouteLocalnet);
        Assert.False(HostNetworks.For(Node with { Config = config }, Family.Ipv6).RouteLocalnet);
    }
}
