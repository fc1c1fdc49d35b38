using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using RuleCompiler.Tests.Properties;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

/// <summary>Random iptables rulesets over a <see cref="SmallWorld"/>, by the emulator and by <see cref="NaiveNetfilter"/>.</summary>
public sealed class SmallWorldTests
{
    /// <summary>Enough for every outcome and a thousand choices; RULEC_FUZZ_CASES asks for more.</summary>
    private const int WorldsMin = 400;

    [Fact]
    public void The_emulator_and_a_naive_interpreter_agree_on_every_packet_of_every_world()
    {
        var worlds = Fuzz.Cases(WorldsMin);
        var (outcomes, split) = SmallWorld.Check(worlds, seed =>
        {
            var rules = new SmallWorlds(new Random(seed), SmallWorld.Addresses).Next();
            var naive = new NaiveNetfilter(rules, ip => ip == SmallWorld.Node, SmallWorld.RouteTo, SmallWorld.Node);
            return new SmallWorld(
                IptablesTranslator.Translate(rules), naive.Outcomes,
                () => string.Join('\n', IptablesBackend.Instance.Print(rules).Select(file => file.Text)));
        });
        if (worlds < WorldsMin) return;
        Assert.Equal(4, outcomes);
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
            var rules = new SmallWorlds(new Random(seed), SmallWorld.Addresses).Next();
            var emulator = SmallWorld.Start(IptablesTranslator.Translate(rules), (ulong)seed);
            foreach (var flow in SmallWorld.Flows())
            {
                var first = Pipeline.First(flow);
                var passage = emulator.Send(first, trace: false);
                if (passage.Fate is not (Fate.Sent or Fate.Delivered)) continue;
                var reply = passage.Reply!.Value;
                var from = reply.Source == SmallWorld.Node ? null : SmallWorld.RouteTo(reply.Source);
                TcpFlags? flags = reply.Protocol == Protocol.Tcp ? TcpFlags.Syn | TcpFlags.Ack : null;
                var answer = emulator.Send(new Packet(reply, from, flags), trace: false);
                if (answer.Fate is not (Fate.Sent or Fate.Delivered)) continue;
                answered++;
                Assert.True(answer.Sent.Tuple == first.Tuple.Reversed, $"world {seed}, {flow}: {passage}, then {answer}");
            }
        }

        Assert.True(answered > 1000 || worlds < WorldsMin, $"only {answered} answers");
    }
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
