using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Tests.Gen;

namespace RuleCompiler.Tests.Properties;

/// <summary>The duties of Service rules that are no outcome of a first packet.</summary>
internal sealed partial class Surroundings
{
    private readonly Scenario _scenario;
    private readonly Family _family;
    private readonly Flow[] _flows;
    private readonly Expectation[] _expected;
    private readonly HostNetwork _host;
    private readonly PacketProgram _empty;
    private readonly uint _bit;

    public Surroundings(Scenario scenario, Family family)
    {
        (_scenario, _family) = (scenario, family);
        _flows = [.. FlowGen.Covering(scenario, family)];
        _expected = Array.ConvertAll(_flows, flow => Meaning.Of(scenario.Cluster, scenario.Node, flow));
        _host = HostNetworks.For(scenario.Node, family);
        _empty = IptablesTranslator.Translate(new IptablesRuleset(family, []));
        _bit = 1u << scenario.Node.Config.Iptables.MasqueradeBit;
    }

    /// <summary>Null, or the first duty that the rules neglect.</summary>
    public string? Wrong(IptablesRuleset ruleset)
    {
        var open = IptablesTranslator.Translate(ruleset);
        var closed = IptablesTranslator.Translate(Closed(ruleset));
        return Marks(open) ?? Neighbours(ruleset) ?? Policies(closed) ?? Answers(open, closed) ?? Living(open)
            ?? Invalid(open);
    }

    /// <summary>The rules under policies that let nothing in or through by themselves.</summary>
    public static IptablesRuleset Closed(IptablesRuleset ruleset) => ruleset with
    {
        Tables = [.. ruleset.Tables.Select(table => table.Name != TableName.Filter ? table : table with
        {
            Chains = [.. table.Chains.Select(one => one.Name is "FORWARD" or "INPUT" ? one with { Policy = Policy.Drop } : one)],
        })],
    };

    /// <summary>
    /// Our bit is off when a packet leaves, or a tunnel would masquerade it once more (k/k#92035); other bits are as
    /// they were (k/k#19983) and change nothing. Whoever sets our bit gets a packet masqueraded.
    /// </summary>
    private string? Marks(PacketProgram rules)
    {
        var node = Load(rules);
        foreach (var flow in _flows)
        {
            var plain = node.Explore(Pipeline.First(flow), trace: false).Outcomes;
            var marked = node.Explore(Pipeline.First(flow) with { Mark = ~_bit }, trace: false).Outcomes;
            if (plain.Count != marked.Count) return $"{flow}\na foreign mark changes the outcome";
            for (var i = 0; i < plain.Count; i++)
            {
                if (plain[i].Outcome != marked[i].Outcome) return $"{flow}\na foreign mark changes the outcome";
                if (plain[i].Example is { Fate: Fate.Sent } sent && sent.Sent.Mark != 0)
                    return $"{flow}\nleaves with mark {sent.Sent.Mark:x}";
                if (marked[i].Example is { Fate: Fate.Sent } other && other.Sent.Mark != ~_bit)
                    return $"{flow}\nentered with mark {~_bit:x} and leaves with {other.Sent.Mark:x}";
            }
        }

        var ours = node.Send(Stray(Protocol.Udp) with { Mark = uint.MaxValue }, trace: false);
        return ours is { Fate: Fate.Sent, Outcome: Outcome.Translated { SourceNat: true } } && ours.Sent.Mark == ~_bit
            ? null
            : $"a packet with our mark ends as {ours.Fate}, {ours.Outcome}, mark {ours.Sent.Mark:x}";
    }

