using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// Netfilter for one program on one node: takes a walk through the stations of its hooks to its end. This file is the
/// way between hooks (net/ipv4/ip_{input,forward,output}.c); the rules, conntrack and NAT are the other parts.
/// </summary>
internal sealed partial class Machine
{
    private static readonly Fate.Dropped DroppedFate = new();
    private static readonly Fate.Delivered DeliveredFate = new();
    private static readonly Fate.Unroutable UnroutableFate = new();

    private const string VirtualDevice = "kube-ipvs0";

    private readonly PacketProgram _program;
    private readonly HostNetwork _host;
    private readonly Routing _routing;
    private readonly ConnectionTable _connections;
    private readonly RecentList[] _recent;
    private readonly IRandomSource _random;
    private readonly Station[][] _stations;
    private readonly int[][] _natChains;
    private readonly Dictionary<string, Fate.Sent> _sentFates = new(StringComparer.Ordinal);

    /// <summary>Set while exploring: where the turns not taken wait. Nothing outside the walk changes then.</summary>
    private Stack<Walk>? _turns;

    private long _now;

    public Machine(
        PacketProgram program, HostNetwork host, ConnectionTable connections, RecentList[] recent, SetTable[] sets,
        IpvsState? ipvs, IRandomSource random)
    {
        _program = program;
        _host = host;
        _ipvs = ipvs;
        _bridges = host.Interfaces.Where(one => one.IsBridge).Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
        _routing = new Routing(WithVirtualAddresses(host, program), program.Family);
        _connections = connections;
        _recent = recent;
        _random = random;
        _sets = sets;
        _counters = new uint[program.Counters];
        _stations = Station.Of(program);
        _natChains = Station.NatChainsOf(program);
        _rules = program.Rules.Span.ToArray();
        _guards = program.Guards.Span.ToArray();
        _chains = program.Chains.Span.ToArray();
        _indexes = ChainIndex.Build(program);
    }

    public Fate Send(Walk walk, long now)
    {
        _turns = null;
        _now = now;
        _ipvs?.Expire(now);
        return Enter(walk) ?? Run(walk);
    }

    /// <summary>One branch; the turns that it did not take are pushed.</summary>
    public Fate Explore(Walk walk, long now, Stack<Walk> turns, bool isStart)
    {
        _turns = turns;
        _now = now;
        _ipvs?.Expire(now);
        return (isStart ? Enter(walk) : null) ?? Run(walk);
    }

    private bool IsExploring => _turns is not null;

    private Fate? Enter(Walk walk)
    {
        if (walk.Input is null)
        {
            walk.Hook = Hook.Output;
            return RouteOutput(walk);
        }

        walk.Hook = Hook.Prerouting;

        // IPv6 refuses ::1 from outside before any hook (net/ipv6/ip6_input.c:ip6_rcv_core @v6.1).
        if (_program.Family == Family.Ipv6 && walk.Input != Routing.Loopback &&
            (_routing.IsLoopback(walk.Tuple.Source) || _routing.IsLoopback(walk.Tuple.Destination)))
        {
            return Stop(walk, "drop: loopback address from outside");
        }

        return null;
    }

    private Fate Run(Walk walk)
    {
        while (true)
        {
            if (walk.InRules)
            {
                var verdict = RunRules(walk);
                walk.InRules = false;
                if (verdict == VerdictKind.Drop) return DroppedFate;
                if (verdict == VerdictKind.Reject) return Reject(walk);
                if (_stations[(int)walk.Hook][walk.Station - 1].Kind == StationKind.Nat && NextNat(walk) is { } end)
                    return end;
                if (walk.InRules) continue;
            }

            var stations = _stations[(int)walk.Hook];
            if (walk.Station == stations.Length)
            {
                if (LeaveHook(walk) is { } end) return end;
                continue;
            }

            var station = stations[walk.Station++];
            switch (station.Kind)
            {
                case StationKind.Track:
                    if (Track(walk) is { } full) return full;
                    break;
                case StationKind.Rules:
                    EnterBase(walk, station.Base);
                    break;
                case StationKind.Nat:
                    if (EnterNat(walk) is { } end) return end;
                    break;
                case StationKind.IpvsOut:
                    if (LeaveIpvs(walk) is { } stray) return stray;
                    break;
                case StationKind.IpvsIn:
                    if (EnterIpvs(walk) is { } stop) return stop;
                    break;
                case StationKind.IpvsError:
                    if (walk is { Inner: not null, IsThroughIpvs: false } && EnterIpvsWithError(walk) is { } lost)
                        return lost;
                    break;
            }
        }
    }

