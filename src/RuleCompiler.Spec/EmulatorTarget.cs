using System.Runtime.CompilerServices;
using RuleCompiler.Backends;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>
/// Compiles, prints, parses the printed text and runs it in the emulator: what flows judge is the very text that ships.
/// When the cluster changes, the node follows by the backend's plan, as a real one does.
/// </summary>
public sealed class EmulatorTarget(Backend backend) : IFlowTarget
{
    private static readonly Seq<Family> s_families = [Family.Ipv4, Family.Ipv6];

    /// <summary>Kept because a case may run many times.</summary>
    private readonly Dictionary<Key, Compiled> _compiled = [];

    public string Name => $"{backend.Name} in the emulator";

    public ProxyMode Mode => backend.Mode;

    public int RunsMax => 64;

    public (IFlowNode? Node, Seq<Diagnostic> Diagnostics) Start(ClusterState cluster, NodeFacts node, ulong seed)
    {
        var clock = new ManualClock();
        var emulators = new Dictionary<Family, Running>();
        foreach (var family in s_families)
        {
            var compiled = Compile(null, cluster, node, family);
            if (compiled.Program is null) return (null, compiled.Diagnostics);
            var emulator = new NetfilterMachine(
                compiled.Program, HostNetworks.For(node, family), clock, new SeededRandom(seed));
            emulators.Add(family, new Running(emulator, compiled));
        }

        return (new EmulatedNode(this, node, clock, emulators), []);
    }

    private Compiled Compile(Compiled? before, ClusterState cluster, NodeFacts node, Family family)
    {
        var key = new Key(before, cluster, node, family);
        if (_compiled.TryGetValue(key, out var known)) return known;
        var compilation = Compilation.Create(cluster, node, backend);
        var files = before is null ? compilation.Files(family) : compilation.Follow(before.Files, family);
        var (program, diagnostics) = PacketPrograms.Load(backend, files, family);
        return _compiled[key] = new Compiled(files, program, diagnostics);
    }

    private sealed record Compiled(Seq<ArtifactFile> Files, PacketProgram? Program, Seq<Diagnostic> Diagnostics);

    /// <summary>Compares by reference.</summary>
    private readonly struct Key(Compiled? before, ClusterState cluster, NodeFacts node, Family family) : IEquatable<Key>
    {
        private readonly Compiled? _before = before;
        private readonly ClusterState _cluster = cluster;
        private readonly NodeFacts _node = node;
        private readonly Family _family = family;

        public bool Equals(Key other) =>
            ReferenceEquals(_before, other._before) &&
            ReferenceEquals(_cluster, other._cluster) &&
            ReferenceEquals(_node, other._node) &&
            _family == other._family;

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(_cluster), _family);
    }

    private sealed class Running(NetfilterMachine emulator, Compiled compiled)
    {
        public NetfilterMachine Emulator { get; } = emulator;

        public Compiled Compiled { get; set; } = compiled;
    }

    private sealed class EmulatedNode(
        EmulatorTarget target, NodeFacts node, ManualClock clock, Dictionary<Family, Running> emulators) : IFlowNode
    {
        public Distribution? Explore(Packet packet) => For(packet).Explore(packet);

        public Passage Send(Packet packet) => For(packet).Send(packet);

        public Seq<Diagnostic> Load(ClusterState cluster)
        {
            foreach (var (family, running) in emulators)
            {
                var compiled = target.Compile(running.Compiled, cluster, node, family);
                if (compiled.Program is null) return compiled.Diagnostics;
                running.Emulator.Load(compiled.Program);
                running.Compiled = compiled;
            }

            return [];
        }

        public void Advance(int seconds) => clock.Advance(TimeSpan.FromSeconds(seconds));

        public void Dispose()
        {
        }

        private NetfilterMachine For(Packet packet) => emulators[packet.Tuple.Source.Family].Emulator;
    }
}
