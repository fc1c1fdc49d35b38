using RuleCompiler.Cli.Inputs;
using PacketDotNet;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using Packet = RuleCompiler.Emulator.Packet;

namespace RuleCompiler.Cli.Replay;

/// <summary>
/// Sends captured frames through an emulated node, one after the other, at their own times, and gives what the node
/// puts onto the wire in turn.
/// </summary>
/// <param name="emulationOf">
/// The rules of a family; null where there are none, and then its packets are unknown.
/// </param>
/// <param name="via">The interface that everything arrives on; null finds it by the source address.</param>
internal sealed class Replayer(LinkLayers link, Func<Family, EmulatedNode?> emulationOf, string? via)
{
    private readonly Dictionary<FragmentKey, FragmentWay> _fragments = [];
    private readonly Dictionary<Family, EmulatedNode?> _emulations = [];

    public ReplayCounts Counts { get; } = new();

    /// <summary>The frame that leaves, null for none. The frame given is not changed.</summary>
    public byte[]? Send(byte[] frame, TimeSpan sinceEpoch)
    {
        Counts.Read++;
        if (CaptureFrame.IpStartOf(link, frame) is not { } start || !IpLayout.TryRead(frame, start, out var ip))
        {
            Counts.NotIp++;
            return null;
        }

        if (EmulationOf(ip.Family) is not { } emulation) return Unknown();
        var ahead = sinceEpoch - (emulation.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch);
        if (ahead > TimeSpan.Zero) emulation.Clock.Advance(ahead);
        if (ip.FragmentOffset > 0) return SendLaterFragment(frame, ip);

        var packet = PacketReader.Read(frame, ip, via ?? emulation.ArrivalOf(ip.Source));
        if (packet is null) return Unknown();
        var passage = emulation.Machine.Send(packet, trace: false);
        if (ip.MoreFragments) Remember(ip, packet, passage);
        return Leave(frame, ip, packet, passage, emulation);
    }

    private byte[]? Leave(byte[] frame, in IpLayout ip, Packet packet, Passage passage, EmulatedNode emulation)
    {
        switch (passage.Fate)
        {
            case Fate.Sent:
                return Forward(frame, ip, packet, passage.Sent);
            case Fate.Rejected rejected:
                Counts.Rejected++;
                return Answer(frame, ip, packet, rejected, emulation);
            default:
                Count(passage.Fate);
                return null;
        }
    }

    private byte[]? Forward(byte[] frame, in IpLayout ip, Packet packet, Packet sent)
    {
        var isForwarded = packet.InputInterface is not null;
        if (isForwarded && frame[ip.HopLimitAt] <= 1)
        {
            Counts.Expired++;
            return null;
        }

        Counts.Sent++;
        if (sent.Tuple != packet.Tuple || sent.Error != packet.Error) Counts.Translated++;
        var leaving = frame.ToArray();
        if (!FrameRewriter.Rewrite(leaving, ip, sent.Tuple, sent.Error, isForwarded)) Counts.WrongChecksums++;
        return leaving;
    }

    /// <summary>A process of the node hears of its reject over lo: nothing leaves.</summary>
    private byte[]? Answer(byte[] frame, in IpLayout ip, Packet packet, Fate.Rejected rejected, EmulatedNode emulation)
    {
        if (packet.InputInterface is null) return null;
        var from = emulation.IsLocal(ip.Destination)
            ? ip.Destination
            : emulation.AddressTowards(packet.InputInterface) ?? ip.Destination;
        var answer = RejectAnswer.Create(frame, ip, packet, rejected.With, from, CaptureFrame.HasAddresses(link));
        if (answer is not null) Counts.Answered++;
        return answer;
    }

    /// <summary>
    /// The kernel puts fragments together before conntrack sees them, so that the later ones share the first one's fate
    /// (net/ipv4/netfilter/nf_defrag_ipv4.c @v6.1).
    /// </summary>
    private byte[]? SendLaterFragment(byte[] frame, in IpLayout ip)
    {
        if (!_fragments.TryGetValue(KeyOf(ip), out var way))
        {
            Counts.Orphans++;
            return null;
        }

        if (way.Fate is not Fate.Sent)
        {
            if (way.Fate is Fate.Rejected) Counts.Rejected++;
            else Count(way.Fate);
            return null;
        }

        Counts.Sent++;
        if (way.Source != ip.Source || way.Destination != ip.Destination) Counts.Translated++;
        var leaving = frame.ToArray();
        FrameRewriter.RewriteLaterFragment(leaving, ip, way.Source, way.Destination, way.IsForwarded);
        return leaving;
    }

    private void Remember(in IpLayout ip, Packet packet, Passage passage)
    {
        if (_fragments.Count >= FragmentsMax) _fragments.Clear();
        _fragments[KeyOf(ip)] = new FragmentWay(
            passage.Fate, passage.Sent.Tuple.Source, passage.Sent.Tuple.Destination, packet.InputInterface is not null);
    }

    private void Count(Fate fate)
    {
        switch (fate)
        {
            case Fate.Delivered:
                Counts.Delivered++;
                break;
            case Fate.Dropped:
                Counts.Dropped++;
                break;
            case Fate.Unroutable:
                Counts.Unroutable++;
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private byte[]? Unknown()
    {
        Counts.Unknown++;
        return null;
    }

    private EmulatedNode? EmulationOf(Family family)
    {
        if (!_emulations.TryGetValue(family, out var emulation)) _emulations[family] = emulation = emulationOf(family);
        return emulation;
    }

    private static FragmentKey KeyOf(in IpLayout ip) => new(ip.Source, ip.Destination, ip.Protocol, ip.FragmentId);

    /// <summary>Bounds memory; the kernel keeps fragments for 30 s and 4 MiB.</summary>
    private const int FragmentsMax = 65_536;

    private readonly record struct FragmentKey(Ip Source, Ip Destination, byte Protocol, uint Id);

    private readonly record struct FragmentWay(Fate Fate, Ip Source, Ip Destination, bool IsForwarded);
}
