using System.Net.Sockets;

namespace RuleCompiler.KernelTests.Net;

/// <summary>Buffers that lose nothing, and the proof that they lost nothing.</summary>
internal static class SocketFacts
{
    private const int SOL_SOCKET = 1;

    /// <summary>As SO_RCVBUF, past net.core.rmem_max, for root (include/uapi/asm-generic/socket.h).</summary>
    private const int SO_RCVBUFFORCE = 33;
    private const int SO_MEMINFO = 55;

    /// <summary>Place of SK_MEMINFO_DROPS in the answer to SO_MEMINFO (include/uapi/linux/sock_diag.h).</summary>
    private const int SK_MEMINFO_DROPS = 8;
    private const int SK_MEMINFO_VARS = 9;

    private const int ReceiveBytes = 256 << 20;

    public static void EnlargeBuffer(Socket socket) =>
        socket.SetRawSocketOption(SOL_SOCKET, SO_RCVBUFFORCE, BitConverter.GetBytes(ReceiveBytes));

    /// <summary>0 when nothing waits.</summary>
    public static int Receive(Socket socket, Span<byte> buffer)
    {
        var length = socket.Receive(buffer, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success => length,
            SocketError.WouldBlock => 0,
            _ => throw new SocketException((int)error),
        };
    }

    public static uint DropsOf(Socket socket)
    {
        Span<byte> info = stackalloc byte[SK_MEMINFO_VARS * sizeof(uint)];
        socket.GetRawSocketOption(SOL_SOCKET, SO_MEMINFO, info);
        return BitConverter.ToUInt32(info[(SK_MEMINFO_DROPS * sizeof(uint))..]);
    }
}
