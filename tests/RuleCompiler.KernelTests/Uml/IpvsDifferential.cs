using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.KernelTests.Packets;
using RuleCompiler.KernelTests.Probing;
using RuleCompiler.Tests.Gen;

namespace RuleCompiler.KernelTests.Uml;

/// <summary>
/// The same packets, in the same order, through the emulator and through a kernel with IPVS, while the cluster changes.
/// Schedulers count and remember, but nothing in them is chance: each packet has one right ending.
/// </summary>
/// <param name="sabotage">Changes what the kernel gets, to see that it shows.</param>
internal sealed class IpvsDifferential(GuestKernel kernel, Func<string, string>? sabotage = null)
{
    private static readonly Family[] _families = [Family.Ipv4, Family.Ipv6];

    /// <summary>Every new flow has a port of its own, so that none belongs to another's.</summary>
    private const int FirstSourcePort = 10_000;

    /// <summary>
    /// Of so many packets after a change the first goes on with a flow of the state before, the next is a new one of a
    /// client from there, and the others are of all that the cluster can tell apart.
    /// </summary>
    private const int Turns = 4;

    public long Packets { get; private set; }

    public IpvsCoverage Coverage { get; } = new();

    /// <returns>Differences; none when the kernel does as the emulator says.</returns>
    public List<string> Run(History history, ulong seed, int packets)
    {
        history = history with { Node = NodeGen.In(history.Node, ProxyMode.Ipvs) };
        var hosts = Array.ConvertAll(_families, family => HostNetworks.For(history.Node, family));
        var scene = Scene.Of(hosts);
        var sent = new List<(Probe Probe, uint Number, Ending Expected)>();
        var each = packets / _families.Length / history.States.Count;
        var nodes = new List<IpvsTwins>();
        for (var i = 0; i < _families.Length; i++)
        {
            var twins = new IpvsTwins(
                scene, hosts[i], history.Node, _families[i], seed, sabotage ?? (text => text), Coverage);
            var probes = new ProbeSource(history.Node, _families[i], new SeededRandom(seed));
            foreach (var cluster in history.States)
            {
                twins.Update(cluster);
                foreach (var probe in probes.Next(cluster, twins.Bound, each))
                {
                    var (number, expected) = twins.Send(probe);
                    sent.Add((probe, number, expected));
                }
            }

            twins.Dump();
            nodes.Add(twins);
        }

        var seen = kernel.Play(scene);
        return [.. Compare(sent, seen), .. nodes.SelectMany(twins => twins.StepsLeft(seen))];
    }

    private List<string> Compare(List<(Probe Probe, uint Number, Ending Expected)> sent, Observations seen)
    {
        Packets += sent.Count;
        var differences = new List<string>();
        foreach (var (probe, number, expected) in sent)
        {
            var ending = seen.EndingOf(number, probe);
            Coverage.Count(ending.GetType().Name);
            if (ending != expected)
                differences.Add($"packet {number}, {probe}\n  emulator {expected}\n  kernel   {ending}");
        }

        return differences;
    }

    /// <summary>
    /// New flows in an order of the seed, but the node's to a Service's address from that very address first, which are
    /// few; after a change also packets of flows that were there before.
    /// </summary>
    private sealed class ProbeSource(NodeFacts node, Family family, SeededRandom random)
    {
        private readonly List<Probe> _flows = [];

        public IEnumerable<Probe> Next(ClusterState cluster, SortedSeq<Ip> bound, int limit)
        {
            var older = _flows.TakeLast(limit).Where(probe => CanComeFrom(probe, bound)).ToArray();
            var flows = FlowGen.Covering(cluster, node, family)
                .Select(flow => (Key: IsToItself(flow) && bound.Contains(flow.Source) ? 0 : random.Next(), Flow: flow))
                .OrderBy(one => one.Key).Select(one => one.Flow).ToArray();
            for (var i = 0; i < limit; i++)
            {
                var turn = i % Turns;
                if (turn == 0 && older.Length > 0)
                    yield return Again(older[random.Next() % (ulong)older.Length]);
                else if (turn == 1 && older.Length > 0)
                    yield return First(older[random.Next() % (ulong)older.Length]);
                else if (flows.Length > 0)
                    yield return First(flows[i % flows.Length]);
            }
        }

        private static bool IsToItself(Flow flow) => flow.Source == flow.Destination;

        private Probe First(Flow flow) => First(new Probe(
            new FlowTuple(flow.Source, default, flow.Protocol, flow.Destination, flow.DestinationPort),
            flow.InputInterface));

        /// <summary>The same client to the same destination, from the next free port.</summary>
        private Probe First(Probe like)
        {
            var port = new Port((ushort)(FirstSourcePort + _flows.Count));
            var probe = like with { Tuple = like.Tuple with { SourcePort = port } };
            _flows.Add(probe);
            return probe;
        }

        /// <summary>The first packet once more, or an ACK of TCP: the client goes on, whatever answered it.</summary>
        private Probe Again(Probe probe) => probe.Tuple.Protocol == Protocol.Tcp && random.Next() % 2 == 0
            ? probe with { Tcp = new TcpSegment(TcpFlags.Ack, TcpSegment.Syn.Sequence + 1, 1) }
            : probe;

        /// <summary>
        /// An address that kube-ipvs0 has is a martian from outside; a process of the node has no other than the
        /// node's.
        /// </summary>
        private bool CanComeFrom(Probe probe, SortedSeq<Ip> bound)
        {
            var source = probe.Tuple.Source;
            return probe.InputInterface is null
                ? source.IsLoopback || node.Addresses.Contains(source) || bound.Contains(source)
                : !bound.Contains(source);
        }
    }
}
