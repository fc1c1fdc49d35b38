using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>One run of one tool; <see cref="IpvsBackend.PrintStep"/> is its input.</summary>
public abstract record IpvsStep
{
    private IpvsStep()
    {
    }

    /// <summary>sysctl -p -.</summary>
    public sealed record SetSysctls(Seq<Sysctl> Sysctls) : IpvsStep;

    /// <summary>ipset restore.</summary>
    public sealed record ChangeSets(Seq<SetCommand> Commands) : IpvsStep;

    /// <summary>iptables-restore --noflush: one block, which the kernel takes as a whole.</summary>
    public sealed record ChangeRules(TableBlock Block) : IpvsStep;

    /// <summary>ipvsadm -R.</summary>
    public sealed record ChangeServers(Seq<ServerCommand> Commands) : IpvsStep;

    /// <summary>ip -batch -: addresses that kube-ipvs0 gets.</summary>
    public sealed record Bind(Seq<Ip> Addresses) : IpvsStep;

    /// <summary>ip -batch -: addresses that kube-ipvs0 loses.</summary>
    public sealed record Unbind(Seq<Ip> Addresses) : IpvsStep;

    /// <summary>
    /// Real servers with weight 0 that may still have connections. Each is to be deleted when ipvsadm -Ln counts none;
    /// who carries the step out waits, or deletes what is ready and plans again later.
    /// </summary>
    public sealed record Reap(Seq<ServerCommand.DeleteReal> Commands) : IpvsStep;
}

/// <summary>A line of ipset restore.</summary>
public abstract record SetCommand
{
    private SetCommand()
    {
    }

    /// <summary>create NAME TYPE … -exist.</summary>
    public sealed record Create(string Name, IpSetType Type, int HashSize, int MaxElements) : SetCommand;

    /// <summary>add NAME ENTRY.</summary>
    public sealed record Add(string Name, IpSetEntry Entry) : SetCommand;

    /// <summary>del NAME ENTRY.</summary>
    public sealed record Delete(string Name, IpSetEntry Entry) : SetCommand;

    /// <summary>flush NAME.</summary>
    public sealed record Flush(string Name) : SetCommand;

    /// <summary>swap FIRST SECOND: they change their contents, in one step of the kernel.</summary>
    public sealed record Swap(string First, string Second) : SetCommand;

    /// <summary>destroy NAME: no rule may refer to it.</summary>
    public sealed record Destroy(string Name) : SetCommand;
}

/// <summary>A line of ipvsadm -R.</summary>
public abstract record ServerCommand
{
    private ServerCommand()
    {
    }

    /// <summary>-A: a new virtual server without real servers.</summary>
    public sealed record AddServer(ServerKey Key, ServerOptions Options) : ServerCommand;

    /// <summary>-E.</summary>
    public sealed record EditServer(ServerKey Key, ServerOptions Options) : ServerCommand;

    /// <summary>-D, with its real servers.</summary>
    public sealed record DeleteServer(ServerKey Key) : ServerCommand;

    /// <summary>-a.</summary>
    public sealed record AddReal(ServerKey Key, Endpoint Endpoint, Forwarding Forwarding, int Weight) : ServerCommand;

    /// <summary>-e.</summary>
    public sealed record EditReal(ServerKey Key, Endpoint Endpoint, Forwarding Forwarding, int Weight) : ServerCommand;

    /// <summary>-d.</summary>
    public sealed record DeleteReal(ServerKey Key, Endpoint Endpoint) : ServerCommand;

    /// <summary>--set TCP TCPFIN UDP.</summary>
    public sealed record SetTimeouts(Timeouts Timeouts) : ServerCommand;

    /// <summary>-C: everybody's virtual servers go.</summary>
    public sealed record Clear : ServerCommand;
}

/// <summary>What identifies a virtual server. Ordered by address, protocol and port.</summary>
public readonly record struct ServerKey(Ip Address, Protocol Protocol, Port Port) : IComparable<ServerKey>
{
    public int CompareTo(ServerKey other)
    {
        if (Address.CompareTo(other.Address) is var byAddress and not 0) return byAddress;
        if (Protocol.CompareTo(other.Protocol) is var byProtocol and not 0) return byProtocol;
        return Port.CompareTo(other.Port);
    }

    public static bool operator <(ServerKey left, ServerKey right) => left.CompareTo(right) < 0;

    public static bool operator >(ServerKey left, ServerKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(ServerKey left, ServerKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ServerKey left, ServerKey right) => left.CompareTo(right) >= 0;
}

/// <summary>What -E can change of a virtual server.</summary>
public readonly record struct ServerOptions(
    Scheduler Scheduler, SchedulerFlags Flags, int? PersistenceSeconds, bool OnePacket = false);
