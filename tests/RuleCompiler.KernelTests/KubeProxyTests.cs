using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.KernelTests.Probing;
using RuleCompiler.Kube;
using RuleCompiler.Linux;
using RuleCompiler.Tests;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>The real cluster of golden/kubernetes-1.36, with kube-proxy's own rules and with ours.</summary>
public sealed class KubeProxyTests(ITestOutputHelper output)
{
    private const string Folder = "golden/kubernetes-1.36";
    private const int Packets = 12_000;

    /// <summary>kube-proxy's iptables rules count into objects that have to be there first (service-semantics §4.3).</summary>
    private static readonly string[] _counters = ["ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts"];

    private static readonly ClusterState _cluster = ClusterReader.Read([Input("cluster.yaml"), Input("nodes.yaml")]).Cluster;

    private static readonly NodeFacts _node = NodeFacts.Create(
        _cluster.Nodes.Single(node => node.Name == "node-0"), ConfigReader.Read(Input("kube-proxy-config.yaml")).Config,
        new KernelFacts());

    [Theory]
    [InlineData(Flavour.Nft, Family.Ipv4)]
    [InlineData(Flavour.Nft, Family.Ipv6)]
    [InlineData(Flavour.Legacy, Family.Ipv4)]
    [InlineData(Flavour.Legacy, Family.Ipv6)]
    [InlineData(Flavour.Nftables, Family.Ipv4)]
    [InlineData(Flavour.Nftables, Family.Ipv6)]
    public void Kube_proxys_rules_do_in_the_kernel_what_the_emulator_says(Flavour flavour, Family family)
    {
        var dump = (flavour, family) switch
        {
            (Flavour.Nftables, Family.Ipv4) => "nft-ip.txt",
            (Flavour.Nftables, Family.Ipv6) => "nft-ip6.txt",
            (_, Family.Ipv4) => "iptables-save.txt",
            (_, Family.Ipv6) => "ip6tables-save.txt",
        };
        Compare(flavour.Room, family, File.ReadAllText(Checkout.PathOf(Folder, dump)));
    }

    [Theory]
    [MemberData(nameof(Flavours.EachFamily), MemberType = typeof(Flavours))]
    public void Our_rules_for_it_do_too(Flavour flavour, Family family) =>
        Compare(flavour.Room, family, flavour.Room.Compile(_cluster, _node, family));

    private void Compare(IKernelRoom room, Family family, string text)
    {
        KernelMachine.Require("nfacct");
        var node = NodeGen.In(_node, room.Mode);
        var host = HostNetworks.For(node, family);
        using var network = NodeNetwork.Create(host);
        network.Node.Run(() => Array.ForEach(_counters, counter => Tool.Run("nfacct", ["add", counter])));
        room.Load(network.Node, family, text);

        var run = new Differential(room, seed: 1);
        using var prober = new Prober(network);
        var emulator = new NetfilterMachine(room.Read(text, family), host, new ManualClock(), new SeededRandom(1));
        var flows = run.Flows(FlowGen.Covering(_cluster, node, family), KernelMachine.TracksSctp(network.Node), Packets);
        var differences = run.Compare(prober, emulator, host, flows, Packets);
        output.WriteLine($"{run.Packets} packets, {run.FlowsLeftOut} flows left out");
        Assert.True(differences.Count == 0, $"{differences.Count} differences\n" + string.Join('\n', differences.Take(10)));
        Assert.Equal(0u, prober.Drops);
    }

    private static InputFile Input(string name) => new(name, File.ReadAllBytes(Checkout.PathOf(Folder, name)));
}
