using System.Numerics;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

/// <summary>As <see cref="KubeProxyDumpTests"/>, for kube-proxy 1.36 in nftables mode.</summary>
public sealed class KubeProxyNftDumpTests
{
    private const string Scenario = "golden/kubernetes-1.36/";

    private static readonly ClusterState Cluster = ReadCluster();

    private static readonly NodeFacts Node = NodeFacts.Create(
        Cluster.Nodes.Single(node => node.Name == "node-0"),
        new ProxyConfig
        {
            Mode = ProxyMode.Nftables,
            ClusterCidrs = [Prefix.Parse("10.64.0.0/16"), Prefix.Parse("fd00:10:64::/48")],
        },
        new KernelFacts());

    [Theory]
    [InlineData(Family.Ipv4, "nft-ip.txt", 4000, 88)]
    [InlineData(Family.Ipv6, "nft-ip6.txt", 1000, 0)]
    public void Every_frontend_behaves_as_the_judge_says(Family family, string dump, int flowsMin, int knownCount)
    {
        var emulator = EmulatorOf(family, dump);
        DumpAgainstJudge.Hold(
            emulator, Cluster, Node, Flows(family), IsEven, IsKnown, knownCount, flowsMin, translatedShare: 5);
    }

    [Fact]
    public void A_trace_names_the_rules_and_their_service()
    {
        var emulator = EmulatorOf(Family.Ipv4, "nft-ip.txt");
        var service = Cluster.Services.First(each => each.Name.Name == "catalog-2");
        var port = service.Ports[0];
        var tuple = new FlowTuple(
            Ip.Parse("10.64.0.77"), new Port(40000), port.Protocol, service.ClusterIps[0], port.Port);
        var passage = emulator.Send(Packet.First(tuple, "cni0"));
        Assert.IsType<Outcome.Translated>(passage.Outcome);
        Assert.Equal(["services", "service"],
            passage.Steps.Where(step => step.Service == "kube-system/catalog-2:http")
                .Select(step => step.Chain.Split('-')[0]));
    }

    private static NetfilterMachine EmulatorOf(Family family, string dump)
    {
        var file = new ArtifactFile(dump, File.ReadAllText(Checkout.PathOf(Scenario + dump)));
        var parsed = NftablesBackend.Instance.Parse([file], family);
        Assert.False(parsed.HasErrors, parsed.ToString());
        return new NetfilterMachine(
            NftablesTranslator.Translate(parsed.Artifact), HostNetworks.For(Node, family), new ManualClock(),
            new SeededRandom(1));
    }

    /// <summary>The ServiceCIDRs that the dump was made with are in its rules only.</summary>
    private static ClusterState ReadCluster()
    {
        var cluster = ClusterReader.Read([Input("cluster.yaml"), Input("nodes.yaml")]).Cluster;
        var cidrs = new ServiceCidr(
            "kubernetes", [Prefix.Parse("10.96.0.0/12"), Prefix.Parse("fd00:10:96::/112")], Location.Whole(""));
        return cluster with { ServiceCidrs = [cidrs] };
    }

    private static InputFile Input(string name) => new(name, File.ReadAllBytes(Checkout.PathOf(Scenario + name)));

    /// <summary>Shares of n are within one word of 2^32 / n.</summary>
    private static bool IsEven(Seq<WeightedOutcome> found, Seq<Outcome> expected) =>
        found.Count == expected.Count && found.All(each => expected.Contains(each.Outcome) &&
            BigInteger.Abs((each.Numerator * expected.Count) - each.Denominator) << 32
                <= each.Denominator * expected.Count);

    /// <summary>
    /// kube-proxy asks for source ranges before it asks for endpoints (firewall-check, §5.3): an address that nobody
    /// serves drops who is not allowed. The judge, as our rules, rejects everybody.
    /// </summary>
    private static bool IsKnown(Flow flow, Seq<WeightedOutcome> found, Seq<Outcome> expected) =>
        found is [{ Outcome: Outcome.Dropped }] && expected is [Outcome.Rejected] &&
        Cluster.Services.Any(service => !service.LoadBalancerSourceRanges.IsEmpty &&
            service.LoadBalancerIps.Contains(flow.Destination));

    /// <summary>Every frontend; ClusterIPs at a port that nobody serves; an address that is nobody's ClusterIP.</summary>
    private static IEnumerable<Flow> Flows(Family family)
    {
        var clusterIps = Cluster.Services.SelectMany(service => service.ClusterIps)
            .Where(ip => ip.Family == family).ToArray();
        var last = Ip.Parse(family == Family.Ipv4 ? "10.111.255.254" : "fd00:10:96::fffe");
        var unserved = clusterIps.Take(5).Append(last).Append(Node.Primary(family)!.Value)
            .Select(ip => (At: new Endpoint(ip, new Port(9)), Protocol: Protocol.Udp));
        return from destination in KubeProxyDumpTests.Destinations(Cluster, Node, family).Concat(unserved).Distinct()
               from source in KubeProxyDumpTests.Sources(Cluster, Node, family).Distinct()
               select new Flow(
                   source.Address, new Port(40000), destination.Protocol, destination.At.Address, destination.At.Port,
                   source.Input);
    }
}
