using System.Net;
using System.Net.Sockets;
using System.Text;
using RuleCompiler.Ir.Net;
using RuleCompiler.Linux;

namespace RuleCompiler.KernelTests.Net;

/// <summary>
/// A node between hosts that have IP stacks of their own: pods and a client outside, each in a namespace behind a veth
/// pair. The two ends of a pair share one MAC address, so that without ARP each still takes what the other sends.
/// </summary>
internal sealed class TalkingNetwork : IDisposable
{
    /// <summary>Where the pods' servers listen.</summary>
    public const int ServerPort = 8080;

    private const string Uplink = "eth0";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly Dictionary<string, NetworkNamespace> _hosts = new(StringComparer.Ordinal);
    private readonly List<TcpListener> _listeners = [];

    private TalkingNetwork() => Node = NetworkNamespace.Create(KernelMachine.Owner, "node");

    public NetworkNamespace Node { get; }

    public static TalkingNetwork Create(IEnumerable<Ip> nodeAddresses)
    {
        var network = new TalkingNetwork();
        try
        {
            network.Node.Run(() =>
            {
                NodeNetwork.Sysctl("net/ipv4/ip_forward", 1);
                NodeNetwork.Sysctl("net/ipv4/conf/all/route_localnet", 1);
                NodeNetwork.Sysctl("net/ipv4/conf/default/route_localnet", 1);
                NodeNetwork.Sysctl("net/ipv4/conf/all/send_redirects", 0);
                NodeNetwork.Sysctl("net/ipv4/conf/default/send_redirects", 0);
                NodeNetwork.Sysctl("net/ipv6/conf/all/forwarding", 1);
                NodeNetwork.Batch(nodeAddresses.Select(ip => $"address add {ip} dev lo").Prepend("link set lo up"));
            });
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>A host with these addresses behind an interface of the node.</summary>
    public void Add(string name, string nodeInterface, params Ip[] addresses)
    {
        var host = NetworkNamespace.Create(KernelMachine.Owner, name);
        _hosts.Add(name, host);
        NodeNetwork.Batch([$"link add {nodeInterface} netns {Node.Name} type veth peer name eth0 netns {host.Name}"]);
        var mac = $"02:00:00:00:03:{_hosts.Count:x2}";
        string[] world = nodeInterface == Uplink ? ["route add 0.0.0.0/0 dev eth0", "route add ::/0 dev eth0"] : [];
        Node.Run(() => NodeNetwork.Batch(addresses.Select(ip => $"route add {ip} dev {nodeInterface}")
            .Prepend($"link set {nodeInterface} address {mac} arp off up").Concat(world)));
        host.Run(() => NodeNetwork.Batch(
        [
            "link set lo up",
            $"link set eth0 address {mac} arp off up",
            .. addresses.Select(ip => $"address add {ip} dev eth0" + (ip.Family == Family.Ipv6 ? " nodad" : "")),
            .. addresses.Select(ip => ip.Family).Distinct().Select(family => $"route add {Prefix.All(family)} dev eth0"),
        ]));
    }

    /// <summary>Answers each connection with the host's name and the address that it sees as the client's, and then each line.</summary>
    public void Serve(string name)
    {
        var listener = _hosts[name].Run(() =>
        {
            var socket = new TcpListener(IPAddress.IPv6Any, ServerPort);
            socket.Server.DualMode = true;
            socket.Start();
            return socket;
        });
        _listeners.Add(listener);
        _ = AcceptAll(name, listener);
    }

    /// <summary>A socket of a host, or of the node for the name "node".</summary>
    public Socket OpenSocket(string name, Ip target, SocketType type = SocketType.Stream)
    {
        var family = target.Family == Family.Ipv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        var protocol = type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp;
        return (name == "node" ? Node : _hosts[name]).Run(() => new Socket(family, type, protocol)
        {
            ReceiveTimeout = (int)_patience.TotalMilliseconds,
            SendTimeout = (int)_patience.TotalMilliseconds,
        });
    }

    /// <summary>Connects, and gives the greeting: who answered, and whom he saw.</summary>
    public (string Server, Ip Client) Ask(string name, string target)
    {
        using var conversation = Connect(name, target);
        return (conversation.Server, conversation.Client);
    }

    public Conversation Connect(string name, string target)
    {
        var endpoint = Endpoint.Parse(target);
        var socket = OpenSocket(name, endpoint.Address);
        using var limit = new CancellationTokenSource(_patience);
        socket.ConnectAsync(new IPAddress(endpoint.Address.ToBytes()), endpoint.Port.Value, limit.Token)
            .AsTask().GetAwaiter().GetResult();
        return new Conversation(socket);
    }

    public void Dispose()
    {
        foreach (var listener in _listeners) listener.Dispose();
        foreach (var host in _hosts.Values) host.Dispose();
        Node.Dispose();
    }

    private static async Task AcceptAll(string name, TcpListener listener)
    {
        try
        {
            while (true) _ = Answer(name, await listener.AcceptTcpClientAsync().ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Dispose ends the listener, and with it this loop.
        }
    }

    private static async Task Answer(string name, TcpClient client)
    {
        using (client)
        {
            var remote = ((IPEndPoint)client.Client.RemoteEndPoint!).Address;
            if (remote.IsIPv4MappedToIPv6) remote = remote.MapToIPv4();
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{name} {remote}\n")).ConfigureAwait(false);
            try
            {
                await stream.CopyToAsync(stream).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // The client left without a farewell.
            }
        }
    }
}

/// <summary>A connection to a server of a <see cref="TalkingNetwork"/>.</summary>
internal sealed class Conversation : IDisposable
{
    private readonly Socket _socket;
    private readonly StreamReader _reader;

    public Conversation(Socket socket)
    {
        _socket = socket;
        _reader = new StreamReader(new NetworkStream(socket), Encoding.ASCII);
        var greeting = _reader.ReadLine()!.Split(' ');
        (Server, Client) = (greeting[0], Ip.Parse(greeting[1]));
    }

    public string Server { get; }

    /// <summary>The client's address as the server sees it.</summary>
    public Ip Client { get; }

    public string Echo(string line)
    {
        _socket.Send(Encoding.ASCII.GetBytes(line + "\n"));
        return _reader.ReadLine()!;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }
}
