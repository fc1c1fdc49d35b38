using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>
/// Everything that the mode programs for one family, in the order in which it is applied: ipsets, the addresses of
/// kube-ipvs0, virtual servers, iptables rules, and the sysctls that all of it relies on.
/// </summary>
/// <param name="Addresses">Bound to kube-ipvs0 as /32 or /128, which makes them local.</param>
/// <param name="Timeouts">Null leaves the kernel's.</param>
/// <param name="ExcludeCidrs">Virtual servers in them that are not in the artifact are left alone; sorted.</param>
public sealed record IpvsArtifact(
    Family Family,
    SortedSeq<IpSet> Sets,
    SortedSeq<Ip> Addresses,
    SortedSeq<VirtualServer> Servers,
    IptablesRuleset Rules,
    Seq<Sysctl> Sysctls,
    Timeouts? Timeouts = null,
    Seq<Prefix> ExcludeCidrs = default)
{
    /// <summary>Null when there is none of the name.</summary>
    internal IpSet? Find(string set)
    {
        var index = Sets.FirstIndex(other => string.CompareOrdinal(other.Name, set) >= 0);
        return index < Sets.Count && Sets[index] is var found && found.Name == set ? found : null;
    }

    /// <summary>Null when there is none of the key.</summary>
    internal VirtualServer? Find(ServerKey key)
    {
        var index = Servers.FirstIndex(server => server.Key >= key);
        return index < Servers.Count && Servers[index] is var found && found.Key == key ? found : null;
    }

    /// <summary>False also where there is no such set.</summary>
    internal bool Has(string set, IpSetEntry entry) => Find(set)?.Entries.TryFind(entry, out _) == true;
}

/// <summary>ipvsadm --set TCP TCPFIN UDP, in seconds; 0 leaves the kernel's.</summary>
public readonly record struct Timeouts(int TcpSeconds, int TcpFinSeconds, int UdpSeconds);

/// <summary>A kernel setting that the mode relies on, and why. <c>Name</c> with dots, as sysctl(8) writes it.</summary>
public sealed record Sysctl(string Name, string Value, string Reason);

/// <summary>-A -t|-u|--sctp-service ADDRESS:PORT -s SCHEDULER, and its real servers, sorted by endpoint.</summary>
/// <param name="PersistenceSeconds">-p; null without session affinity.</param>
/// <param name="Flags">Scheduler flags, -b: for mh and sh.</param>
/// <param name="OnePacket">-o: every packet of UDP is scheduled on its own. Never ours.</param>
public sealed record VirtualServer(
    Ip Address,
    Protocol Protocol,
    Port Port,
    Scheduler Scheduler,
    SchedulerFlags Flags,
    int? PersistenceSeconds,
    Seq<RealServer> RealServers,
    bool OnePacket = false) : IKeyed<VirtualServer>
{
    public static int CompareKeys(VirtualServer left, VirtualServer right) => left.Key.CompareTo(right.Key);

    internal ServerKey Key => new(Address, Protocol, Port);

    internal ServerOptions Options => new(Scheduler, Flags, PersistenceSeconds, OnePacket);
}

/// <summary>-a … -r ENDPOINT -m -w WEIGHT. Weight 0 takes no new flow.</summary>
/// <param name="Connections">What -Ln counted; null when nobody did.</param>
public sealed record RealServer(
    Endpoint Endpoint, int Weight, Forwarding Forwarding = Forwarding.Masquerade, Connections? Connections = null);

/// <summary>ActiveConn and InActConn of ipvsadm -Ln.</summary>
public readonly record struct Connections(int Active, int Inactive);

public enum Forwarding
{
    /// <summary>-m: NAT.</summary>
    Masquerade,

    /// <summary>-g: direct routing.</summary>
    Route,

    /// <summary>-i.</summary>
    Tunnel,
}

/// <summary>The kernel's schedulers (net/netfilter/ipvs/Kconfig @v6.1).</summary>
public enum Scheduler
{
    Rr,
    Wrr,
    Lc,
    Wlc,
    Lblc,
    Lblcr,
    Dh,
    Sh,
    Sed,
    Nq,
    Mh,
    Fo,
    Ovf,
}

/// <summary>IP_VS_SVC_F_SCHED1… of include/uapi/linux/ip_vs.h @v6.1; sh and mh name the first two.</summary>
[Flags]
public enum SchedulerFlags
{
    None = 0,

    /// <summary>sh-fallback, mh-fallback: another server where the chosen one has weight 0.</summary>
    Fallback = 8,

    /// <summary>sh-port, mh-port: the source port is hashed too.</summary>
    Port = 16,
    Third = 32,
}

/// <summary>create NAME TYPE …, and its entries.</summary>
public sealed record IpSet(string Name, IpSetType Type, int HashSize, int MaxElements, SortedSeq<IpSetEntry> Entries)
    : IKeyed<IpSet>
{
    public static int CompareKeys(IpSet left, IpSet right) => string.CompareOrdinal(left.Name, right.Name);
}

public enum IpSetType
{
    /// <summary>bitmap:port range 0-65535.</summary>
    BitmapPort,

    /// <summary>hash:ip.</summary>
    HashIp,

    /// <summary>hash:ip,port.</summary>
    HashIpPort,

    /// <summary>hash:ip,port,ip.</summary>
    HashIpPortIp,

    /// <summary>hash:ip,port,net.</summary>
    HashIpPortNet,
}

/// <summary>
/// What a type does not have is null. <c>Third</c> is the address or network of the three-part types.
/// </summary>
public readonly record struct IpSetEntry(Ip? Address, Protocol? Protocol, Port? Port, Prefix? Third)
    : IComparable<IpSetEntry>, IKeyed<IpSetEntry>
{
    public static int CompareKeys(IpSetEntry left, IpSetEntry right) => left.CompareTo(right);

    public int CompareTo(IpSetEntry other)
    {
        if (Nullable.Compare(Address, other.Address) is var byAddress and not 0) return byAddress;
        if (Nullable.Compare(Protocol, other.Protocol) is var byProtocol and not 0) return byProtocol;
        if (Nullable.Compare(Port, other.Port) is var byPort and not 0) return byPort;
        return Nullable.Compare(Third, other.Third);
    }

    public static bool operator <(IpSetEntry left, IpSetEntry right) => left.CompareTo(right) < 0;

    public static bool operator >(IpSetEntry left, IpSetEntry right) => left.CompareTo(right) > 0;

    public static bool operator <=(IpSetEntry left, IpSetEntry right) => left.CompareTo(right) <= 0;

    public static bool operator >=(IpSetEntry left, IpSetEntry right) => left.CompareTo(right) >= 0;
}
