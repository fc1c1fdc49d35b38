using System.Numerics;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// kube-proxy 1.36's own rules for a real cluster, traced for every frontend and every class of source, and held to the
/// judge, which was written from the behaviour tables and knows no rules.
/// </summary>
public sealed class KubeProxyDumpTests
{
    private const string Scenario = "golden/kubernetes-1.36/";

    private static readonly ClusterState Cluster = ClusterReader.Read([Input("cluster.yaml"), Input("nodes.yaml")]).Cluster;

    private static readonly NodeFacts Node = NodeFacts.Create(
        Cluster.Nodes.Single(node => node.Name == "node-0"),
        new ProxyConfig { ClusterCidrs = [Prefix.Parse("10.64.0.0/16"), Prefix.Parse("fd00:10:64::/48")] },
        new KernelFacts());

    [Theory]
    [InlineData(Family.Ipv4, "iptables-save.txt", 4000, 3)]
    [InlineData(Family.Ipv6, "ip6tables-save.txt", 500, 0)]
    public void Every_frontend_behaves_as_the_judge_says(Family family, string dump, int flowsMin, int knownCount)
    {
        var parsed = IptablesBackend.Instance.Parse([new ArtifactFile(dump, File.ReadAllText(Checkout.PathOf(Scenario + dump)))], family);
        Assert.False(parsed.HasErrors);
        var emulator = new NetfilterMachine(
            IptablesTranslator.Translate(parsed.Artifact), HostNetworks.For(Node, family), new ManualClock(), new SeededRandom(1));
        DumpAgainstJudge.Hold(
            emulator, Cluster, Node, Flows(family), IsEven, IsKnown, knownCount, flowsMin, translatedShare: 4);
    }

    [Fact]
    public void A_trace_names_the_rules_and_their_service()
    {
        var dump = new ArtifactFile("iptables-save.txt", File.ReadAllText(Checkout.PathOf(Scenario + "iptables-save.txt")));
        var program = IptablesTranslator.Translate(IptablesBackend.Instance.Parse([dump], Family.Ipv4).Artifact);
        var emulator = new NetfilterMachine(
            program, HostNetworks.For(Node, Family.Ipv4), new ManualClock(), new SeededRandom(1));
        var service = Cluster.Services.First(each => each.Name.Name == "catalog-2");
        var port = service.Ports[0];
        var tuple = new FlowTuple(
            Ip.Parse("10.64.0.77"), new Port(40000), port.Protocol, service.ClusterIps[0], port.Port);
        var passage = emulator.Send(Packet.First(tuple, "cni0"));
        Assert.IsType<Outcome.Translated>(passage.Outcome);
        Assert.Equal(["KUBE-SERVICES", "KUBE-SVC", "KUBE-SEP"],
            passage.Steps.Where(step => step.Service == "kube-system/catalog-2:http")
                .Select(step => string.Join('-', step.Chain.Split('-').Take(2))));
        Assert.All(passage.Steps, step => Assert.StartsWith($"-A {step.Chain} ", step.RuleText, StringComparison.Ordinal));
    }

    private static InputFile Input(string name) => new(name, File.ReadAllBytes(Checkout.PathOf(Scenario + name)));

    /// <summary>Shares are those of ten-decimal probabilities: within two units of 2^-31 a draw (verification.md §3.5).</summary>
    private static bool IsEven(Seq<WeightedOutcome> found, Seq<Outcome> expected)
    {
        if (found.Count != expected.Count) return false;
        foreach (var each in found.AsEnumerable())
        {
            if (!expected.Contains(each.Outcome)) return false;
            var apart = BigInteger.Abs((each.Numerator * expected.Count) - each.Denominator) << 30;
            if (apart > each.Denominator * expected.Count) return false;
        }

        return true;
    }

    /// <summary>
    /// service-semantics §3.12: kube-proxy does not reject what a process of the node sends to an external IP or VIP
    /// without endpoints; the judge asks for it, as our rules do it.
    /// </summary>
    private static bool IsKnown(Flow flow, Seq<WeightedOutcome> found, Seq<Outcome> expected) =>
        flow.InputInterface is null && found is [{ Outcome: Outcome.Untouched }] && expected is [Outcome.Rejected] &&
        Cluster.Services.Any(service => service.ExternalIps.Concat(service.LoadBalancerIps).Contains(flow.Destination));

    private static IEnumerable<Flow> Flows(Family family) =>
        from destination in Destinations(Cluster, Node, family).Distinct()
        from source in Sources(Cluster, Node, family).Distinct()
        select new Flow(
            source.Address, new Port(40000), destination.Protocol, destination.At.Address, destination.At.Port, source.Input);

    internal static IEnumerable<(Endpoint At, Protocol Protocol)> Destinations(
        ClusterState cluster, NodeFacts node, Family family)
    {
        foreach (var service in cluster.Services.AsEnumerable())
        {
            var addresses = service.ClusterIps.Concat(service.ExternalIps).Concat(service.LoadBalancerIps)
                .Where(address => address.Family == family).ToArray();
            foreach (var port in service.Ports.AsEnumerable())
            {
                foreach (var address in addresses) yield return (new Endpoint(address, port.Port), port.Protocol);
                if (port.NodePort is { } nodePort)
                    yield return (new Endpoint(node.Primary(family)!.Value, nodePort), port.Protocol);
            }
        }
    }

    internal static IEnumerable<(Ip Address, string? Input)> Sources(
        ClusterState cluster, NodeFacts node, Family family)
    {
        var (pod, remote, allowed, stranger) = family == Family.Ipv4
            ? ("10.64.0.77", "10.64.1.77", "198.51.100.9", "203.0.113.7")
            : ("fd00:10:64:1::77", "fd00:10:64:2::77", "2001:db8:1::9", "2001:db8:ffff::7");
        yield return (Ip.Parse(pod), "cni0");
        yield return (Ip.Parse(remote), "eth0");
        yield return (Ip.Parse(allowed), "eth0");
        yield return (Ip.Parse(stranger), "eth0");
        yield return (node.Primary(family)!.Value, null);

        // Two endpoints, for the hairpin.
        foreach (var endpoint in cluster.EndpointSlices.SelectMany(slice => slice.Endpoints)
                     .Select(endpoint => endpoint.Address).Where(address => address.Family == family).Take(40))
        {
            yield return (endpoint, node.PodCidrs.Any(cidr => cidr.Contains(endpoint)) ? "cni0" : "eth0");
        }
    }
}
