using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.KernelTests.Packets;
using RuleCompiler.Linux;
using RuleCompiler.Spec;
using RuleCompiler.Tests.Gen;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>Flows against the kernel: a node of namespaces for each case, changed by plans as an agent would.</summary>
internal sealed class KernelFlowTarget(IKernelRoom room) : IFlowTarget
{
    /// <summary>
    /// A pod's kernel would complete a connection to the node that ours refuses, since nobody listens here; the reset
    /// would end the flow that the case goes on with. No room reads the family inet.
    /// </summary>
    private const string NoResets = "table inet no-resets { chain output { type filter hook output priority raw; tcp flags & rst == rst drop; }; }";

    private static readonly Family[] _families = [Family.Ipv4, Family.Ipv6];

    public string Name => $"{room.Name} in the kernel";

    public ProxyMode Mode => room.Mode;

    public int RunsMax => 1;

    public (IFlowNode? Node, Seq<Diagnostic> Diagnostics) Start(ClusterState cluster, NodeFacts node, ulong seed)
    {
        node = NodeGen.In(node, room.Mode);
        var network = NodeNetwork.Create(_families.Select(family => HostNetworks.For(node, family)).ToArray());
        try
        {
            var started = new KernelNode(room, node, network);
            network.Node.Run(() => Tool.Run("nft", ["-f", "-"], NoResets));
            started.Load(cluster);
            return (started, []);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private sealed class KernelNode(IKernelRoom room, NodeFacts node, NodeNetwork network) : IFlowNode
    {
        private const uint ClientStart = 1000;
        private const uint ServerStart = 5000;

        private readonly Prober _prober = new(network);
        private FlowTuple? _answer;

        /// <summary>A kernel shows what it does with a packet, not what it might have done.</summary>
        public Distribution? Explore(Packet packet) => null;

        public Passage Send(Packet packet)
        {
            var isAnswer = packet.Tuple == _answer;
            var probe = new Probe(packet.Tuple, packet.InputInterface, SegmentOf(packet.Tcp, isAnswer));
            var sightings = _prober.Send([probe])[0];
            var (fate, tuple) = Ending.Of(packet.Tuple, sightings) switch
            {
                Ending.Nothing => (new Fate.Dropped(), packet.Tuple),
                Ending.Rejected => (new Fate.Rejected(RejectKind.PortUnreachable), packet.Tuple),
                Ending.Sent sent => (new Fate.Sent(sent.Interface), TupleOf(sightings)),
                Ending.Delivered => ((Fate)new Fate.Delivered(), TupleOf(sightings)),
                var odd => throw new InvalidOperationException($"{packet.Tuple}: {odd}"),
            };
            if (!isAnswer) _answer = tuple.Reversed;
            return new Passage(fate, packet with { Tuple = tuple }, tuple.Reversed, [])
            {
                Outcome = OutcomeOf(fate, packet.Tuple, tuple),
            };
        }

        public Seq<Diagnostic> Load(ClusterState cluster)
        {
            foreach (var family in _families)
            {
                if (room.Update(network.Node, cluster, node, family) is { Diagnostics: { IsEmpty: false } diagnostics })
                    return diagnostics;
            }

            return [];
        }

        public void Advance(int seconds) => Thread.Sleep(TimeSpan.FromSeconds(seconds));

        public void Dispose()
        {
            _prober.Dispose();
            network.Dispose();
        }

        private static FlowTuple TupleOf(IReadOnlyList<Sighting> sightings) =>
            sightings.First(sighting => sighting.Packet.Error is null).Packet.Tuple;

        /// <summary>Numbers that fit, since conntrack calls a segment outside of the window INVALID.</summary>
        private static TcpSegment? SegmentOf(TcpFlags? flags, bool isAnswer) => flags switch
        {
            null => null,
            TcpFlags.Syn => new TcpSegment(TcpFlags.Syn, ClientStart, 0),
            { } established when established.HasFlag(TcpFlags.Syn) => new TcpSegment(established, ServerStart, ClientStart + 1),
            { } established => isAnswer
                ? new TcpSegment(established, ServerStart + 1, ClientStart + 1)
                : new TcpSegment(established, ClientStart + 1, ServerStart + 1),
        };

        /// <summary>Masquerading draws a new source port, so that it shows also where the address was the node's own.</summary>
        private static Outcome OutcomeOf(Fate fate, FlowTuple before, FlowTuple after) => fate switch
        {
            Fate.Dropped => new Outcome.Dropped(),
            Fate.Rejected => new Outcome.Rejected(),
            _ when before == after => new Outcome.Untouched(),
            _ => new Outcome.Translated(
                new Endpoint(after.Destination, after.DestinationPort),
                SourceNat: (before.Source, before.SourcePort) != (after.Source, after.SourcePort)),
        };
    }
}
