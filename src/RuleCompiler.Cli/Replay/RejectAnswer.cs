using System.Buffers.Binary;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Replay;

/// <summary>The packet that a REJECT sends back to the client.</summary>
internal static class RejectAnswer
{
    /// <summary>
    /// Null where the kernel stays silent: about ICMP errors and later fragments (net/ipv4/icmp.c:__icmp_send @v6.1),
    /// and with a reset about a reset (net/ipv4/netfilter/nf_reject_ipv4.c @v6.1).
    /// </summary>
    /// <param name="from">The node's address that the answer comes from.</param>
    /// <param name="swapsAddresses">The frame begins with two hardware addresses.</param>
    public static byte[]? Create(
        ReadOnlySpan<byte> frame, in IpLayout ip, Packet packet, RejectKind with, Ip from, bool swapsAddresses)
    {
        if (packet.Error is not null || ip.FragmentOffset > 0) return null;
        var answer = with == RejectKind.TcpReset ? Reset(frame, ip, packet) : Unreachable(frame, ip, with, from);
        if (answer is null || !swapsAddresses) return answer;
        frame[..HardwareAddressBytes].CopyTo(answer.AsSpan(HardwareAddressBytes));
        frame.Slice(HardwareAddressBytes, HardwareAddressBytes).CopyTo(answer);
        return answer;
    }

    private static byte[] Unreachable(ReadOnlySpan<byte> frame, in IpLayout ip, RejectKind with, Ip from)
    {
        var head = HeadBytes(ip.Family);
        var limit = ip.Family == Family.Ipv4 ? Ipv4AnswerBytes : Ipv6AnswerBytes;
        var carried = Math.Min(ip.End - ip.Start, limit - head - Icmp.HeaderBytes);
        var protocol = ip.Family == Family.Ipv4 ? Protocol.Icmp : Protocol.Icmpv6;
        var tuple = new FlowTuple(from, default, protocol, ip.Source, default);
        var answer = Begin(frame, ip, tuple, Icmp.HeaderBytes + carried);
        var message = answer.AsSpan(ip.Start + head);
        message[0] = ip.Family == Family.Ipv4 ? (byte)3 : (byte)1;
        message[1] = CodeOf(with, ip.Family);
        frame.Slice(ip.Start, carried).CopyTo(message[Icmp.HeaderBytes..]);
        FrameRewriter.Compute(message, 2, tuple);
        return answer;
    }

    /// <summary>A reset that the client's TCP accepts (RFC 9293 §3.5.2): it acknowledges what was sent.</summary>
    private static byte[]? Reset(ReadOnlySpan<byte> frame, in IpLayout ip, Packet packet)
    {
        if (packet.Tcp is not { } flags || flags.HasFlag(TcpFlags.Rst)) return null;
        var segment = frame[ip.Transport..ip.End];
        var data = ip.TransportBytes - ((segment[12] >> 4) * 4);
        var consumed = (uint)Math.Max(data, 0);
        if (flags.HasFlag(TcpFlags.Syn)) consumed++;
        if (flags.HasFlag(TcpFlags.Fin)) consumed++;
        var tuple = packet.Tuple.Reversed;
        var answer = Begin(frame, ip, tuple, TcpHeaderBytes);
        var reset = answer.AsSpan(ip.Start + HeadBytes(ip.Family));
        BinaryPrimitives.WriteUInt16BigEndian(reset, tuple.SourcePort.Value);
        BinaryPrimitives.WriteUInt16BigEndian(reset[2..], tuple.DestinationPort.Value);
        reset[12] = (TcpHeaderBytes / 4) << 4;
        if (flags.HasFlag(TcpFlags.Ack))
        {
            segment[8..12].CopyTo(reset[4..]);
            reset[13] = (byte)TcpFlags.Rst;
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(
                reset[8..], BinaryPrimitives.ReadUInt32BigEndian(segment[4..]) + consumed);
            reset[13] = (byte)(TcpFlags.Rst | TcpFlags.Ack);
        }

        FrameRewriter.Compute(reset, 16, tuple);
        return answer;
    }

    /// <summary>The link-layer header and a new IP header.</summary>
    private static byte[] Begin(ReadOnlySpan<byte> frame, in IpLayout ip, FlowTuple tuple, int payloadBytes)
    {
        var head = HeadBytes(ip.Family);
        var answer = new byte[ip.Start + head + payloadBytes];
        frame[..ip.Start].CopyTo(answer);
        var header = answer.AsSpan(ip.Start);
        if (ip.Family == Family.Ipv4)
        {
            header[0] = 0x45;
            // The sender's TOS with precedence "internetwork control" (net/ipv4/icmp.c:__icmp_send @v6.1).
            header[1] = (byte)((frame[ip.Start + 1] & 0x1E) | 0xC0);
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(head + payloadBytes));
            header[9] = (byte)tuple.Protocol;
        }
        else
        {
            header[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)payloadBytes);
            header[6] = (byte)tuple.Protocol;
        }

        header[ip.HopLimitAt - ip.Start] = InitialHopLimit;
        tuple.Source.WriteTo(header[(ip.AddressesAt - ip.Start)..]);
        tuple.Destination.WriteTo(header[(ip.AddressesAt - ip.Start + (ip.Family.AddressBits() / 8))..]);
        FrameRewriter.FinishHeader(answer, ip with { Transport = ip.Start + head });
        return answer;
    }

    /// <summary>Codes of "destination unreachable": RFC 792 and RFC 1812 §5.2.7.1, RFC 4443 §3.1.</summary>
    private static byte CodeOf(RejectKind with, Family family) => with switch
    {
        RejectKind.NetUnreachable => 0,
        RejectKind.HostUnreachable => family == Family.Ipv4 ? (byte)1 : (byte)3,
        RejectKind.ProtocolUnreachable => family == Family.Ipv4 ? (byte)2 : (byte)4,
        RejectKind.PortUnreachable => family == Family.Ipv4 ? (byte)3 : (byte)4,
        RejectKind.AdminProhibited => family == Family.Ipv4 ? (byte)13 : (byte)1,
        RejectKind.TcpReset => throw new InvalidOperationException("a reset is no ICMP message"),
    };

    private static int HeadBytes(Family family) =>
        family == Family.Ipv4 ? IpLayout.Ipv4HeaderBytes : IpLayout.Ipv6HeaderBytes;

    /// <summary>RFC 1812 §4.3.2.3: an ICMP error has at most 576 bytes.</summary>
    private const int Ipv4AnswerBytes = 576;

    /// <summary>RFC 4443 §2.4(c): an ICMPv6 error fits the least MTU.</summary>
    private const int Ipv6AnswerBytes = 1280;

    private const int TcpHeaderBytes = 20;
    private const int HardwareAddressBytes = 6;

    /// <summary>net.ipv4.ip_default_ttl and net.ipv6.conf.all.hop_limit are 64.</summary>
    private const byte InitialHopLimit = 64;
}
