using System.Net;
using System.Net.Sockets;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Packets;

namespace RuleCompiler.KernelTests.Net;

/// <summary>
/// Sends packets as a process of the node: through OUTPUT, with any source address. IPPROTO_RAW means that the IP header
/// is ours (raw(7)).
/// </summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly Socket _ipv4 = new(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw);
    private readonly Socket _ipv6 = new(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.Raw);
    private readonly byte[] _buffer = new byte[ProbePacket.FrameBytesMax];

    /// <summary>Call in the node's namespace.</summary>
    public static NodeProcess Open() => new();

    /// <summary>Null, or why the kernel would not send: a rule that drops, a destination without a route.</summary>
    public SocketError? Send(FlowTuple tuple, uint number, TcpSegment? tcp)
    {
        var length = ProbePacket.Write(_buffer, tuple, number, tcp);
        var socket = tuple.Source.Family == Family.Ipv4 ? _ipv4 : _ipv6;
        try
        {
            socket.SendTo(_buffer.AsSpan(0, length), new IPEndPoint(new IPAddress(tuple.Destination.ToBytes()), 0));
            return null;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode;
        }
    }

    public void Dispose()
    {
        _ipv4.Dispose();
        _ipv6.Dispose();
    }
}
