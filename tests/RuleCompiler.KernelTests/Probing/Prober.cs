using System.Net.Sockets;
using RuleCompiler.Emulator;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.KernelTests.Packets;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>A packet to send: in by an interface, or from a process of the node when that is null.</summary>
/// <param name="Tcp">Null: the first packet of a flow.</param>
internal readonly record struct Probe(FlowTuple Tuple, string? InputInterface, TcpSegment? Tcp = null);

/// <summary>
/// Sends probes at a node, all at once, and watches every place where one can come out. Nothing waits for a single
/// packet: those that nothing is seen of get a second look together.
/// </summary>
internal sealed class Prober : IDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(2);

    /// <summary>Between two looks at the sockets while sending, so that their buffers stay small.</summary>
    private const int BurstPackets = 512;

    private readonly NodeNetwork _network;
    private readonly Dictionary<string, Cable> _cables = new(StringComparer.Ordinal);
    private readonly LocalDelivery _delivery;
    private readonly NodeProcess _process;
    private readonly byte[] _frame = new byte[2048];
    private List<Sighting>?[] _sightings = [];
    private uint _first = 1;
    private bool _sawSome;

    public Prober(NodeNetwork network)
    {
        _network = network;
        foreach (var name in network.FarEnds.Keys) Open(name);
        (_delivery, _process) = network.Node.Run(() => (LocalDelivery.Open(network.LocalAddresses), NodeProcess.Open()));
    }

    /// <summary>Probes that the kernel would not take from the node's process, by its reason.</summary>
    public Dictionary<SocketError, int> Refusals { get; } = [];

    /// <summary>Packets that a socket could not hold: anything but 0 makes a run worthless.</summary>
    public uint Drops => _delivery.Drops + (uint)_cables.Values.Sum(cable => cable.Drops);

    /// <returns>What was seen of each probe, in their order.</returns>
    public IReadOnlyList<Sighting>[] Send(IReadOnlyList<Probe> probes)
    {
        _sightings = new List<Sighting>?[probes.Count];
        for (var i = 0; i < probes.Count; i++)
        {
            Launch(probes[i], _first + (uint)i);
            if (i % BurstPackets == BurstPackets - 1) Drain();
        }

        Settle();
        var result = Array.ConvertAll(_sightings, IReadOnlyList<Sighting> (seen) => seen ?? []);
        _first += (uint)probes.Count;
        return result;
    }

    public void Dispose()
    {
        foreach (var cable in _cables.Values) cable.Dispose();
        _delivery.Dispose();
        _process.Dispose();
    }

    private void Launch(Probe probe, uint number)
    {
        if (probe.InputInterface is null)
        {
            if (_process.Send(probe.Tuple, number, probe.Tcp) is { } refusal)
                Refusals[refusal] = Refusals.GetValueOrDefault(refusal) + 1;
            return;
        }

        if (!_cables.ContainsKey(probe.InputInterface))
        {
            _network.Connect(probe.InputInterface);
            Open(probe.InputInterface);
        }

        var cable = _cables[probe.InputInterface];
        cable.Send(_frame.AsSpan(0, ProbePacket.WriteFrame(_frame, cable.NodeMac, probe.Tuple, number, probe.Tcp)));
    }

    private void Open(string nodeInterface)
    {
        var farEnd = _network.FarEnds[nodeInterface];
        _cables.Add(nodeInterface, _network.World.Run(() => Cable.Open(nodeInterface, farEnd, _cables.Count)));
    }

    /// <summary>
    /// Forwarding is done before a send returns, unless the kernel defers it to ksoftirqd; so a few looks find
    /// everything, and silence in three in a row ends it.
    /// </summary>
    private void Settle()
    {
        for (var quiet = 0; quiet < 3; quiet = _sawSome ? 0 : quiet + 1)
        {
            Thread.Sleep(_pause);
            Drain();
        }
    }

    private void Drain()
    {
        _sawSome = false;
        _delivery.Drain(packet => See(null, packet));
        foreach (var (name, cable) in _cables)
        {
            while (cable.Receive(_frame) is > 0 and var length)
            {
                if (ProbeReader.ReadFrame(_frame.AsSpan(0, length)) is { } packet) See(name, packet);
            }
        }
    }

    private void See(string? nodeInterface, SeenPacket packet)
    {
        // A late packet of an earlier batch is not of this one.
        var index = (long)packet.Number - _first;
        if (index < 0 || index >= _sightings.Length) return;
        _sawSome = true;
        (_sightings[index] ??= []).Add(new Sighting(nodeInterface, packet));
    }
}
