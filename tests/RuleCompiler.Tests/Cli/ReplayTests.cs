using System.Buffers.Binary;
using System.Runtime.InteropServices;
using PacketDotNet;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Cli;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Cli.Replay;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Kube;
using RuleCompiler.Tests.Gen;
using SharpPcap;
using SharpPcap.LibPcap;
using Xunit;
using EmulatedPacket = RuleCompiler.Emulator.Packet;
using Packet = PacketDotNet.Packet;

namespace RuleCompiler.Tests.Cli;

public sealed class ReplayTests : IDisposable
{
    private const string Pod = "10.64.0.9";

    private readonly SmallCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_flow_is_translated_there_and_back()
    {
        var there = FrameMaker.Udp(Pod, 5000, "10.96.0.53", 53, "question");
        var again = FrameMaker.Udp(Pod, 5000, "10.96.0.53", 53, "odd");
        var back = FrameMaker.Udp("10.64.1.9", 5353, Pod, 5000, "answer");
        var (left, _) = Replay([there, again, back]);

        Assert.Equal(
            [
                $"udp {Pod}:5000 10.64.1.9:5353 ttl 63",
                $"udp {Pod}:5000 10.64.1.9:5353 ttl 63",
                $"udp 10.96.0.53:53 {Pod}:5000 ttl 63",
            ],
            left.Select(FrameMaker.Describe));
    }

    [Fact]
    public void Tcp_over_ipv6_is_translated_with_right_checksums()
    {
        var (left, _) = Replay([FrameMaker.Tcp("fd00:64::9", 5000, "fd00:96::10", 80)]);

        Assert.Equal("tcp fd00:64::9:5000 fd00:64:0:1::6:8080 ttl 63", FrameMaker.Describe(Assert.Single(left)));
    }

    [Fact]
    public void Udp_without_a_checksum_stays_without()
    {
        var (left, _) = Replay([FrameMaker.Udp(Pod, 5000, "10.96.0.53", 53, "question", withChecksum: false)]);

        var udp = Packet.ParsePacket(LinkLayers.Ethernet, Assert.Single(left)).Extract<UdpPacket>();
        Assert.Equal((0, 5353), (udp.Checksum, udp.DestinationPort));
    }

    [Fact]
    public void Sctp_gets_its_crc_whole_or_cut_off()
    {
        var frame = FrameMaker.Sctp(Pod, 5000, "10.96.0.99", 3868);
        var (whole, _) = Replay([frame]);
        var (cut, _) = Replay([frame[..^8]]);

        var transport = Assert.Single(whole)[34..];
        Assert.Equal(13868, BinaryPrimitives.ReadUInt16BigEndian(transport.AsSpan(2)));
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(transport.AsSpan(8));
        transport.AsSpan(8, 4).Clear();
        Assert.Equal(ReferenceChecksums.Crc32C(transport), crc);
        Assert.Equal(whole[0][..^8], Assert.Single(cut));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(9)]
    public void A_packet_that_was_cut_off_has_the_checksum_of_the_whole(int missing)
    {
        var frame = FrameMaker.Tcp(Pod, 5000, "10.96.0.10", 80, "something to say");
        var (whole, _) = Replay([frame]);
        var (cut, _) = Replay([frame[..^missing]]);

        FrameMaker.Describe(Assert.Single(whole));
        Assert.Equal(whole[0][..^missing], Assert.Single(cut));
    }

    [Fact]
    public void A_checksum_that_was_left_to_the_network_card_is_made_right()
    {
        var frame = FrameMaker.Tcp(Pod, 5000, "10.96.0.10", 80, "something to say");
        var offloaded = frame.ToArray();
        offloaded[34 + 16] ^= 0x5A;

        Assert.Equal(Replay([frame]).Left, Replay([offloaded]).Left);
    }

    [Fact]
    public void Rejected_packets_are_answered_and_the_answer_goes_back()
    {
        var (left, counts) = Replay(
            [FrameMaker.Tcp(Pod, 5000, "10.96.0.66", 80), FrameMaker.Tcp("fd00:64::9", 5000, "fd00:96::66", 80)]);

        Assert.Equal(
            [
                $"icmp 192.0.2.10 {Pod} UnreachablePort",
                "icmpv6 2001:db8::10 fd00:64::9 DestinationUnreachable 4",
            ],
            left.Select(FrameMaker.Describe));
        Assert.Equal((2, 2, 0), (counts.Rejected, counts.Answered, counts.Sent));
        Assert.Equal(FrameMaker.Tcp(Pod, 5000, "10.96.0.66", 80)[..6], left[0][6..12]);
    }

