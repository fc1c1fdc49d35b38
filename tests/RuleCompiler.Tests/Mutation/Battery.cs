using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using RuleCompiler.Tests.Properties;

namespace RuleCompiler.Tests.Mutation;

/// <summary>
/// The properties over one scenario, as a test of any ruleset that claims to be its compilation; and everything that
/// packets can see of a ruleset, for telling whether an edit that no property caught changed anything.
/// </summary>
internal sealed class Battery
{
    /// <summary>Sticky Services of the scenarios have two endpoints, and each is chosen as often.</summary>
    private const int SeedsToMeetEveryEndpoint = 6;

    private readonly Scenario _scenario;
    private readonly Flow[] _flows;
    private readonly Expectation[] _expected;
    private readonly Surroundings _surroundings;
    private readonly HostNetwork _host;
    private readonly (Flow Flow, Expectation Expected, int TimeoutSeconds)[] _sticky;
    private readonly string[] _seen;

    public Battery(Scenario scenario, Family family)
    {
        _scenario = scenario;
        _flows = [.. FlowGen.Covering(scenario, family)];
        _expected = Array.ConvertAll(_flows, flow => Meaning.Of(scenario.Cluster, scenario.Node, flow));
        _surroundings = new Surroundings(scenario, family);
        _host = HostNetworks.For(scenario.Node, family);
        Original = Pipeline.Reread(Pipeline.Lower(scenario.Cluster, scenario.Node, family));
        _sticky = Sticky();
        _seen = [.. Observations(Original)];
    }

    public IptablesRuleset Original { get; }

    /// <summary>The property that the ruleset breaks ("the kernel" where it would not even load), or null.</summary>
    public string? Catches(IptablesRuleset ruleset)
    {
        if (IptablesTranslator.TryTranslate(ruleset).Program is not { } program) return "the kernel";
        var node = Load(program);
        for (var i = 0; i < _flows.Length; i++)
        {
            if (!Pipeline.IsAllowed(_expected[i], node, _flows[i])) return "meaning";
        }

        if (Affinity(program)) return "affinity";
        return _surroundings.Wrong(ruleset) is null ? null : "surroundings";
    }

    /// <summary>
    /// A client comes back in time and stays, and comes back too late and chooses anew; with every endpoint that it
    /// may have chosen.
    /// </summary>
    private bool Affinity(PacketProgram program) => _sticky.Any(sticky =>
        Enumerable.Range(1, SeedsToMeetEveryEndpoint).Any(seed => Forgets(program, sticky, (ulong)seed)));

    private bool Forgets(PacketProgram program, (Flow, Expectation, int) sticky, ulong seed)
    {
        var (flow, expected, timeoutSeconds) = sticky;
        var clock = new ManualClock();
        var node = Load(program, clock, seed);
        for (ushort visit = 0; visit < 3; visit++)
        {
            var chosen = node.Send(Visit(flow, visit), trace: false).Outcome;
            clock.Advance(TimeSpan.FromSeconds(timeoutSeconds));
            var again = node.Explore(Visit(flow, 9), trace: false).Outcomes;
            if (again.Count != 1 || again[0].Outcome != chosen) return true;
        }

        // The last visit is as old as the timeout; a second more, and it is too old.
        clock.Advance(TimeSpan.FromSeconds(1));
        return !Pipeline.IsAllowed(expected, node, flow with { SourcePort = new Port(7) });
    }

    /// <summary>Flows with a choice to remember: of each frontend, a source for each part of a split memory.</summary>
    private (Flow Flow, Expectation Expected, int TimeoutSeconds)[] Sticky() => (
        from pair in _flows.Zip(_expected)
        where pair.Second.Outcomes.Count > 1
        let timeout = AffinityProperties.TimeoutFor(_scenario.Cluster, pair.First)
        where timeout is not null
        select (pair.First, pair.Second, timeout.Value)).DistinctBy(one =>
            (one.First.Destination, one.First.DestinationPort, one.First.Source.Bits % 16)).ToArray();

    private NetfilterMachine Load(PacketProgram program, TimeProvider? clock = null, ulong seed = 1) =>
        new(program, _host, clock ?? new ManualClock(), new SeededRandom(seed));

