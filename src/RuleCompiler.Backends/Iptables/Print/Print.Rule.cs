using System.Diagnostics;
using System.Numerics;
using System.Text;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <content>One rule: header matches, comment, extensions, target; every part is preceded by its space.</content>
public sealed partial class IptablesBackend
{
    private static void PrintRule(ArtifactWriter writer, Rule rule, Family family)
    {
        var matches = rule.Matches.Span;
        var header = 0;
        Protocol? protocol = null;
        for (; header < matches.Length && HeaderRank(matches[header]) < ExtensionRank; header++)
        {
            if (header > 0 && HeaderRank(matches[header]) <= HeaderRank(matches[header - 1]))
                throw Unprintable($"{matches[header]} behind {matches[header - 1]}: header matches have one order");
            if (matches[header] is Match.OfProtocol { Inverted: false } match) protocol = match.Protocol;
            PrintHeaderMatch(writer, matches[header], family);
        }

        if (rule.Comment is { } comment)
        {
            if (Encoding.UTF8.GetByteCount(comment) > CommentBytesMax)
                throw Unprintable($"a comment of more than {CommentBytesMax} bytes");
            writer.Write(" -m comment --comment ");
            PrintQuoted(writer, comment);
        }

        for (var i = header; i < matches.Length; i++)
        {
            // One -m tcp holds both ports when the source comes first, which is also how iptables-save lists it.
            var joined = matches[i] is Match.DestinationPort && i > header && matches[i - 1] is Match.SourcePort;
            PrintExtension(writer, matches[i], protocol, joined, family);
        }

        PrintTarget(writer, rule.Target, family);
    }

    /// <summary>Behind the five header matches of <see cref="HeaderRank"/>.</summary>
    private const int ExtensionRank = 5;

    /// <summary>
    /// Canonical order of the matches that every rule has room for, once each (struct ipt_ip); the rest follow.
    /// </summary>
    private static int HeaderRank(Match match) => match switch
    {
        Match.Source => 0,
        Match.Destination => 1,
        Match.InInterface => 2,
        Match.OutInterface => 3,
        Match.OfProtocol => 4,
        _ => ExtensionRank,
    };

    private static void PrintHeaderMatch(ArtifactWriter writer, Match match, Family family)
    {
        switch (match)
        {
            case Match.Source source:
                PrintOption(writer, source.Inverted, "-s ");
                PrintNetwork(writer, source.Address, source.Mask, family);
                break;
            case Match.Destination destination:
                PrintOption(writer, destination.Inverted, "-d ");
                PrintNetwork(writer, destination.Address, destination.Mask, family);
                break;
            case Match.InInterface input:
                PrintOption(writer, input.Inverted, "-i ");
                PrintWord(writer, input.Name);
                break;
            case Match.OutInterface output:
                PrintOption(writer, output.Inverted, "-o ");
                PrintWord(writer, output.Name);
                break;
            case Match.OfProtocol protocol:
                PrintOption(writer, protocol.Inverted, "-p ");
                writer.Write(protocol.Protocol.KernelName());
                break;
            default:
                throw new UnreachableException();
        }
    }

    private static void PrintExtension(
        ArtifactWriter writer, Match match, Protocol? protocol, bool joined, Family family)
    {
        switch (match)
        {
            case Match.SourcePort port:
                PrintPorts(writer, protocol, joined, port.Inverted, "--sport ", port.First, port.Last);
                break;
            case Match.DestinationPort port:
                PrintPorts(writer, protocol, joined, port.Inverted, "--dport ", port.First, port.Last);
                break;
            case Match.ConntrackState state:
                writer.Write(" -m conntrack");
                PrintOption(writer, state.Inverted, "--ctstate ");
                PrintStates(writer, state.States);
                break;
            case Match.Mark mark:
                writer.Write(" -m mark");
                PrintOption(writer, mark.Inverted, "--mark ");
                PrintMark(writer, mark.Value, mark.Mask);
                break;
            case Match.SourceIsLocal local:
                writer.Write(" -m addrtype");
                PrintOption(writer, local.Inverted, "--src-type LOCAL");
                break;
            case Match.DestinationIsLocal local:
                writer.Write(" -m addrtype");
                PrintOption(writer, local.Inverted, "--dst-type LOCAL");
                break;
            case Match.Statistic statistic:
                writer.Write(" -m statistic --mode random");
                PrintOption(writer, statistic.Inverted, "--probability ");
                PrintProbability(writer, statistic.Threshold);
                break;
            case Match.Recent recent:
                PrintRecent(writer, recent, family);
                break;
            case Match.Bpf bpf:
                PrintBytecode(writer, bpf.Program);
                break;
            case Match.Nfacct nfacct:
                writer.Write(" -m nfacct --nfacct-name ");
                PrintWord(writer, nfacct.Name);
                break;
            case Match.InSet set:
                writer.Write(" -m set");
                PrintOption(writer, set.Inverted, "--match-set ");
                PrintSet(writer, set.Set, set.Dimensions);
                break;
            case Match.IsFromBridgePort port:
                writer.Write(" -m physdev");
                PrintOption(writer, port.Inverted, "--physdev-is-in");
                break;
            case Match.IsThroughIpvs through:
                writer.Write(" -m ipvs");
                PrintOption(writer, through.Inverted, "--ipvs");
                break;
            case Match.ToVirtualServer server:
                PrintVirtualServer(writer, server, family);
                break;
            case Match.Source or Match.Destination or Match.InInterface or Match.OutInterface or Match.OfProtocol:
                throw Unprintable($"{match} behind an extension: header matches come first");
            default:
                throw new UnreachableException();
        }
    }

