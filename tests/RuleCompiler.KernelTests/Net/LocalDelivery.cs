using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Packets;

namespace RuleCompiler.KernelTests.Net;

/// <summary>
/// Sees what the node hands to its own sockets, behind the INPUT hook: a raw socket gets a copy of every packet of its
/// protocol (net/ipv4/raw.c:raw_local_deliver). An IPv4 one shows the IP header; an IPv6 one shows only what is behind
/// it, so that there is one for each address.
/// </summary>
internal sealed class LocalDelivery : IDisposable
{
    private static readonly Protocol[] _services = [Protocol.Tcp, Protocol.Udp, Protocol.Sctp];

    private readonly List<Socket> _ipv4 = [];
    private readonly List<(Ip Address, Protocol Protocol, Socket Socket)> _ipv6 = [];
    private readonly byte[] _buffer = new byte[2048];

    /// <summary>Call in the node's namespace.</summary>
    public static LocalDelivery Open(IEnumerable<Ip> addresses)
    {
        var delivery = new LocalDelivery();
        foreach (var protocol in _services.Append(Protocol.Icmp)) delivery._ipv4.Add(Open(Libc.AF_INET, protocol));
        foreach (var address in addresses.Where(address => address.Family == Family.Ipv6))
        {
            foreach (var protocol in _services.Append(Protocol.Icmpv6))
            {
                var socket = Open(Libc.AF_INET6, protocol);
                socket.Bind(new IPEndPoint(new IPAddress(address.ToBytes()), 0));
                delivery._ipv6.Add((address, protocol, socket));
            }
        }

        return delivery;
    }

    public uint Drops => (uint)All.Sum(socket => SocketFacts.DropsOf(socket));

    public void Drain(Action<SeenPacket> see)
    {
        foreach (var socket in _ipv4)
        {
            while (SocketFacts.Receive(socket, _buffer) is > 0 and var length)
            {
                if (ProbeReader.ReadPacket(_buffer.AsSpan(0, length)) is { } seen) see(seen);
            }
        }

        foreach (var (address, protocol, socket) in _ipv6)
        {
            while (socket.Available > 0)
            {
                EndPoint from = new IPEndPoint(IPAddress.IPv6Any, 0);
                var length = socket.ReceiveFrom(_buffer, ref from);
                var source = Ip.FromBytes(((IPEndPoint)from).Address.GetAddressBytes());
                if (ProbeReader.ReadTransport(source, address, (byte)protocol, _buffer.AsSpan(0, length)) is { } seen)
                    see(seen);
            }
        }
    }

    public void Dispose()
    {
        foreach (var socket in All) socket.Dispose();
    }

    private IEnumerable<Socket> All => _ipv4.Concat(_ipv6.Select(one => one.Socket));

    private static Socket Open(int family, Protocol protocol)
    {
        var descriptor = Libc.socket(family, Libc.SOCK_RAW, (int)protocol);
        if (descriptor < 0) throw new Win32Exception(Marshal.GetLastPInvokeError(), $"raw socket for {protocol}");
        var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)) { Blocking = false };
        SocketFacts.EnlargeBuffer(socket);
        return socket;
    }
}
