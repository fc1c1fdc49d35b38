using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;

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
        var node = NetworkNamespace.Create("node");
        var network = new NodeNetwork(node, NetworkNamespace.Create("world"));
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
        Batch([$"link add {far} netns {World.Name} type veth peer name {name} netns {Node.Name}"]);
        World.Run(() => Batch([$"link set {far} arp off up"]));
        // Without a link-local address IPv6 has the same addresses to choose from as the emulator.
        Node.Run(() => Batch([$"link set {name} address 02:00:00:00:01:{number:x2} addrgenmode none arp off up"]));
        AwaitCable(name, far, number);
    }

    private void Build(HostNetwork[] hosts)
    {
        LocalAddresses = hosts.SelectMany(host => host.Interfaces).SelectMany(device => device.Addresses)
            .Append(Ip.V6(1)).Distinct().ToArray();
        World.Run(() => Sysctl("net/ipv6/conf/default/disable_ipv6", 1));
        Node.Run(() => ConfigureKernel(hosts));
        foreach (var name in hosts.SelectMany(host => host.Interfaces).Select(device => device.Name).Distinct()) Connect(name);
        Node.Run(() => Batch(hosts.SelectMany(Addresses).Prepend("link set lo up")));
    }

    private static IEnumerable<string> Addresses(HostNetwork host)
    {
        foreach (var device in host.Interfaces.AsEnumerable())
        {
            foreach (var address in device.Addresses.AsEnumerable())
            {
                yield return address.Family == Family.Ipv4
                    ? $"address add {address}/32 dev {device.Name}"
                    : $"address add {address}/128 dev {device.Name} nodad";
            }
        }

        foreach (var route in host.Routes.AsEnumerable())
            yield return $"route add {route.Destination} dev {route.OutputInterface}";
    }

    /// <summary>
    /// Before the interfaces exist, so that they take the defaults. Values are those that the emulator's HostNetwork
    /// states, and no limit on ICMP errors, which would swallow rejections (Documentation/networking/ip-sysctl.rst).
    /// </summary>
    private static void ConfigureKernel(HostNetwork[] hosts)
    {
        foreach (var scope in (string[])["all", "default"])
        {
            Sysctl($"net/ipv4/conf/{scope}/rp_filter", 0);
            Sysctl($"net/ipv4/conf/{scope}/send_redirects", 0);
            Sysctl($"net/ipv4/conf/{scope}/log_martians", 0);
            Sysctl($"net/ipv4/conf/{scope}/route_localnet", hosts.Any(host => host.RouteLocalnet) ? 1 : 0);
            Sysctl($"net/ipv6/conf/{scope}/accept_dad", 0);
            Sysctl($"net/ipv6/conf/{scope}/accept_ra", 0);
            Sysctl($"net/ipv6/conf/{scope}/router_solicitations", 0);
        }

        Sysctl("net/ipv4/ip_forward", 1);
        Sysctl("net/ipv6/conf/all/forwarding", 1);
        Sysctl("net/ipv4/icmp_ratelimit", 0);
        Sysctl("net/ipv4/icmp_ratemask", 0);
        Sysctl("net/ipv6/icmp/ratelimit", 0);
        // The types that the limits hold for: none. A limit for all of the namespace would be left otherwise.
        Sysctl("net/ipv6/icmp/ratemask", null);
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
