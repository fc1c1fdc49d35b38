using System.Runtime.CompilerServices;
using RuleCompiler.Emulator;
using RuleCompiler.Emulator.Modes;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>
/// Compiles, prints, parses the printed text and runs it in the emulator: what flows judge is the very text that ships.
/// </summary>
public sealed class EmulatorTarget(IMode mode) : IFlowTarget
{
    private static readonly Seq<Family> s_families = [Family.Ipv4, Family.Ipv6];

    /// <summary>Compiling is dear and a case may run many times. Keys compare by reference.</summary>
    private readonly Dictionary<Key, Compiled> _compiled = [];

    public string Name => $"{mode.Name} in the emulator";

    public ProxyMode Mode => mode.Mode;

    public int RunsMax => 64;

    public (IFlowNode? Node, Seq<Diagnostic> Diagnostics) Start(ClusterState cluster, NodeFacts node, ulong seed)
    {
        var clock = new ManualClock();
        var emulators = new Dictionary<Family, Emulator.Emulator>();
        foreach (var family in s_families)
        {
            var compiled = Compile(cluster, node, family);
            if (compiled.Program is null) return (null, compiled.Diagnostics);
            emulators.Add(family, new Emulator.Emulator(
                compiled.Program, HostNetworks.For(node, family), clock, new SeededRandom(seed)));
        }

        return (new EmulatedNode(this, node, clock, emulators), []);
    }

    private Compiled Compile(ClusterState cluster, NodeFacts node, Family family)
    {
        if (_compiled.TryGetValue(new Key(cluster, node, family), out var known)) return known;
        var graph = ServiceGraphBuilder.Build(cluster, node, family).Graph;
        var (program, diagnostics) = mode.Load(mode.Compile(graph, node).Files, family);
        return _compiled[new Key(cluster, node, family)] = new Compiled(program, diagnostics);
    }

    private sealed record Compiled(Program? Program, Seq<Diagnostic> Diagnostics);

    private readonly struct Key(ClusterState cluster, NodeFacts node, Family family) : IEquatable<Key>
    {
        private readonly ClusterState _cluster = cluster;
        private readonly NodeFacts _node = node;
        private readonly Family _family = family;

        public bool Equals(Key other) =>
            ReferenceEquals(_cluster, other._cluster) &&
            ReferenceEquals(_node, other._node) &&
            _family == other._family;

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(_cluster), _family);
    }

    private sealed class EmulatedNode(
        EmulatorTarget target,
        NodeFacts node,
        ManualClock clock,
        Dictionary<Family, Emulator.Emulator> emulators) : IFlowNode
    {
        public Distribution? Explore(Packet packet) => For(packet).Explore(packet);

        public Passage Send(Packet packet) => For(packet).Send(packet);

        public Seq<Diagnostic> Load(ClusterState cluster)
        {
            foreach (var (family, emulator) in emulators)
            {
                var compiled = target.Compile(cluster, node, family);
                if (compiled.Program is null) return compiled.Diagnostics;
                emulator.Load(compiled.Program);
            }

            return [];
        }

        public void Advance(int seconds) => clock.Advance(TimeSpan.FromSeconds(seconds));

        public void Dispose()
        {
        }

        private Emulator.Emulator For(Packet packet) => emulators[packet.Tuple.Source.Family];
    }
}
