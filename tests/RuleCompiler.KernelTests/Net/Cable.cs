using System.Net.Sockets;

namespace RuleCompiler.KernelTests.Net;

/// <summary>The far end of one of the node's interfaces: frames go in to the node, and what the node sends comes out.</summary>
internal sealed class Cable : IDisposable
{
    private const ushort ETH_P_ALL = 3;

    /// <summary>include/uapi/linux/if_packet.h.</summary>
    private const int SOL_PACKET = 263;
    private const int PACKET_IGNORE_OUTGOING = 23;

    private readonly Socket _socket;

    private Cable(string nodeInterface, int number, Socket socket) =>
        (NodeInterface, NodeMac, _socket) = (nodeInterface, NodeNetwork.MacOf(number), socket);

    public string NodeInterface { get; }

    public byte[] NodeMac { get; }

    public uint Drops => SocketFacts.DropsOf(_socket);

    /// <summary>Call in the world's namespace.</summary>
    public static Cable Open(string nodeInterface, string farEnd, int number)
    {
        var index = (int)Libc.if_nametoindex(farEnd);
        var socket = new Socket(AddressFamily.Packet, SocketType.Raw, ProtocolType.Unspecified) { Blocking = false };
        SocketFacts.EnlargeBuffer(socket);
        socket.SetRawSocketOption(SOL_PACKET, PACKET_IGNORE_OUTGOING, BitConverter.GetBytes(1));
        socket.Bind(new LinkEndPoint(index, ETH_P_ALL));
        return new Cable(nodeInterface, number, socket);
    }

    public void Send(ReadOnlySpan<byte> frame)
    {
        if (_socket.Send(frame, SocketFlags.None, out var error) != frame.Length)
            throw new SocketException((int)error, $"a frame could not be put on the cable of {NodeInterface}");
    }

    /// <summary>0 when nothing waits.</summary>
    public int Receive(Span<byte> frame) => SocketFacts.Receive(_socket, frame);

    /// <summary>Sends a frame that means nothing, and looks whether one arrives at the other end.</summary>
    public bool Reaches(Cable other)
    {
        Span<byte> frame = stackalloc byte[60];
        frame.Clear();
        (frame[0], frame[12], frame[13]) = (2, 0x88, 0xB5);
        Send(frame);
        while (other.Receive(frame) > 0)
        {
            if (frame[12] == 0x88 && frame[13] == 0xB5) return true;
        }

        return false;
    }

    public void Dispose() => _socket.Dispose();
}