    private Fate? LeaveHook(Walk walk)
    {
        var hook = walk.Hook;
        walk.Station = 0;
        switch (hook)
        {
            case Hook.Prerouting:
                return RouteInput(walk);
            case Hook.Input:
                return (Fate?)Confirm(walk) ?? DeliveredFate;
            case Hook.Forward or Hook.Output:
                walk.Hook = Hook.Postrouting;
                walk.Input ??= walk.CameFrom;
                return null;
            case Hook.Postrouting:
                return (Fate?)Confirm(walk) ?? Transmit(walk);
            default:
                throw new InvalidOperationException($"no such hook: {hook}");
        }
    }

    private Fate.Sent? Transmit(Walk walk)
    {
        if (walk.Output != Routing.Loopback) return SentBy(walk.Output!);

        // loopback_xmit hands the packet in again, with its flow and mark still attached.
        walk.HasLooped = true;
        walk.Input = Routing.Loopback;
        walk.Output = null;
        walk.Hook = Hook.Prerouting;
        return null;
    }

    /// <summary>
    /// Addresses of kube-ipvs0, a device that never comes up, are local ones (service-semantics §6.2).
    /// </summary>
    private static HostNetwork WithVirtualAddresses(HostNetwork host, PacketProgram program) =>
        program.Ipvs is not { Addresses.IsEmpty: false } table
            ? host
            : host with
            {
                Interfaces = host.Interfaces.Append(new HostInterface(VirtualDevice, table.Addresses.ToSeq())).ToSeq(),
            };

    private Fate? RouteInput(Walk walk)
    {
        // A packet back from lo still carries the route that it left with.
        if (walk.HasLooped)
        {
            walk.Hook = Hook.Input;
            return null;
        }

        if (walk.Input != Routing.Loopback && _program.Family == Family.Ipv4 && Martian(walk) is { } reason)
            return Stop(walk, reason);

        if (_routing.IsLocal(walk.Tuple.Destination))
        {
            walk.Hook = Hook.Input;
            return null;
        }

        walk.Output = _routing.OutputFor(walk.Tuple.Destination);
        walk.Hook = Hook.Forward;

        // rt_tos2priority of a packet without TOS (net/ipv4/ip_forward.c:ip_forward @v6.1); IPv6 leaves it alone.
        if (_program.Family == Family.Ipv4) walk.Priority = 0;
        return walk.Output is null ? UnroutableFate : null;
    }

    /// <summary>net/ipv4/route.c:ip_route_input_slow and fib_frontend.c:fib_validate_source @v6.1.</summary>
    private string? Martian(Walk walk)
    {
        if (_routing.IsLoopback(walk.Tuple.Destination)) return _host.RouteLocalnet ? null : "drop: martian destination";
        if (_routing.IsLoopback(walk.Tuple.Source)) return _host.RouteLocalnet ? null : "drop: martian source";
        return _routing.IsLocal(walk.Tuple.Source) ? "drop: martian source" : null;
    }

    /// <summary>
    /// net/ipv4/route.c:__mkroute_output keeps 127/8 off other interfaces unless route_localnet says otherwise.
    /// </summary>
    private Fate.Unroutable? RouteOutput(Walk walk)
    {
        walk.Output = _routing.OutputFor(walk.Tuple.Destination);
        if (walk.Output is null) return UnroutableFate;
        var isStray = walk.Output != Routing.Loopback && _program.Family == Family.Ipv4 && !_host.RouteLocalnet &&
            _routing.IsLoopback(walk.Tuple.Source);
        return isStray ? UnroutableFate : null;
    }

    /// <summary>
    /// An ICMP error or a reset is never answered with another (nf_reject_ipv4.c @v6.1): then REJECT only drops. A
    /// process whose own packet is rejected in OUTPUT gets EPERM from send; with tcp-reset, ECONNREFUSED from connect
    /// (measured on Linux 6.18).
    /// </summary>
    private static Fate Reject(Walk walk)
    {
        var isSilent = walk.Inner is not null ||
            (walk.RejectWith == RejectKind.TcpReset && (walk.Tcp is not { } flags || flags.HasFlag(TcpFlags.Rst)));
        return isSilent ? DroppedFate : new Fate.Rejected(walk.RejectWith);
    }

    private static Fate.Dropped Stop(Walk walk, string reason)
    {
        if (walk.IsTraced) walk.Trace = new TraceNode(walk.Trace, walk.Hook, -1, -1, reason);
        return DroppedFate;
    }

    private Fate.Sent SentBy(string output)
    {
        if (!_sentFates.TryGetValue(output, out var fate)) _sentFates.Add(output, fate = new Fate.Sent(output));
        return fate;
    }
}
