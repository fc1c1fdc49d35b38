using System.Numerics;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Properties;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// Small scopes, exhaustively (verification.md §3.12): four addresses, two ports, and every packet between them, by the
/// emulator and by an interpreter that is too simple to be wrong.
/// </summary>
/// <param name="Naive">What may become of a flow's first packet, with its probability.</param>
/// <param name="Text">The rules, for a failure.</param>
internal sealed record SmallWorld(PacketProgram Program, Func<Flow, Dictionary<Outcome, double>> Naive, Func<string> Text)
{
    public static readonly Ip[] Addresses = Enumerable.Range(0, 4).Select(i => Ip.Parse($"10.0.0.{i}")).ToArray();

    public static readonly HostNetwork Network = new(
        [new HostInterface("eth0", [Node]), new HostInterface("cni0", [])],
        [new Route(Prefix.Parse("10.0.0.0/31"), "cni0"), new Route(Prefix.Parse("0.0.0.0/0"), "eth0")]);

    public static Ip Node => Addresses[3];

    /// <summary>How many kinds of outcomes there were, and how many packets had a choice.</summary>
    public static (int Outcomes, int Split) Check(int worlds, Func<int, SmallWorld> make)
    {
        var outcomes = new HashSet<Type>();
        var split = 0;
        for (var seed = 0; seed < worlds; seed++)
        {
            var world = make(seed);
            var emulator = Start(world.Program, 1);
            foreach (var flow in Flows())
            {
                var expected = world.Naive(flow);
                var found = emulator.Explore(Pipeline.First(flow), trace: false).Outcomes;
                foreach (var outcome in found.AsEnumerable()) outcomes.Add(outcome.Outcome.GetType());
                if (found.Count > 1) split++;
                if (Agrees(expected, found)) continue;
                Assert.Fail($"world {seed}, {flow}: naive {string.Join(", ", expected)}; emulator {found}\n{world.Text()}");
            }
        }

        return (outcomes.Count, split);
    }

    public static NetfilterMachine Start(PacketProgram rules, ulong seed) =>
        new(rules, Network, new ManualClock(), new SeededRandom(seed));

    public static IEnumerable<Flow> Flows() =>
        from to in Addresses
        from source in Addresses
        from port in new ushort[] { 1, 2 }
        from protocol in new[] { Protocol.Tcp, Protocol.Udp }
        select new Flow(source, new Port(5000), protocol, to, new Port(port), source == Node ? null : RouteTo(source));

    public static string RouteTo(Ip address) => address == Node ? "lo" : address.Bits % 4 < 2 ? "cni0" : "eth0";

    private static bool Agrees(Dictionary<Outcome, double> expected, Seq<WeightedOutcome> found) =>
        expected.Count == found.Count &&
        found.All(each => expected.TryGetValue(each.Outcome, out var weight) &&
            new BigInteger(weight * (1L << 40)) * each.Denominator == each.Numerator * (BigInteger.One << 40));
}
