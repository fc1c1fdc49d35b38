using RuleCompiler.Backends.Nftables;
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

/// <summary>From kube-proxy 1.36's own table to ours in one transaction, while packets pass.</summary>
public sealed class TakeOverTests(ITestOutputHelper output)
{
    private const string Folder = "golden/kubernetes-1.36";
    private const int BatchPackets = 2000;

    /// <summary>Every packet has a source port of its own.</summary>
    private const int BatchesMax = 25;

    private static readonly IKernelRoom _room = Flavour.Nftables.Room;
    private static readonly ClusterState _cluster = ClusterReader.Read([Input("cluster.yaml"), Input("nodes.yaml")]).Cluster;

    private static readonly NodeFacts _node = NodeGen.In(
        NodeFacts.Create(
            _cluster.Nodes.Single(node => node.Name == "node-0"), ConfigReader.Read(Input("kube-proxy-config.yaml")).Config,
            new KernelFacts()),
        ProxyMode.Nftables);

    /// <summary>Packets come before, while and after: they meet kube-proxy's rules, one of both, and ours.</summary>
    [Theory]
    [InlineData(Family.Ipv4, "nft-ip.txt")]
    [InlineData(Family.Ipv6, "nft-ip6.txt")]
    public async Task No_packet_meets_neither_kube_proxys_rules_nor_ours(Family family, string dump)
    {
        KernelMachine.Require();
        var host = HostNetworks.For(_node, family);
        using var network = NodeNetwork.Create(host);
        using var prober = new Prober(network);
        var flows = new Differential(_room, seed: 1).Flows(
            FlowGen.Covering(_cluster, _node, family), KernelMachine.TracksSctp(network.Node), BatchPackets);
        var (theirText, takeOver) = (File.ReadAllText(Checkout.PathOf(Folder, dump)), TakeOver(family));
        var (theirs, ours) = (Expected(theirText), Expected(_room.Compile(_cluster, _node, family)));
        var (failures, batches) = (new List<string>(), 0);

        _room.Load(network.Node, family, theirText);
        Send(theirs);
        var transaction = Task.Run(
            () => _room.Load(network.Node, family, takeOver), TestContext.Current.CancellationToken);
        while (!transaction.IsCompleted && batches < BatchesMax - 1) Send(theirs, ours);
        await transaction;
        Send(ours);

        output.WriteLine($"{batches * BatchPackets} packets, {(batches - 2) * BatchPackets} of them during the transaction");
        Assert.True(failures.Count == 0, $"{failures.Count} packets\n" + string.Join('\n', failures.Take(10)));
        Assert.Equal(0u, prober.Drops);
        Assert.True(batches > 2, "no packet was sent during the transaction");
        Assert.DoesNotContain("kube-proxy", _room.Dump(network.Node, family), StringComparison.Ordinal);

        Expectations[] Expected(string text)
        {
            var emulator = new NetfilterMachine(_room.Read(text, family), host, new ManualClock(), new SeededRandom(1));
            return [.. flows.Select(flow => Expectations.Of(emulator, host, _room.IsAffinity, flow))];
        }

        void Send(params Expectations[][] allowed)
        {
            var probes = Enumerable.Range(0, BatchPackets)
                .Select(i => Numbered(flows[i % flows.Count], (batches * BatchPackets) + i)).ToList();
            var sightings = prober.Send(probes);
            for (var i = 0; i < probes.Count; i++)
            {
                var ending = Ending.Of(probes[i].Tuple, sightings[i]);
                if (allowed.Any(rules => rules[i % flows.Count].TurnOf(ending) is not null)) continue;
                failures.Add($"batch {batches}: {probes[i]}\n  kernel   {ending}\n  emulator " +
                    string.Join(", or ", allowed.Select(rules => rules[i % flows.Count])));
            }

            batches++;
        }
    }

    private static Probe Numbered(Probe flow, int number) =>
        flow with { Tuple = flow.Tuple with { SourcePort = new Port((ushort)(10_000 + number)) } };

    private static string TakeOver(Family family) => Assert.Single(NftablesBackend.Instance.PrintTakeOver(
        NftablesBackend.Instance.Lower(ServiceGraphBuilder.Build(_cluster, _node, family).Graph).Artifact)).Text;

    private static InputFile Input(string name) => new(name, File.ReadAllBytes(Checkout.PathOf(Folder, name)));
}