    private static void PrintTarget(ArtifactWriter writer, Target? target, Family family)
    {
        switch (target)
        {
            case null:
                break;
            case Target.Accept:
                writer.Write(" -j ACCEPT");
                break;
            case Target.Drop:
                writer.Write(" -j DROP");
                break;
            case Target.Return:
                writer.Write(" -j RETURN");
                break;
            case Target.Jump jump:
                writer.Write(" -j ");
                PrintChainName(writer, jump.Chain);
                break;
            case Target.Goto jump:
                writer.Write(" -g ");
                PrintChainName(writer, jump.Chain);
                break;
            case Target.Reject reject:
                writer.Write(" -j REJECT --reject-with ");
                writer.Write(RejectName(reject.With, family) ?? throw Unprintable($"{reject.With} for {family}"));
                break;
            case Target.Dnat dnat:
                if (dnat.To.Address.Family != family) throw Unprintable($"{dnat.To} as a destination for {family}");
                writer.Write(" -j DNAT --to-destination ");
                writer.Write(dnat.To);
                break;
            case Target.Masquerade masquerade:
                writer.Write(masquerade.RandomFully ? " -j MASQUERADE --random-fully" : " -j MASQUERADE");
                break;
            case Target.SetMark mark:
                writer.Write(" -j MARK --set-xmark ");
                PrintMark(writer, mark.Flip, mark.Clear, alwaysMask: true);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private static void PrintPorts(
        ArtifactWriter writer, Protocol? protocol, bool joined, bool inverted, string option, Port first, Port last)
    {
        if (protocol is not { } known || !known.HasPorts()) throw Unprintable("a port without -p tcp, udp or sctp");
        if (!joined)
        {
            writer.Write(" -m ");
            writer.Write(known.KernelName());
        }

        PrintOption(writer, inverted, option);
        writer.Write(first);
        if (first == last) return;
        writer.Write(':');
        writer.Write(last);
    }

    private static void PrintRecent(ArtifactWriter writer, Match.Recent recent, Family family)
    {
        writer.Write(" -m recent");
        PrintOption(writer, recent.Inverted, RecentOption(recent.Action));
        if (recent.Seconds > 0)
        {
            writer.Write(" --seconds ");
            writer.Write(recent.Seconds);
        }

        if (recent.Reap) writer.Write(" --reap");
        if (recent.HitCount > 0)
        {
            writer.Write(" --hitcount ");
            writer.Write(recent.HitCount);
        }

        if (recent.Mask.Family != family) throw Unprintable($"the mask {recent.Mask} for {family}");
        writer.Write(" --name ");
        PrintWord(writer, recent.List);
        writer.Write(" --mask ");
        writer.Write(recent.Mask);
        writer.Write(" --rsource");
    }

    private static void PrintBytecode(ArtifactWriter writer, Seq<BpfInstruction> program)
    {
        writer.Write(" -m bpf --bytecode \"");
        writer.Write(program.Count);
        foreach (var instruction in program)
        {
            writer.Write(',');
            writer.Write(instruction.Code);
            writer.Write(' ');
            writer.Write(instruction.JumpTrue);
            writer.Write(' ');
            writer.Write(instruction.JumpFalse);
            writer.Write(' ');
            writer.Write(instruction.K);
        }

        writer.Write('"');
    }

    /// <summary>
    /// ADDRESS/LENGTH, or ADDRESS/MASK where the mask is no prefix; both tools and flavours take either.
    /// </summary>
    private static void PrintNetwork(ArtifactWriter writer, Ip address, Ip mask, Family family)
    {
        if (address.Family != family || mask.Family != family) throw Unprintable($"{address}/{mask} for {family}");
        if ((address.Bits & ~mask.Bits) != 0) throw Unprintable($"{address}/{mask}: bits outside the mask");
        writer.Write(address);
        writer.Write('/');
        var hostBits = mask.Bits ^ family.HostMask();
        if ((hostBits & (hostBits + 1)) == 0)
            writer.Write(family.AddressBits() - BitOperations.PopCount((ulong)hostBits) -
                         BitOperations.PopCount((ulong)(hostBits >> 64)));
        else
            writer.Write(mask);
    }

    /// <summary>
    /// Fourteen decimals. The tool computes lround(2^31 · p) from them (extensions/libxt_statistic.c:statistic_parse
    /// @iptables 1.8.9); half a unit of the last place is 1.1e-5 of a threshold step, so it comes back exactly.
    /// </summary>
    private static void PrintProbability(ArtifactWriter writer, uint threshold)
    {
        if (threshold > 1u << 31) throw Unprintable($"a threshold of {threshold}, above 2^31");

        // t / 2^31 · 10^14 = t · 5^14 / 2^17, rounded; t · 5^14 < 2^64.
        const ulong FiveToThe14 = 6_103_515_625;
        const ulong TenToThe14 = 100_000_000_000_000;
        var scaled = ((threshold * FiveToThe14) + (1 << 16)) >> 17;
        writer.Write(scaled / TenToThe14);
        writer.Write('.');
        writer.Write(scaled % TenToThe14, "D14");
    }

    /// <summary>
    /// Names in the order in which iptables-save lists them (extensions/libxt_conntrack.c:print_state @1.8.9).
    /// </summary>
    private static void PrintStates(ArtifactWriter writer, ConntrackStates states)
    {
        if (states == ConntrackStates.None) throw Unprintable("an empty list of states");
        var first = true;
        foreach (var (state, name) in StateNames)
        {
            if ((states & state) == 0) continue;
            if (!first) writer.Write(',');
            writer.Write(name);
            first = false;
        }
    }

    private static readonly (ConntrackStates State, string Name)[] StateNames =
    [
        (ConntrackStates.Invalid, "INVALID"),
        (ConntrackStates.New, "NEW"),
        (ConntrackStates.Related, "RELATED"),
        (ConntrackStates.Established, "ESTABLISHED"),
        (ConntrackStates.Untracked, "UNTRACKED"),
        (ConntrackStates.Snat, "SNAT"),
        (ConntrackStates.Dnat, "DNAT"),
    ];

    /// <summary><see cref="ConntrackStates.None"/> for a name that is none.</summary>
    internal static ConntrackStates StateOf(ReadOnlySpan<char> text)
    {
        foreach (var (state, name) in StateNames)
        {
            if (text.SequenceEqual(name)) return state;
        }

        return ConntrackStates.None;
    }

    internal static string RecentOption(RecentAction action) => action switch
    {
        RecentAction.Check => "--rcheck",
        RecentAction.Update => "--update",
        RecentAction.Set => "--set",
        RecentAction.Remove => "--remove",
    };

    /// <summary>
    /// Null where the family has no such answer (extensions/libipt_REJECT.c, libip6t_REJECT.c: reject_table @1.8.9).
    /// </summary>
    internal static string? RejectName(RejectKind kind, Family family) => (kind, family) switch
    {
        (RejectKind.PortUnreachable, Family.Ipv4) => "icmp-port-unreachable",
        (RejectKind.HostUnreachable, Family.Ipv4) => "icmp-host-unreachable",
        (RejectKind.NetUnreachable, Family.Ipv4) => "icmp-net-unreachable",
        (RejectKind.ProtocolUnreachable, Family.Ipv4) => "icmp-proto-unreachable",
        (RejectKind.AdminProhibited, Family.Ipv4) => "icmp-admin-prohibited",
        (RejectKind.TcpReset, _) => "tcp-reset",
        (RejectKind.PortUnreachable, Family.Ipv6) => "icmp6-port-unreachable",
        (RejectKind.HostUnreachable, Family.Ipv6) => "icmp6-addr-unreachable",
        (RejectKind.NetUnreachable, Family.Ipv6) => "icmp6-no-route",
        (RejectKind.AdminProhibited, Family.Ipv6) => "icmp6-adm-prohibited",
        (RejectKind.ProtocolUnreachable, Family.Ipv6) => null,
    };

    /// <summary>Null for what is no name of the family, or one that no <see cref="RejectKind"/> stands for.</summary>
    internal static RejectKind? RejectKindOf(ReadOnlySpan<char> text, Family family)
    {
        foreach (var kind in RejectKinds)
        {
            if (RejectName(kind, family) is { } name && text.SequenceEqual(name)) return kind;
        }

        return null;
    }

    private static readonly RejectKind[] RejectKinds = Enum.GetValues<RejectKind>();

    private static void PrintMark(ArtifactWriter writer, uint value, uint mask, bool alwaysMask = false)
    {
        writer.Write("0x");
        writer.Write(value, "x");
        if (mask == uint.MaxValue && !alwaysMask) return;
        writer.Write("/0x");
        writer.Write(mask, "x");
    }

    private static void PrintOption(ArtifactWriter writer, bool inverted, string option)
    {
        writer.Write(inverted ? " ! " : " ");
        writer.Write(option);
    }
}
