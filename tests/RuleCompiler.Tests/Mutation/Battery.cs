using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;
using RuleCompiler.Tests.Properties;
using Rules = RuleCompiler.Emulator.Program;

namespace RuleCompiler.Tests.Mutation;

/// <summary>
/// The properties over one scenario, as a test of any ruleset that claims to be its compilation; and everything that
/// packets can see of a ruleset, for telling whether an edit that no property caught changed anything.
/// </summary>
internal sealed class Battery
{
    private readonly Scenario _scenario;
    private readonly Flow[] _flows;
    private readonly Expectation[] _expected;
    private readonly Surroundings _surroundings;
    private readonly HostNetwork _host;
    private readonly string[] _seen;

    public Battery(Scenario scenario, Family family)
    {
        _scenario = scenario;
        _flows = [.. FlowGen.Covering(scenario, family)];
        _expected = Array.ConvertAll(_flows, flow => Meaning.Of(scenario.Cluster, scenario.Node, flow));
        _surroundings = new Surroundings(scenario, family);
        _host = HostNetworks.For(scenario.Node, family);
        Original = Pipeline.Reread(Pipeline.Lower(scenario.Cluster, scenario.Node, family));
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

    /// <summary>A client comes back in time and stays, and comes back too late and chooses anew.</summary>
    private bool Affinity(Rules program)
    {
        for (var i = 0; i < _flows.Length; i++)
        {
            if (_expected[i].Outcomes.Count < 2 || TimeoutFor(_flows[i]) is not { } timeout) continue;
            var clock = new ManualClock();
            var node = Load(program, clock);
            for (ushort visit = 0; visit < 3; visit++)
            {
                var chosen = node.Send(Visit(_flows[i], visit), trace: false).Outcome;
                clock.Advance(TimeSpan.FromSeconds(timeout));
                var again = node.Explore(Visit(_flows[i], 9), trace: false).Outcomes;
                if (again.Count != 1 || again[0].Outcome != chosen) return true;
            }

            clock.Advance(TimeSpan.FromSeconds(timeout + 1));
            if (!Pipeline.IsAllowed(_expected[i], node, _flows[i] with { SourcePort = new Port(7) })) return true;
        }

        return false;
    }

    private Emulator.Emulator Load(Rules program, TimeProvider? clock = null) =>
        new(program, _host, clock ?? new ManualClock(), new SeededRandom(1));

    private static Packet Visit(Flow flow, ushort visit) =>
        Pipeline.First(flow with { SourcePort = new Port((ushort)(50000 + visit)) });

    private int? TimeoutFor(Flow flow) => _scenario.Cluster.Services
        .Where(service => service.Ports.Any(port => port.NodePort == flow.DestinationPort)
            || service.ClusterIps.Concat(service.ExternalIps).Concat(service.LoadBalancerIps).Contains(flow.Destination))
        .Select(service => service.AffinityTimeoutSeconds).Distinct().ToArray() is [var only] ? only : null;

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
                var answer = new Packet(reply, output, TcpFlags.Syn | TcpFlags.Ack);
                yield return TellOne(flow, "answer", living.Send(answer, trace: false));
            }

            yield return TellOne(flow, "later", living.Send(first with { Tcp = TcpFlags.Ack }, trace: false));
            yield return Tell(flow, "again", living.Explore(Visit(flow, 1), trace: false));
        }

        static string TellOne(Flow flow, string when, Passage one) => $"{flow} {when}: {End(one)}";

        static string Tell(Flow flow, string when, Distribution found) => $"{flow} {when}: " + string.Join("; ", found.Outcomes
            .Select(one => $"{one.Numerator}/{one.Denominator} {End(one.Example)}").Order(StringComparer.Ordinal));

        // Nobody sees the mark of a packet that ended.
        static string End(Passage one) =>
            one.Fate is Fate.Sent or Fate.Delivered ? $"{one.Outcome} {one.Fate} {one.Sent.Mark:x}" : $"{one.Outcome} {one.Fate}";
    }
}