    [Fact]
    public void An_icmp_error_about_a_translated_packet_speaks_the_clients_language()
    {
        var there = FrameMaker.Udp(Pod, 5000, "10.96.0.53", 53, "question");
        var (left, _) = Replay([there]);
        var sent = left[0];
        var ip = ReadIp(sent);
        var about = new EmulatedPacket(
            new FlowTuple(ip.Source, default, Protocol.Udp, ip.Destination, default), "eth0");
        var error = RejectAnswer.Create(
            sent, ip, about, RejectKind.PortUnreachable, ip.Destination, swapsAddresses: true)!;
        var (both, _) = Replay([there, error]);

        Assert.Equal($"icmp 10.96.0.53 {Pod} UnreachablePort", FrameMaker.Describe(both[1]));
        var inner = both[1].AsSpan(14 + 20 + 8);
        Assert.Equal(ReadIp(there).Destination, Ip.FromBytes(inner[16..20]));
        Assert.Equal(53, BinaryPrimitives.ReadUInt16BigEndian(inner[22..]));
        Assert.Equal(0, ReferenceChecksums.Internet(inner[..20]));
        Assert.Equal(there.AsSpan(14 + 20, 8).ToArray(), inner[20..28].ToArray());
    }

    [Fact]
    public void Later_fragments_follow_the_first()
    {
        var whole = FrameMaker.Udp(Pod, 5000, "10.96.0.53", 53, new string('x', 64));
        var first = Fragment(whole, offset: 0, bytes: 40, more: true);
        var second = Fragment(whole, offset: 40, bytes: 32, more: false);
        var (left, counts) = Replay([second, first, second]);
        var (expected, _) = Replay([whole]);

        Assert.Equal((3, 1, 2), (counts.Read, counts.Orphans, counts.Sent));
        Assert.Equal(expected[0][34..], left.SelectMany(frame => frame[34..]));
        Assert.All(left, frame => Assert.Equal("10.64.1.9", ReadIp(frame).Destination.ToString()));
    }

    [Fact]
    public void Frames_of_any_bytes_are_counted_and_never_break_it()
    {
        var random = new SeededRandom(5);
        var sample = FrameMaker.Tcp("fd00:64::9", 5000, "fd00:96::10", 80, "payload");
        var other = FrameMaker.Udp(Pod, 5, "10.96.0.53", 53, "abc");
        var frames = new List<byte[]> { Array.Empty<byte>(), new byte[14] };
        for (var i = 0; i < 2000; i++)
        {
            var from = i % 2 == 0 ? sample : other;
            var frame = from[..(int)(random.Next() % (uint)from.Length)];
            for (var flips = random.Next() % 4; flips > 0 && frame.Length > 0; flips--)
                frame[random.Next() % (uint)frame.Length] = (byte)random.Next();
            frames.Add(frame);
        }

        var (_, counts) = Replay(frames);

        Assert.Equal(frames.Count, counts.Read);
        Assert.Equal(
            counts.Read,
            counts.Sent + counts.Delivered + counts.Dropped + counts.Rejected + counts.Unroutable + counts.Expired
                + counts.NotIp + counts.Unknown + counts.Orphans);
    }

    [Fact]
    public void A_capture_file_goes_in_and_one_comes_out()
    {
        RequireLibpcap();
        var (input, output) = (
            Path.Combine(_cluster.Directory, "in.pcap"), Path.Combine(_cluster.Directory, "out.pcap"));
        using (var writer = new CaptureFileWriterDevice(input))
        {
            writer.Open(new DeviceConfiguration { LinkLayerType = LinkLayers.Ethernet });
            Write(7, FrameMaker.Udp(Pod, 5000, "10.96.0.53", 53, "q"));
            Write(8, FrameMaker.Tcp(Pod, 1, "10.96.0.66", 80));

            void Write(ulong second, byte[] frame) =>
                writer.Write(new RawCapture(LinkLayers.Ethernet, new PosixTimeval(second, 5), frame));
        }

        var run = RulecRun.Of(
            "replay", "--pcap", input, "--write", output, "-f", _cluster.Path, "--node", SmallCluster.Node);

        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.Contains("2 read", run.Error);
        Assert.Contains("1 of these translated", run.Error);
        using var reader = new CaptureFileReaderDevice(output);
        reader.Open();
        Assert.Equal(GetPacketStatus.PacketRead, reader.GetNextPacket(out var left));
        Assert.Equal($"udp {Pod}:5000 10.64.1.9:5353 ttl 63", FrameMaker.Describe(left.Data.ToArray()));
        Assert.Equal(7UL, left.Header.Timeval.Seconds);
        Assert.Equal(GetPacketStatus.PacketRead, reader.GetNextPacket(out left));
        Assert.Equal($"icmp 192.0.2.10 {Pod} UnreachablePort", FrameMaker.Describe(left.Data.ToArray()));
    }

