using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.Tests.Gen;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>The same packets through the emulator and through a kernel that holds the very same text.</summary>
/// <param name="sabotage">Changes what the kernel gets, to see that it shows.</param>
internal sealed class Differential(IKernelRoom room, ulong seed, Func<string, string>? sabotage = null)
{
    private static readonly Family[] _families = [Family.Ipv4, Family.Ipv6];

    /// <summary>Every probe has a port of its own, so that none belongs to another's flow.</summary>
    private const ushort FirstSourcePort = 10_000;

    private readonly Dictionary<string, Balance> _pooled = new(StringComparer.Ordinal);
    private uint _sequence;

    public long Packets { get; private set; }

    public long Choices { get; private set; }

    public long FlowsLeftOut { get; private set; }

    public TimeSpan Sending { get; private set; }

    /// <summary>Endings by kind: a run that never sees one of them tests less than it says.</summary>
    public SortedDictionary<string, long> Endings { get; } = new(StringComparer.Ordinal);

    /// <returns>Differences; none when the kernel does as the emulator says.</returns>
    public List<string> Run(Scenario scenario, int packets) => RunLast([scenario.Cluster], scenario.Node, packets);

    /// <summary>The first state is loaded, and plans lead from one to the next; the packets meet the last.</summary>
    /// <returns>As for <see cref="Run"/>.</returns>
    public List<string> RunLast(Seq<ClusterState> states, NodeFacts node, int packets)
    {
        var scenario = new Scenario(states[^1], node).In(room.Mode);
        var hosts = _families.Select(family => HostNetworks.For(scenario.Node, family)).ToArray();
        using var network = NodeNetwork.Create(hosts);
        var differences = new List<string>();
        var tracksSctp = KernelMachine.TracksSctp(network.Node);
        using var prober = new Prober(network);
        for (var i = 0; i < _families.Length; i++)
        {
            var text = room.Compile(scenario.Cluster, scenario.Node, _families[i]);
            var first = states.Count == 1 ? text : room.Compile(states[0], scenario.Node, _families[i]);
            room.Load(network.Node, _families[i], sabotage is null ? first : sabotage(first));
            foreach (var next in states.Skip(1)) room.Update(network.Node, next, node, _families[i]);
            var emulator = new NetfilterMachine(
                room.Read(text, _families[i]), hosts[i], new ManualClock(), new SeededRandom(seed));
            var flows = Flows(FlowGen.Covering(scenario, _families[i]), tracksSctp, packets / _families.Length);
            differences.AddRange(Compare(prober, emulator, hosts[i], flows, packets / _families.Length));
        }

        if (prober.Drops > 0) differences.Add($"the test's own sockets lost {prober.Drops} packets");
        return differences;
    }

    /// <summary>Small deviations that no single flow shows.</summary>
    public IEnumerable<string> PooledComplaints() => _pooled.Values.Select(balance => balance.Complaint()).OfType<string>();

    /// <summary>The covering flows, in an order of the seed; where there are too many, as many as fit.</summary>
    public List<Probe> Flows(IReadOnlyList<Flow> covering, bool tracksSctp, int limit)
    {
        var random = new SeededRandom(seed);
        var flows = covering
            .Where(flow => flow.Protocol != Protocol.Sctp || tracksSctp)
            .Select(flow => (Key: random.Next(), Probe: new Probe(
                new FlowTuple(flow.Source, flow.SourcePort, flow.Protocol, flow.Destination, flow.DestinationPort),
                flow.InputInterface)))
            .OrderBy(one => one.Key)
            .Select(one => one.Probe)
            .ToList();
        FlowsLeftOut += Math.Max(0, flows.Count - limit);
        return flows.Take(limit).ToList();
    }

    /// <returns>Differences.</returns>
    public List<string> Compare(Prober prober, NetfilterMachine emulator, HostNetwork host, List<Probe> flows, int packets)
    {
        var differences = new List<string>();
        var expected = flows.Select(flow => Expectations.Of(emulator, host, room.IsAffinity, flow)).ToArray();
        var sequence = Enumerable.Range(0, flows.Count).ToList();
        // What is left of the packets goes where there is a choice to make.
        var choosing = sequence.Where(flow => expected[flow].Shares.Length > 1).ToArray();
        if (choosing.Length == 0) choosing = [.. sequence];
        for (var i = 0; choosing.Length > 0 && sequence.Count < packets; i++) sequence.Add(choosing[i % choosing.Length]);

        var probes = sequence
            .Select(flow => flows[flow] with { Tuple = flows[flow].Tuple with { SourcePort = NextPort() } })
            .ToList();
        var started = TimeProvider.System.GetTimestamp();
        var sightings = prober.Send(probes);
        Sending += TimeProvider.System.GetElapsedTime(started);
        Packets += probes.Count;

        var taken = sightings.SelectMany(seen => seen).Select(sighting => sighting.Packet.Tuple).ToHashSet();
        var balances = new Balance?[flows.Count];
        for (var i = 0; i < probes.Count; i++)
        {
            var (flow, ending) = (sequence[i], Ending.Of(probes[i].Tuple, sightings[i]));
            Endings[ending.GetType().Name] = Endings.GetValueOrDefault(ending.GetType().Name) + 1;
            if (Difference(probes[i], expected[flow], ending, sightings[i], taken) is { } difference)
                differences.Add(difference);
            else if (expected[flow] is { Shares.Length: > 1, IsSticky: false })
                (balances[flow] ??= new Balance(expected[flow].Shares)).Add(expected[flow].TurnOf(ending)!.Value);
        }

        foreach (var (flow, balance) in balances.Index())
        {
            if (balance is null) continue;
            if (balance.Complaint() is { } complaint) differences.Add($"{flows[flow]}: {complaint}");
            Pool(expected[flow].Shares, balance);
        }

        return differences;
    }

    /// <param name="taken">Every tuple that was seen.</param>
    private static string? Difference(
        Probe probe, Expectations expected, Ending ending, IReadOnlyList<Sighting> sightings, HashSet<FlowTuple> taken)
    {
        if (expected.TurnOf(ending) is null) return $"{probe}\n  emulator {expected}\n  kernel   {ending}";
        if (!expected.KeepsSourcePort(ending)) return null;
        foreach (var (_, packet) in sightings)
        {
            if (packet.Tuple.SourcePort == probe.Tuple.SourcePort) continue;
            // A masquerade may have drawn this very port of the node's address before: then also a flow that nothing
            // masquerades gets another (net/netfilter/nf_nat_core.c:nf_nat_alloc_null_binding).
            if (!taken.Contains(packet.Tuple with { SourcePort = probe.Tuple.SourcePort }))
                return $"{probe}\n  emulator keeps the source port\n  kernel   {packet}";
        }

        return null;
    }

    private void Pool(double[] shares, Balance balance)
    {
        var key = string.Join(' ', shares);
        if (!_pooled.TryGetValue(key, out var pool)) _pooled.Add(key, pool = new Balance(shares));
        pool.Add(balance);
        Choices += balance.Draws;
    }

    private Port NextPort() => new((ushort)(FirstSourcePort + (_sequence++ % (ushort.MaxValue - FirstSourcePort))));
}