    /// <summary>
    /// Where the policies say DROP (Docker sets it for FORWARD), the rules let through what they masquerade by mark, and
    /// in what is for a health check; the rest is the administrator's business (§4.5 KUBE-FORWARD, KUBE-NODEPORTS).
    /// </summary>
    private string? Policies(PacketProgram closed)
    {
        var node = Load(closed);
        for (var i = 0; i < _flows.Length; i++)
        {
            var flow = _flows[i];
            var translated = _expected[i].Outcomes.OfType<Outcome.Translated>();
            if (flow.InputInterface is null) continue;
            var masqueraded = translated.Where(one => one.SourceNat).ToHashSet<Outcome>();
            var health = IsHealthCheck(i);
            var passed = node.Explore(Pipeline.First(flow), trace: false).Outcomes
                .Where(one => one.Example.Fate is Fate.Sent or Fate.Delivered).Select(one => one.Outcome).ToHashSet();
            if (!health && !passed.SetEquals(masqueraded))
                return $"{flow}\nmeets {_expected[i]}, and under policies of DROP {string.Join(" | ", passed)}";
            if (health && node.Send(Pipeline.First(flow), trace: false).Fate is not Fate.Delivered)
                return $"{flow}\nis a health check, and is not delivered";
        }

        var marked = node.Explore(Stray(Protocol.Udp) with { Mark = _bit }, trace: false).Outcomes[0].Example.Fate;
        if (marked is not Fate.Sent) return $"a packet with our mark ends as {marked}";
        var stray = node.Send(Stray(Protocol.Udp), trace: false).Fate;
        return stray is Fate.Dropped ? null : $"a packet of nobody's passes a FORWARD policy of DROP: {stray}";
    }

    /// <summary>For the node's own server: on its addresses, at a port that no frontend has (RC3002).</summary>
    private bool IsHealthCheck(int index) => _expected[index].Outcomes[0] is Outcome.Untouched
        && _flows[index].Protocol == Protocol.Tcp && _scenario.Node.IsLocal(_flows[index].Destination)
        && _scenario.Cluster.Services.Any(service => service.HealthCheckNodePort == _flows[index].DestinationPort
            && service.ClusterIps.Any(ip => ip.Family == _family));

    /// <summary>
    /// The answer of every flow arrives with the addresses that the client used, an ICMP error names them, and what
    /// follows goes where the first packet went; all that also under a FORWARD policy of DROP.
    /// </summary>
    private string? Answers(PacketProgram open, PacketProgram closed)
    {
        for (var i = 0; i < _flows.Length; i++)
        {
            var first = Pipeline.First(_flows[i]);
            if (first.Tcp is null || _expected[i].Outcomes[0] is Outcome.Dropped or Outcome.Rejected) continue;
            var node = Load(open);
            var sent = node.Send(first, trace: false);
            if (sent is not { Fate: Fate.Sent(var output), Reply: { } reply } || output == "lo") continue;
            node.Load(WithInput(closed, first));
            var error = node.Send(ErrorAbout(sent.Sent.Tuple, output), trace: false);
            if (error.Fate is not (Fate.Sent or Fate.Delivered) || error.Sent.Error != first.Tuple)
                return $"{_flows[i]}\nan error about {sent.Sent.Tuple} ends as {error.Fate}, about {error.Sent.Error}";
            var answer = node.Send(new Packet(reply, output, TcpFlags.Syn | TcpFlags.Ack), trace: false);
            if (answer.Fate is not (Fate.Sent or Fate.Delivered) || answer.Sent.Tuple != first.Tuple.Reversed)
                return $"{_flows[i]}\nanswer {reply} ends as {answer.Fate}, {answer.Sent.Tuple}";
            var later = node.Send(first with { Tcp = TcpFlags.Ack }, trace: false);
            if (later.Fate is not Fate.Sent || later.Sent.Tuple != sent.Sent.Tuple)
                return $"{_flows[i]}\ngoes on as {later.Sent.Tuple}, {later.Fate}, and began as {sent.Sent.Tuple}";
        }

        return null;

        // Answers to the node's own processes meet INPUT, which is not ours to open.
        PacketProgram WithInput(PacketProgram program, Packet packet) => packet.InputInterface is null ? open : program;
    }

