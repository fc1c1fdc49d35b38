using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using PacketDotNet;
using RuleCompiler.Tests.Gen;
using Xunit;
using OurIp = RuleCompiler.Ir.Net.Ip;
using Protocol = RuleCompiler.Ir.Net.Protocol;

namespace RuleCompiler.Tests.Cli;

/// <summary>Frames made and read by PacketDotNet and <see cref="ReferenceChecksums"/>, independent of the product's checksums.</summary>
internal static class FrameMaker
{
    private static readonly PhysicalAddress Client = new([2, 0, 0, 0, 0, 1]);
    private static readonly PhysicalAddress Router = new([2, 0, 0, 0, 0, 2]);

    public static byte[] Tcp(
        string source, ushort sport, string destination, ushort dport, string payload = "", bool syn = true)
    {
        var tcp = new TcpPacket(sport, dport)
        {
            Synchronize = syn,
            Acknowledgment = !syn,
            SequenceNumber = 1000,
            PayloadData = Encoding.ASCII.GetBytes(payload),
        };
        var frame = Frame(source, destination, tcp);
        tcp.UpdateTcpChecksum();
        return frame.Bytes;
    }

    public static byte[] Udp(
        string source, ushort sport, string destination, ushort dport, string payload, bool withChecksum = true)
    {
        var udp = new UdpPacket(sport, dport) { PayloadData = Encoding.ASCII.GetBytes(payload) };
        var frame = Frame(source, destination, udp);
        if (withChecksum) udp.UpdateUdpChecksum();
        return frame.Bytes;
    }

    /// <summary>A common header and a chunk of the size of an INIT.</summary>
    public static byte[] Sctp(string source, ushort sport, string destination, ushort dport)
    {
        var bytes = new byte[32];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, sport);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), dport);
        bytes[12] = 1;
        bytes[15] = 20;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), ReferenceChecksums.Crc32C(bytes));
        var ip = Ip(source, destination);
        ip.PayloadData = bytes;
        ip.Protocol = (PacketDotNet.ProtocolType)132;
        return Finish(ip).Bytes;
    }

    /// <summary>Addresses, ports and payload; every checksum on the way must be valid.</summary>
    public static string Describe(byte[] frame)
    {
        var ip = Packet.ParsePacket(LinkLayers.Ethernet, frame).Extract<IPPacket>();
        if (ip is IPv4Packet v4) Assert.True(v4.ValidIPChecksum, "IPv4 header checksum");
        switch (ip.PayloadPacket)
        {
            case TcpPacket tcp:
                Assert.True(tcp.ValidTcpChecksum, "TCP checksum");
                return Written("tcp", tcp);
            case UdpPacket udp:
                Assert.True(udp.Checksum == 0 || udp.ValidUdpChecksum, "UDP checksum");
                return Written("udp", udp);
            case IcmpV4Packet icmp:
                Assert.True(icmp.ValidIcmpChecksum, "ICMP checksum");
                return $"icmp {ip.SourceAddress} {ip.DestinationAddress} {icmp.TypeCode}";
            case IcmpV6Packet icmp:
                Assert.Equal(0, ReferenceChecksums.Transport(
                    Ours(ip.SourceAddress), Ours(ip.DestinationAddress), Protocol.Icmpv6, icmp.Bytes));
                return $"icmpv6 {ip.SourceAddress} {ip.DestinationAddress} {icmp.Type} {icmp.Code}";
            default:
                return $"{ip.Protocol} {ip.SourceAddress} {ip.DestinationAddress}";
        }

        string Written(string name, TransportPacket packet)
        {
            var source = $"{ip.SourceAddress}:{packet.SourcePort}";
            return $"{name} {source} {ip.DestinationAddress}:{packet.DestinationPort} ttl {ip.TimeToLive}";
        }
    }

    private static OurIp Ours(IPAddress address) => OurIp.FromBytes(address.GetAddressBytes());

    private static EthernetPacket Frame(string source, string destination, Packet transport)
    {
        var ip = Ip(source, destination);
        ip.PayloadPacket = transport;
        return Finish(ip);
    }

    private static IPPacket Ip(string source, string destination)
    {
        var (from, to) = (IPAddress.Parse(source), IPAddress.Parse(destination));
        return from.AddressFamily == AddressFamily.InterNetwork
            ? new IPv4Packet(from, to) { TimeToLive = 64 }
            : new IPv6Packet(from, to) { HopLimit = 64 };
    }

    private static EthernetPacket Finish(IPPacket ip)
    {
        var frame = new EthernetPacket(
            Client, Router, ip is IPv4Packet ? EthernetType.IPv4 : EthernetType.IPv6)
        { PayloadPacket = ip };
        if (ip is IPv4Packet v4) v4.UpdateIPChecksum();
        return frame;
    }
}
