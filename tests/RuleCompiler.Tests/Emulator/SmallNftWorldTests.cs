using System.Numerics;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// As <see cref="SmallWorldTests"/>, for nftables: every packet of random worlds over two-bit addresses.
/// </summary>
public sealed class SmallNftWorldTests
{
    private const int WorldsMin = 100;

    private static readonly Ip[] Addresses = Enumerable.Range(0, 4).Select(i => Ip.Parse($"10.0.0.{i}")).ToArray();
    private static readonly Ip Node = Addresses[3];

    private static readonly HostNetwork Network = new(
        [new HostInterface("eth0", [Node]), new HostInterface("cni0", [])],
        [new Route(Prefix.Parse("10.0.0.0/31"), "cni0"), new Route(Prefix.Parse("0.0.0.0/0"), "eth0")]);

    [Fact]
    public void The_emulator_and_a_naive_interpreter_agree_on_every_packet_of_every_world()
    {
        var outcomes = new HashSet<Type>();
        var split = 0;
        var worlds = Fuzz.Cases(WorldsMin);
        for (var seed = 0; seed < worlds; seed++)
        {
            var rules = new SmallNftWorlds(new Random(seed), Addresses).Next();
            var emulator = new RuleCompiler.Emulator.Emulator(
                NftablesTranslator.Translate(rules), Network, new ManualClock(), new SeededRandom(1));
            var naive = new NaiveNft(rules, ip => ip == Node, RouteTo, Node);
            foreach (var flow in Flows())
            {
                var expected = naive.Outcomes(flow);
                var tuple = new FlowTuple(
                    flow.Source, flow.SourcePort, flow.Protocol, flow.Destination, flow.DestinationPort);
                var found = emulator.Explore(Packet.First(tuple, flow.InputInterface), trace: false).Outcomes;
                foreach (var outcome in found.AsEnumerable()) outcomes.Add(outcome.Outcome.GetType());
                if (found.Count > 1) split++;
                if (!Agrees(expected, found))
                    Assert.Fail(
                        $"world {seed}, {flow}: naive {string.Join(", ", expected)}; emulator {found}\n{rules}");
            }
        }

        if (worlds < WorldsMin) return;
        Assert.Equal(4, outcomes.Count);
        Assert.True(split > 500, $"only {split} packets had a choice");
    }

    private static bool Agrees(Dictionary<Outcome, double> expected, Seq<WeightedOutcome> found) =>
        expected.Count == found.Count &&
        found.All(each => expected.TryGetValue(each.Outcome, out var weight) &&
            new BigInteger(weight * (1L << 40)) * each.Denominator == each.Numerator * (BigInteger.One << 40));

    private static IEnumerable<Flow> Flows() =>
        from to in Addresses
        from source in Addresses
        from port in new ushort[] { 1, 2 }
        from protocol in new[] { Protocol.Tcp, Protocol.Udp }
        select new Flow(source, new Port(5000), protocol, to, new Port(port), source == Node ? null : RouteTo(source));

    private static string RouteTo(Ip address) => address == Node ? "lo" : address.Bits % 4 < 2 ? "cni0" : "eth0";
}
