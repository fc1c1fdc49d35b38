using System.Net;
using System.Net.NetworkInformation;
using PacketDotNet;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.KernelTests.Probing;
using SharpPcap;
using SharpPcap.LibPcap;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>
/// The same road with libpcap at both ends: packets that PacketDotNet builds go in by SharpPcap, and what comes out is
/// captured and read by them, not by code of ours.
/// </summary>
public sealed class PcapTests
{
    private const int Packets = 200;

    /// <summary>libpcap's ring has slots of this size; its default loses packets without counting them (dotnet-libs.md §6).</summary>
    private const int SnapLength = 2048;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    [Theory]
    [MemberData(nameof(Flavours.Each), MemberType = typeof(Flavours))]
    public void Packets_of_libpcap_reach_the_endpoints_that_the_emulator_names(Flavour flavour)
    {
        KernelMachine.Require();
        var cluster = TinyCluster.Read();
        var host = HostNetworks.For(TinyCluster.Node, Family.Ipv4);
        using var network = NodeNetwork.Create(host);
        var text = flavour.Room.Compile(cluster.State, TinyCluster.Node, Family.Ipv4);
        flavour.Room.Load(network.Node, Family.Ipv4, text);

        var (client, service) = (Endpoint.Parse("172.16.0.9:20000"), Endpoint.Parse("10.96.0.10:80"));
        var emulator = new NetfilterMachine(
            flavour.Room.Read(text, Family.Ipv4), host, new ManualClock(), new SeededRandom(1));
        var tuple = new FlowTuple(client.Address, client.Port, Protocol.Udp, service.Address, service.Port);
        var expected = Expectations.Of(emulator, host, flavour.Room.IsAffinity, new Probe(tuple, HostNetworks.Uplink));
        Assert.Equal(2, expected.Shares.Length);

        using var uplink = Open(network, HostNetworks.Uplink);
        using var pods = Open(network, "cni0");
        for (var i = 0; i < Packets; i++) uplink.SendPacket(Datagram(client, service, i));
        var arrived = Capture(pods, Packets);
        Assert.Equal(Packets, arrived.Select(one => one.Number).Distinct().Count());
        Assert.All(arrived, one => Assert.NotNull(expected.TurnOf(new Ending.Sent("cni0", one.To, one.Source))));
        Assert.Equal(2, arrived.Select(one => one.To).Distinct().Count());
    }

    private static LibPcapLiveDevice Open(NodeNetwork network, string nodeInterface) => network.World.Run(() =>
    {
        var device = LibPcapLiveDeviceList.New().First(one => one.Name == network.FarEnds[nodeInterface]);
        device.Open(new DeviceConfiguration
        {
            Mode = DeviceModes.Promiscuous,
            Snaplen = SnapLength,
            ReadTimeout = 10,
            Immediate = true,
        });
        device.Filter = "udp";
        return device;
    });

    private static EthernetPacket Datagram(Endpoint from, Endpoint to, int number) =>
        new(new PhysicalAddress([2, 0, 0, 0, 2, 0]), new PhysicalAddress(NodeNetwork.MacOf(0)), EthernetType.IPv4)
        {
            PayloadPacket = Addressed(new IPv4Packet(AddressOf(from), AddressOf(to))
            {
                TimeToLive = 64,
                PayloadPacket = new UdpPacket((ushort)(from.Port.Value + number), to.Port.Value)
                {
                    PayloadData = BitConverter.GetBytes(number),
                },
            }),
        };

    private static IPv4Packet Addressed(IPv4Packet packet)
    {
        var datagram = (UdpPacket)packet.PayloadPacket;
        packet.UpdateCalculatedValues();
        datagram.UpdateCalculatedValues();
        datagram.UpdateUdpChecksum();
        packet.UpdateIPChecksum();
        return packet;
    }

    private static List<(int Number, Endpoint To, Ip Source)> Capture(LibPcapLiveDevice device, int wanted)
    {
        var found = new List<(int, Endpoint, Ip)>();
        var started = TimeProvider.System.GetTimestamp();
        while (found.Count < wanted && TimeProvider.System.GetElapsedTime(started) < _patience)
        {
            if (device.GetNextPacket(out var capture) != GetPacketStatus.PacketRead) continue;
            var packet = PacketDotNet.Packet.ParsePacket(capture.Device.LinkType, capture.Data.ToArray());
            var (ip, udp) = (packet.Extract<IPv4Packet>(), packet.Extract<UdpPacket>());
            Assert.True(ip.ValidIPChecksum && udp.ValidChecksum, "the kernel sent a wrong checksum");
            var to = new Endpoint(Ip.FromBytes(ip.DestinationAddress.GetAddressBytes()), new Port(udp.DestinationPort));
            found.Add((BitConverter.ToInt32(udp.PayloadData), to, Ip.FromBytes(ip.SourceAddress.GetAddressBytes())));
        }

        return found;
    }

    private static IPAddress AddressOf(Endpoint endpoint) => new(endpoint.Address.ToBytes());
}
