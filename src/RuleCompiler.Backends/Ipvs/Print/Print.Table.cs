using System.Globalization;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <content>The table as ipvsadm -Ln lists it, and the names that both of its forms have.</content>
public sealed partial class IpvsBackend
{
    /// <summary>kube-proxy's weight of every real server (service-semantics §6.2).</summary>
    internal const int WeightDefault = 1;

    /// <summary>31 days (ipvsadm.c:MAX_TIMEOUT @1.31; measured: 5000000 is refused).</summary>
    internal const int TimeoutSecondsMax = 86400 * 31;

    internal const string TableVersion = "IP Virtual Server version 1.2.1 (size=4096)";
    internal const string TableServerTitle = "Prot LocalAddress:Port Scheduler Flags";
    internal const string TableRealTitle = "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn";

    private static readonly SchedulerFlags[] _flags =
        [SchedulerFlags.Fallback, SchedulerFlags.Port, SchedulerFlags.Third];

    private static readonly Scheduler[] _schedulers = Enum.GetValues<Scheduler>();

    /// <summary>The kernel's, in the order of its Kconfig.</summary>
    public static Seq<string> SchedulerNames { get; } = _schedulers.Select(NameOf).ToSeq();

    public static string NameOf(Scheduler scheduler) => scheduler switch
    {
        Scheduler.Rr => "rr",
        Scheduler.Wrr => "wrr",
        Scheduler.Lc => "lc",
        Scheduler.Wlc => "wlc",
        Scheduler.Lblc => "lblc",
        Scheduler.Lblcr => "lblcr",
        Scheduler.Dh => "dh",
        Scheduler.Sh => "sh",
        Scheduler.Sed => "sed",
        Scheduler.Nq => "nq",
        Scheduler.Mh => "mh",
        Scheduler.Fo => "fo",
        Scheduler.Ovf => "ovf",
    };

    public static bool TryParseScheduler(ReadOnlySpan<char> name, out Scheduler scheduler)
    {
        foreach (var known in _schedulers)
        {
            if (!name.SequenceEqual(NameOf(known))) continue;
            scheduler = known;
            return true;
        }

        scheduler = default;
        return false;
    }

    /// <summary>
    /// Exactly what <c>ipvsadm -Ln</c> prints where the kernel holds these servers, blanks at the ends of lines
    /// included (ipvsadm.c:print_title, print_service_entry @1.31; measured).
    /// </summary>
    public static string PrintTable(IpvsArtifact artifact)
    {
        var writer = new ArtifactWriter();
        writer.Write($"{TableVersion}\n{TableServerTitle}\n{TableRealTitle}\n");
        foreach (var server in InToolsOrder(artifact.Servers))
        {
            writer.Write(server.Protocol switch
            {
                Protocol.Tcp => "TCP  ",
                Protocol.Udp => "UDP  ",
                Protocol.Sctp => "SCTP ",
                Protocol.Icmp or Protocol.Icmpv6 => throw NoServer(server.Protocol),
            });
            writer.Write(new Endpoint(server.Address, server.Port));
            writer.Write(' ');
            writer.Write(NameOf(server.Scheduler));
            if (server.Flags != SchedulerFlags.None)
            {
                writer.Write(" (");
                PrintFlags(writer, server.Scheduler, server.Flags);
                writer.Write(')');
            }

            if (server.PersistenceSeconds is { } seconds)
            {
                writer.Write(" persistent ");
                writer.Write(seconds);
            }

            if (server.OnePacket) writer.Write(" ops");
            writer.Line();
            foreach (var real in server.RealServers) PrintTableLine(writer, real);
        }

        return writer.ToString();
    }

    /// <summary>  -> %-28s %-7s %-6d %-10u %-10u.</summary>
    private static void PrintTableLine(ArtifactWriter writer, RealServer real)
    {
        writer.Write("  -> ");
        Column(real.Endpoint.ToString(), 28);
        Column(
            real.Forwarding switch
            {
                Forwarding.Masquerade => "Masq",
                Forwarding.Route => "Route",
                Forwarding.Tunnel => "Tunnel",
            },
            7);
        Column(Number(real.Weight), 6);
        Column(Number(real.Connections?.Active ?? 0), 10);
        writer.Write(Number(real.Connections?.Inactive ?? 0).PadRight(10));
        writer.Line();

        void Column(string text, int width)
        {
            writer.Write(text.PadRight(width));
            writer.Write(' ');
        }

        static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// By family, protocol, address and port. The tool takes the difference of two addresses, of IPv6 word by word, as a
    /// signed number, so 203.0.113.1 comes before 10.0.0.1 (libipvs.c:ipvs_cmp_services @1.31; measured). That is no
    /// order, so what it makes of three addresses in a circle depends on how the kernel hashed them; here they are merged
    /// from numeric order.
    /// </summary>
    private static VirtualServer[] InToolsOrder(SortedSeq<VirtualServer> servers)
    {
        var sorted = servers.ToArray();
        MergeSort(sorted, new VirtualServer[sorted.Length]);
        return sorted;

        static void MergeSort(Span<VirtualServer> items, Span<VirtualServer> spare)
        {
            if (items.Length < 2) return;
            var left = items[..(items.Length / 2)];
            var right = items[left.Length..];
            MergeSort(left, spare);
            MergeSort(right, spare);
            var (i, j) = (0, 0);
            while (i + j < items.Length)
            {
                var takeLeft = j == right.Length || (i < left.Length && Compare(left[i], right[j]) <= 0);
                spare[i + j] = takeLeft ? left[i] : right[j];
                if (takeLeft)
                    i++;
                else
                    j++;
            }

            spare[..items.Length].CopyTo(items);
        }

        static int Compare(VirtualServer left, VirtualServer right)
        {
            if (left.Address.Family != right.Address.Family) return left.Address.Family.CompareTo(right.Address.Family);
            if (left.Protocol != right.Protocol) return left.Protocol.CompareTo(right.Protocol);
            for (var shift = 96; shift >= 0; shift -= 32)
            {
                var words = unchecked((int)((uint)(left.Address.Bits >> shift) - (uint)(right.Address.Bits >> shift)));
                if (words != 0) return words;
            }

            return left.Port.CompareTo(right.Port);
        }
    }

    /// <summary>Names of the flags, the first one first (measured: ipvsadm 1.31).</summary>
    private static void PrintFlags(ArtifactWriter writer, Scheduler scheduler, SchedulerFlags flags)
    {
        var first = true;
        foreach (var flag in _flags)
        {
            if ((flags & flag) == 0) continue;
            if (!first) writer.Write(',');
            writer.Write(NameOf(scheduler, flag));
            first = false;
        }
    }

    internal static string NameOf(Scheduler scheduler, SchedulerFlags flag) => (scheduler, flag) switch
    {
        (Scheduler.Sh, SchedulerFlags.Fallback) => "sh-fallback",
        (Scheduler.Sh, SchedulerFlags.Port) => "sh-port",
        (Scheduler.Mh, SchedulerFlags.Fallback) => "mh-fallback",
        (Scheduler.Mh, SchedulerFlags.Port) => "mh-port",
        (_, SchedulerFlags.Fallback) => "flag-1",
        (_, SchedulerFlags.Port) => "flag-2",
        (_, SchedulerFlags.Third) => "flag-3",
        _ => throw new ArgumentOutOfRangeException(nameof(flag)),
    };
}