    private static Packet Visit(Flow flow, ushort visit) =>
        Pipeline.First(flow with { SourcePort = new Port((ushort)(50000 + visit)) });

    /// <summary>What a packet can tell the ruleset from the original by, or null.</summary>
    public string? DiffersBy(IptablesRuleset ruleset)
    {
        var at = 0;
        foreach (var line in Observations(ruleset))
        {
            if (at >= _seen.Length || line != _seen[at]) return $"{line}, not {(at < _seen.Length ? _seen[at] : "nothing")}";
            at++;
        }

        return at == _seen.Length ? null : $"nothing, not {_seen[at]}";
    }

    /// <summary>
    /// Every flow of the covering set, with no mark and with everybody else's: outcome, exact mass, end and final mark
    /// of each branch, under open and under closed policies; for TCP also as an invalid packet, and the flow's answer,
    /// its later packets, and what a client meets that has been here before.
    /// </summary>
    private IEnumerable<string> Observations(IptablesRuleset ruleset)
    {
        var closedProgram = IptablesTranslator.Translate(Surroundings.Closed(ruleset));
        var node = Load(IptablesTranslator.Translate(ruleset));
        var closed = Load(closedProgram);
        var bit = 1u << _scenario.Node.Config.Iptables.MasqueradeBit;
        foreach (var flow in _flows)
        {
            var first = Pipeline.First(flow);
            foreach (var mark in (uint[])[0, ~bit])
            {
                yield return Tell(flow, $"open {mark:x}", node.Explore(first with { Mark = mark }, trace: false));
                yield return Tell(flow, $"closed {mark:x}", closed.Explore(first with { Mark = mark }, trace: false));
            }

            if (flow.Protocol != Protocol.Tcp) continue;
            yield return Tell(flow, "invalid", node.Explore(first with { Tcp = TcpFlags.Syn | TcpFlags.Ack }, trace: false));
            var living = Load(closedProgram);
            var sent = living.Send(first, trace: false);
            yield return TellOne(flow, "sent", sent);
            if (sent is { Fate: Fate.Sent(var output), Reply: { } reply })
            {
                var error = Surroundings.ErrorAbout(sent.Sent.Tuple, output);
                yield return TellOne(flow, "error", living.Send(error, trace: false));
                var answer = new Packet(reply, output, TcpFlags.Syn | TcpFlags.Ack);
                yield return TellOne(flow, "answer", living.Send(answer, trace: false));
            }

            yield return TellOne(flow, "later", living.Send(first with { Tcp = TcpFlags.Ack }, trace: false));
            yield return Tell(flow, "again", living.Explore(Visit(flow, 1), trace: false));
        }

        foreach (var (flow, _, timeoutSeconds) in _sticky)
        {
            for (var seed = 1; seed <= SeedsToMeetEveryEndpoint; seed++)
            {
                var clock = new ManualClock();
                var remembering = Load(closedProgram, clock, (ulong)seed);
                yield return TellOne(flow, "first", remembering.Send(Visit(flow, 0), trace: false));
                clock.Advance(TimeSpan.FromSeconds(timeoutSeconds));
                yield return Tell(flow, "in time", remembering.Explore(Visit(flow, 1), trace: false));
                clock.Advance(TimeSpan.FromSeconds(1));
                yield return Tell(flow, "too late", remembering.Explore(Visit(flow, 1), trace: false));
            }
        }

        static string TellOne(Flow flow, string when, Passage one) => $"{flow} {when}: {End(one)}";

        static string Tell(Flow flow, string when, Distribution found) => $"{flow} {when}: " + string.Join("; ", found.Outcomes
            .Select(one => $"{one.Numerator}/{one.Denominator} {End(one.Example)}").Order(StringComparer.Ordinal));

        // Nobody sees the mark of a packet that ended.
        static string End(Passage one) =>
            one.Fate is Fate.Sent or Fate.Delivered ? $"{one.Outcome} {one.Fate} {one.Sent.Mark:x}" : $"{one.Outcome} {one.Fate}";
    }
}