    /// <summary>
    /// Refusals are for new flows only (§3.12): one that was there before the rules goes on, what conntrack cannot place
    /// is left to KUBE-FORWARD and KUBE-FIREWALL, and what is refused stays new.
    /// </summary>
    private string? Living(PacketProgram rules)
    {
        for (var i = 0; i < _flows.Length; i++)
        {
            if (_expected[i].Outcomes[0] is not (Outcome.Dropped or Outcome.Rejected)) continue;
            var first = Pipeline.First(_flows[i]);
            var refusing = Load(rules);
            refusing.Send(first, trace: false);
            if (refusing.FlowCount > 0) return $"{_flows[i]}\nis refused, and yet remembered: the next packet would not be new";

            var node = Load(_empty);
            var sent = node.Send(first, trace: false);
            if (sent is not { Fate: Fate.Sent or Fate.Delivered, Reply: { } reply }) continue;
            var from = sent.Fate is Fate.Sent(var output) ? output : null;
            node.Send(new Packet(reply, from, first.Tcp is null ? null : TcpFlags.Syn | TcpFlags.Ack), trace: false);
            node.Load(rules);
            var later = node.Send(first with { Tcp = first.Tcp is null ? null : TcpFlags.Ack }, trace: false);
            if (later.Fate is Fate.Dropped or Fate.Rejected)
                return $"{_flows[i]}\nwas there before the rules, and ends as {later.Fate}";
            if (first.Tcp is null || _flows[i].Destination.IsLoopback) continue;
            var forwarded = _flows[i].InputInterface is not null && !_scenario.Node.IsLocal(_flows[i].Destination);
            var dropped = forwarded && !_scenario.Node.ConntrackTcpBeLiberal;
            var stray = Load(rules).Send(first with { Tcp = TcpFlags.Syn | TcpFlags.Ack }, trace: false).Fate;
            if (stray is Fate.Rejected || stray is Fate.Dropped != dropped)
                return $"{_flows[i]}\nas an invalid packet ends as {stray}";
        }

        return null;
    }

    /// <summary>
    /// §4.5 KUBE-FORWARD (1): a forwarded packet that conntrack calls invalid would bypass NAT and reset the client's
    /// connection; unless the kernel is liberal it is dropped.
    /// </summary>
    private string? Invalid(PacketProgram rules)
    {
        var stray = Stray(Protocol.Tcp) with { Tcp = TcpFlags.Syn | TcpFlags.Ack };
        var dropped = Load(rules).Send(stray, trace: false).Fate is Fate.Dropped;
        if (dropped && Load(rules).Send(stray with { Mark = _bit }, trace: false).Fate is not Fate.Dropped)
            return "an invalid packet passes by its mark";
        if (dropped == _scenario.Node.ConntrackTcpBeLiberal)
            return $"an invalid packet is {(dropped ? "" : "not ")}dropped";
        if (!_host.RouteLocalnet) return null;

        // §4.5 KUBE-FIREWALL: what route_localnet lets in for 127.0.0.0/8 from elsewhere must belong to a flow.
        var localnet = stray with { Tuple = stray.Tuple with { Destination = Ip.Parse("127.0.0.1") } };
        var fate = Load(rules).Send(localnet, trace: false).Fate;
        return fate is Fate.Dropped ? null : $"an invalid packet for 127.0.0.1 ends as {fate}";
    }

    /// <summary>What its receiver has to complain of: no such port, say.</summary>
    public static Packet ErrorAbout(FlowTuple about, string? inputInterface)
    {
        var protocol = about.Source.Family == Family.Ipv4 ? Protocol.Icmp : Protocol.Icmpv6;
        var tuple = new FlowTuple(about.Destination, default, protocol, about.Source, default);
        return new Packet(tuple, inputInterface, Error: about);
    }

    /// <summary>From one stranger to another, by way of this node.</summary>
    private Packet Stray(Protocol protocol)
    {
        var pool = Pool.Of(_family);
        return Packet.First(new FlowTuple(pool.Strangers[2], new Port(40000), protocol, pool.OtherNode, new Port(9)), "eth0");
    }

    private NetfilterMachine Load(PacketProgram program) => new(program, _host, new ManualClock(), new SeededRandom(1));
}
