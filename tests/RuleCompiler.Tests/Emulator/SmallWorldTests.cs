using System.Numerics;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// Small scopes, exhaustively (verification.md §3.12): random rulesets over two-bit addresses and ports, and every
/// packet of that world, by the emulator and by <see cref="NaiveNetfilter"/>.
/// </summary>
public sealed class SmallWorldTests
{
    /// <summary>Enough for every outcome and a thousand choices; RULEC_FUZZ_CASES asks for more.</summary>
    private const int WorldsMin = 400;

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
            var rules = new SmallWorlds(new Random(seed), Addresses).Next();
            var emulator = new RuleCompiler.Emulator.Emulator(
                IptablesTranslator.Translate(rules), Network, new ManualClock(), new SeededRandom(1));
            var naive = new NaiveNetfilter(rules, ip => ip == Node, RouteTo, Node);
            foreach (var flow in Flows())
            {
                var expected = naive.Outcomes(flow);
                var found = emulator.Explore(Packet.First(TupleOf(flow), flow.InputInterface), trace: false).Outcomes;
                foreach (var outcome in found.AsEnumerable()) outcomes.Add(outcome.Outcome.GetType());
                if (found.Count > 1) split++;
                if (Agrees(expected, found)) continue;
                var text = string.Join('\n', Iptables.Print(rules).Select(file => file.Text));
                Assert.Fail($"world {seed}, {flow}: naive {string.Join(", ", expected)}; emulator {found}\n{text}");
            }
        }

        if (worlds < WorldsMin) return;
        Assert.Equal(4, outcomes.Count);
        Assert.True(split > 1000, $"only {split} packets had a choice");
    }

    /// <summary>Whatever a world does to a flow, an answer that comes through undoes it (verification.md §3.8).</summary>
    [Fact]
    public void Answers_come_back_as_from_where_the_flow_went()
    {
        var answered = 0;
        var worlds = Fuzz.Cases(WorldsMin);
        for (var seed = 0; seed < worlds; seed++)
        {
            var rules = new SmallWorlds(new Random(seed), Addresses).Next();
            var emulator = new RuleCompiler.Emulator.Emulator(
                IptablesTranslator.Translate(rules), Network, new ManualClock(), new SeededRandom((ulong)seed));
            foreach (var flow in Flows())
            {
                var tuple = TupleOf(flow);
                var passage = emulator.Send(Packet.First(tuple, flow.InputInterface), trace: false);
                if (passage.Fate is not (Fate.Sent or Fate.Delivered)) continue;
                var reply = passage.Reply!.Value;
                var from = reply.Source == Node ? null : RouteTo(reply.Source);
                TcpFlags? flags = reply.Protocol == Protocol.Tcp ? TcpFlags.Syn | TcpFlags.Ack : null;
                var answer = emulator.Send(new Packet(reply, from, flags), trace: false);
                if (answer.Fate is not (Fate.Sent or Fate.Delivered)) continue;
                answered++;
                Assert.True(answer.Sent.Tuple == tuple.Reversed, $"world {seed}, {tuple}: {passage}, then {answer}");
            }
        }

        Assert.True(answered > 1000 || worlds < WorldsMin, $"only {answered} answers");
    }

    private static bool Agrees(Dictionary<Outcome, double> expected, Seq<WeightedOutcome> found) =>
        expected.Count == found.Count &&
        found.All(each => expected.TryGetValue(each.Outcome, out var weight) &&
            new BigInteger(weight * (1L << 40)) * each.Denominator == each.Numerator * (BigInteger.One << 40));

    private static IEnumerable<Flow> Flows()
    {
        foreach (var to in Addresses)
        {
            foreach (var from in Addresses)
            {
                var input = from == Node ? null : RouteTo(from);
                foreach (var port in new ushort[] { 1, 2 })
                {
                    foreach (var protocol in new[] { Protocol.Tcp, Protocol.Udp })
                        yield return new Flow(from, new Port(5000), protocol, to, new Port(port), input);
                }
            }
        }
    }

    private static string RouteTo(Ip address) => address == Node ? "lo" : address.Bits % 4 < 2 ? "cni0" : "eth0";

    private static FlowTuple TupleOf(Flow flow) =>
        new(flow.Source, flow.SourcePort, flow.Protocol, flow.Destination, flow.DestinationPort);
}