    [Fact]
    public void A_capture_that_is_cut_inside_a_packet_exits_2_behind_the_whole_ones()
    {
        RequireLibpcap();
        var (input, output) = (
            Path.Combine(_cluster.Directory, "cut.pcap"), Path.Combine(_cluster.Directory, "out.pcap"));
        using (var writer = new CaptureFileWriterDevice(input))
        {
            writer.Open(new DeviceConfiguration { LinkLayerType = LinkLayers.Ethernet });
            for (ulong second = 1; second <= 2; second++)
            {
                writer.Write(new RawCapture(
                    LinkLayers.Ethernet, new PosixTimeval(second, 0), FrameMaker.Udp(Pod, 5000, "10.96.0.53", 53, "q")));
            }
        }

        File.WriteAllBytes(input, File.ReadAllBytes(input)[..^3]);
        var run = RulecRun.Of(
            "replay", "--pcap", input, "--write", output, "-f", _cluster.Path, "--node", SmallCluster.Node);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("cut.pcap: error RC6009: cannot be read behind packet 1: ", run.Error);
        Assert.Contains("1 of these translated", run.Error);
        using var reader = new CaptureFileReaderDevice(output);
        reader.Open();
        Assert.Equal(GetPacketStatus.PacketRead, reader.GetNextPacket(out _));
        Assert.Equal(GetPacketStatus.NoRemainingPackets, reader.GetNextPacket(out _));
    }

    [Fact]
    public void Captures_that_cannot_be_read_exit_2()
    {
        RequireLibpcap();
        var noise = _cluster.Write("noise.pcap", "this is no capture at all, not even a short one");
        var output = Path.Combine(_cluster.Directory, "out.pcap");
        var unreadable = RulecRun.Of(
            "replay", "--pcap", noise, "--write", output, "-f", _cluster.Path, "--node", SmallCluster.Node);
        var missing = RulecRun.Of(
            "replay", "--pcap", "/nowhere.pcap", "--write", output, "-f", _cluster.Path, "--node", SmallCluster.Node);

        Assert.Equal(2, unreadable.ExitCode);
        Assert.Contains("error RC6009: cannot be read", unreadable.Error);
        Assert.Equal(2, missing.ExitCode);
        Assert.Contains("RC6009", missing.Error);
        Assert.False(File.Exists(output));
    }

    /// <summary>Without the library the verb has to say so; more cannot be tried then.</summary>
    private void RequireLibpcap()
    {
        if (NativeLibrary.TryLoad("libpcap.so.0.8", out _) || NativeLibrary.TryLoad("libpcap.so.1", out _)) return;
        var run = RulecRun.Of(
            "replay", "--pcap", "in.pcap", "--write", "out.pcap", "-f", _cluster.Path, "--node", SmallCluster.Node);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains(DiagnosticCatalog.MachineLacks.Id, run.Error);
        Assert.Skip("libpcap is not installed (Debian: libpcap0.8)");
    }

    private (List<byte[]> Left, ReplayCounts Counts) Replay(IEnumerable<byte[]> frames)
    {
        using var shell = new Shell(Stream.Null, TextWriter.Null, new StringWriter(), Terminal.None);
        var replayer = ReplayerOf(shell);
        var left = frames.Select((frame, i) => replayer.Send(frame, TimeSpan.FromSeconds(i))).OfType<byte[]>().ToList();
        return (left, replayer.Counts);
    }

    private Replayer ReplayerOf(Shell shell)
    {
        var session = new Session(
            shell, DiagnosticFormat.Text, ColorChoice.Never, verbose: false);
        var read = ClusterReader.Read([InputFile.FromText(_cluster.Path, SmallCluster.Yaml)]);
        var node = NodeFacts.Create(read.Cluster.Nodes[0], new ProxyConfig(), new KernelFacts());
        var loaded = new LoadedCluster(read.Cluster, node);
        return new Replayer(
            LinkLayers.Ethernet, family => EmulatedNode.OfCluster(loaded, family, 1, session), via: null);
    }

    private static IpLayout ReadIp(byte[] frame)
    {
        Assert.True(IpLayout.TryRead(frame, 14, out var ip));
        return ip;
    }

    /// <summary>Part of an IPv4 packet's payload, with the header's length, offset and checksum made to fit.</summary>
    private static byte[] Fragment(byte[] whole, int offset, int bytes, bool more)
    {
        byte[] frame = [.. whole[..34], .. whole[(34 + offset)..(34 + offset + bytes)]];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(16), (ushort)(20 + bytes));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(18), 77);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(20), (ushort)((offset / 8) | (more ? 0x2000 : 0)));
        FrameRewriter.FinishHeader(frame, ReadIp(frame));
        return frame;
    }
}
