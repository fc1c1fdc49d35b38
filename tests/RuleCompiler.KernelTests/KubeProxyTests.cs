using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.KernelTests.Probing;
using RuleCompiler.Kube;
using RuleCompiler.Tests;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>The real cluster of golden/kubernetes-1.36, with kube-proxy's own rules and with ours.</summary>
public sealed class KubeProxyTests(ITestOutputHelper output)
{
    private const string Folder = "golden/kubernetes-1.36";
    private const int Packets = 12_000;

    private static readonly ClusterState _cluster = ClusterReader.Read([Input("cluster.yaml"), Input("nodes.yaml")]).Cluster;

    private static readonly NodeFacts _node = NodeFacts.Create(
        _cluster.Nodes.Single(node => node.Name == "node-0"), ConfigReader.Read(Input("kube-proxy-config.yaml")).Config,
        new KernelFacts());

    [Theory]
    [InlineData(Flavour.Nft, Family.Ipv4)]
    [InlineData(Flavour.Nft, Family.Ipv6)]
    [InlineData(Flavour.Legacy, Family.Ipv4)]
    [InlineData(Flavour.Legacy, Family.Ipv6)]
    public void Kube_proxys_rules_do_in_the_kernel_what_the_emulator_says(Flavour flavour, Family family)
    {
        var dump = family == Family.Ipv4 ? "iptables-save.txt" : "ip6tables-save.txt";
        Compare(flavour, family, File.ReadAllText(Checkout.PathOf(Folder, dump)));
    }

    [Theory]
    [InlineData(Flavour.Nft, Family.Ipv4)]
    [InlineData(Flavour.Nft, Family.Ipv6)]
    [InlineData(Flavour.Legacy, Family.Ipv4)]
    [InlineData(Flavour.Legacy, Family.Ipv6)]
    public void Our_rules_for_it_do_too(Flavour flavour, Family family)
    {
        var graph = ServiceGraphBuilder.Build(_cluster, _node, family).Graph;
        Compare(flavour, family, Iptables.Print(Iptables.Lower(graph, _node).Artifact)[0].Text);
    }

    private void Compare(Flavour flavour, Family family, string text)
    {
        KernelMachine.Require("nfacct");
        var host = HostNetworks.For(_node, family);
        using var network = NodeNetwork.Create(host);
        var parsed = Iptables.Parse([new ArtifactFile("rules", text)], family);
        Assert.False(parsed.HasErrors, parsed.Diagnostics.ToString());
        foreach (var counter in CountersOf(parsed.Artifact)) network.Node.Run(() => Tool.Run("nfacct", ["add", counter]));
        flavour.Restore(network.Node, family, text);

        var run = new Differential(flavour, seed: 1);
        using var prober = new Prober(network);
        var emulator = new Emulator.Emulator(
            IptablesTranslator.Translate(parsed.Artifact), host, new ManualClock(), new SeededRandom(1));
        var flows = run.Flows(FlowGen.Covering(_cluster, _node, family), KernelMachine.TracksSctp(network.Node), Packets);
        var differences = run.Compare(prober, emulator, host, flows, Packets);
        output.WriteLine($"{run.Packets} packets, {run.FlowsLeftOut} flows left out");
        Assert.True(differences.Count == 0, $"{differences.Count} differences\n" + string.Join('\n', differences.Take(10)));
        Assert.Equal(0u, prober.Drops);
    }

    /// <summary>Rules count into objects that have to be there first.</summary>
    private static IEnumerable<string> CountersOf(IptablesRuleset ruleset) => ruleset.Tables
        .SelectMany(table => table.Chains).SelectMany(chain => chain.Rules).SelectMany(rule => rule.Matches)
        .OfType<Match.Nfacct>().Select(match => match.Name).Distinct();

    private static InputFile Input(string name) => new(name, File.ReadAllBytes(Checkout.PathOf(Folder, name)));
}
