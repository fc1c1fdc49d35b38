using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Linux;

namespace RuleCompiler.KernelTests.Net;

/// <summary>
/// A node as the emulator's <see cref="HostNetwork"/> describes it, made real: a namespace with those interfaces,
/// addresses and routes, and another one, the world, that holds the far end of every cable.
/// <code>
///   world                         node
///   far0 ────────── veth ──────── eth0   node addresses, default route
///   far1 ────────── veth ──────── cni0   routes of the pod ranges
///                                 lo
/// </code>
/// Interfaces have no ARP, so no packet waits for a neighbour and none but ours is on the cable.
/// </summary>
internal sealed class NodeNetwork : IDisposable
{
    /// <summary>It takes some 10 ms; the limit only ends a wait for nothing.</summary>
    private const int CableReadyMilliseconds = 10_000;

    private readonly Dictionary<string, string> _farEnds = new(StringComparer.Ordinal);

    private NodeNetwork(NetworkNamespace node, NetworkNamespace world) => (Node, World) = (node, world);

    public NetworkNamespace Node { get; }

    public NetworkNamespace World { get; }

    /// <summary>The node's interfaces, each with the name of its cable's other end.</summary>
    public IReadOnlyDictionary<string, string> FarEnds => _farEnds;

    /// <summary>What the node calls its own, ::1 among it.</summary>
    public IReadOnlyList<Ip> LocalAddresses { get; private set; } = [];

    public static NodeNetwork Create(params HostNetwork[] hosts)
    {
        var node = NetworkNamespace.Create(KernelMachine.Owner, "node");
        var network = new NodeNetwork(node, NetworkNamespace.Create(KernelMachine.Owner, "world"));
        try
        {
            network.Build(hosts);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Where a packet for an interface of the node must be addressed to.</summary>
    public static byte[] MacOf(int interfaceNumber) => [2, 0, 0, 0, 1, (byte)interfaceNumber];

    public void Dispose()
    {
        Node.Dispose();
        World.Dispose();
    }

    /// <summary>A cable more, to an interface without addresses and routes.</summary>
    public void Connect(string name)
    {
        var (number, far) = (_farEnds.Count, $"far{_farEnds.Count}");
        _farEnds.Add(name, far);
        Batch([NodeSettings.Cable(name, far, Node.Name, World.Name)]);
        World.Run(() => Batch([NodeSettings.FarEnd(far)]));
        Node.Run(() => Batch([NodeSettings.NearEnd(name, number)]));
        AwaitCable(name, far, number);
    }

    private void Build(HostNetwork[] hosts)
    {
        LocalAddresses = hosts.SelectMany(host => host.Interfaces).SelectMany(device => device.Addresses)
            .Append(Ip.V6(1)).Distinct().ToArray();
        World.Run(() => Sysctl(NodeSettings.WorldSysctl.Name, NodeSettings.WorldSysctl.Value));
        Node.Run(() =>
        {
            foreach (var (name, value) in NodeSettings.Sysctls(hosts)) Sysctl(name, value);
        });
        foreach (var name in hosts.SelectMany(host => host.Interfaces).Select(device => device.Name).Distinct()) Connect(name);
        Node.Run(() => Batch(hosts.SelectMany(NodeSettings.AddressesAndRoutes).Prepend("link set lo up")));
    }

    /// <summary>
    /// A new link's queue is attached by a worker of the kernel (net/core/link_watch.c); until then frames vanish without
    /// an error. So frames of no protocol (IEEE's local experimental EtherType) go to and fro before anything that counts.
    /// </summary>
    private void AwaitCable(string name, string far, int number)
    {
        using var outside = World.Run(() => Cable.Open(name, far, number));
        using var inside = Node.Run(() => Cable.Open(name, name, number));
        var deadline = Environment.TickCount64 + CableReadyMilliseconds;
        while (!(outside.Reaches(inside) && inside.Reaches(outside)))
        {
            if (Environment.TickCount64 > deadline) throw new TimeoutException($"the cable of {name} stays dead");
            Thread.Sleep(1);
        }
    }

    public static void Batch(IEnumerable<string> commands) => Tool.Run("ip", ["-batch", "-"], string.Join('\n', commands));

    public static void Sysctl(string name, int? value) => File.WriteAllText($"/proc/sys/{name}", $"{value}\n");
}