/// <summary>Makes rulesets of a few rules: chains nest up to three deep, choices are quarters.</summary>
internal sealed class SmallWorlds(Random random, Ip[] addresses)
{
    public IptablesRuleset Next() => new(Family.Ipv4,
    [
        new Table(TableName.Nat,
        [
            Base("PREROUTING", NatDestination), Base("OUTPUT", NatDestination), Base("POSTROUTING", NatSource),
            User("A", NatDestination, "B", "C"), User("B", NatDestination, "C"), User("C", NatDestination),
            User("S", NatSource),
        ]),
        new Table(TableName.Filter,
        [
            Base("INPUT", Verdict), Base("FORWARD", Verdict), Base("OUTPUT", Verdict),
            User("A", Verdict, "B", "C"), User("B", Verdict, "C"), User("C", Verdict),
        ]),
    ]);

    private Chain Base(string name, Func<Target> leaf)
    {
        var filters = leaf == Verdict;
        string[] chains = leaf == NatSource ? ["S"] : ["A", "B", "C"];
        Policy? policy = filters ? (random.Next(4) == 0 ? Policy.Drop : Policy.Accept) : null;
        return new Chain(name, policy, MakeRules(leaf, chains));
    }

    private Chain User(string name, Func<Target> leaf, params string[] chains) => new(name, null, MakeRules(leaf, chains));

    private Seq<Rule> MakeRules(Func<Target> leaf, string[] chains) => Enumerable.Range(0, random.Next(4))
        .Select(_ => new Rule(MakeMatches(), MakeTarget(leaf, chains))).ToSeq();

    private Target? MakeTarget(Func<Target> leaf, string[] chains) => random.Next(8) switch
    {
        0 => null,
        1 => new Target.Return(),
        2 or 3 or 4 when chains.Length > 0 => random.Next(3) == 0
            ? new Target.Goto(chains[random.Next(chains.Length)])
            : new Target.Jump(chains[random.Next(chains.Length)]),
        5 when leaf != NatSource => new Target.SetMark((uint)random.Next(4), (uint)random.Next(4)),
        _ => leaf(),
    };

    private Target NatDestination() => random.Next(4) == 0
        ? new Target.Accept()
        : new Target.Dnat(new Endpoint(addresses[random.Next(addresses.Length)], new Port((ushort)random.Next(1, 3))));

    private Target NatSource() => random.Next(3) == 0 ? new Target.Accept() : new Target.Masquerade(random.Next(2) == 0);

    private Target Verdict() => random.Next(4) switch
    {
        0 => new Target.Drop(),
        1 => new Target.Reject(RejectKind.PortUnreachable),
        _ => new Target.Accept(),
    };

    private Seq<Match> MakeMatches() => Enumerable.Range(0, random.Next(3)).Select(_ => MakeMatch()).ToSeq();

    private Match MakeMatch()
    {
        var inverted = random.Next(4) == 0;
        var mask = Ip.V4(uint.MaxValue << random.Next(3));
        var address = Ip.V4((uint)addresses[random.Next(addresses.Length)].Bits & (uint)mask.Bits);
        var port = new Port((ushort)random.Next(1, 3));
        return random.Next(10) switch
        {
            0 => new Match.Source(address, mask, inverted),
            1 => new Match.Destination(address, mask, inverted),
            2 => new Match.OfProtocol(random.Next(2) == 0 ? Protocol.Tcp : Protocol.Udp, inverted),
            3 => new Match.DestinationPort(port, new Port((ushort)random.Next(port.Value, 3)), inverted),
            4 => new Match.ConntrackState(random.Next(2) == 0 ? ConntrackStates.New : ConntrackStates.Established, inverted),
            5 => new Match.Mark((uint)random.Next(4), 3, inverted),
            6 => random.Next(2) == 0 ? new Match.SourceIsLocal(inverted) : new Match.DestinationIsLocal(inverted),
            7 => new Match.InInterface(random.Next(2) == 0 ? "cni0" : "eth0", inverted),
            _ => new Match.Statistic((uint)random.Next(5) << 29, inverted),
        };
    }
}
