using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace RuleCompiler.KernelTests.Net;

/// <summary>
/// struct sockaddr_ll (include/uapi/linux/if_packet.h): family 2, protocol 2, interface index 4, hardware type 2, packet
/// type 1, address length 1, address 8 bytes.
/// </summary>
internal sealed class LinkEndPoint(int interfaceIndex, ushort protocol) : EndPoint
{
    private const int Bytes = 20;

    public override AddressFamily AddressFamily => AddressFamily.Packet;

    public override SocketAddress Serialize()
    {
        // The framework has written the family, 17, in the platform's form.
        var address = new SocketAddress(AddressFamily.Packet, Bytes);
        Span<byte> fields = stackalloc byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(fields, protocol);
        BitConverter.TryWriteBytes(fields[2..], interfaceIndex);
        for (var i = 0; i < fields.Length; i++) address[2 + i] = fields[i];
        return address;
    }

    public override EndPoint Create(SocketAddress socketAddress) => this;
}
