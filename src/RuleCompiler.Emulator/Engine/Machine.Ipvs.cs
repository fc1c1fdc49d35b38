using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// IPVS at its hooks, masquerading only (net/netfilter/ipvs/ip_vs_core.c:ip_vs_ops4, ip_vs_ops6 @v6.1).
/// </summary>
internal sealed partial class Machine
{
    /// <summary>Null: no virtual servers.</summary>
    private readonly IpvsState? _ipvs;

    /// <summary>ip_vs_out_hook: what a real server answers comes from its virtual server.</summary>
    private Fate.Unroutable? LeaveIpvs(Walk walk)
    {
        if (walk.IsThroughIpvs) return null;
        if (walk.Inner is { } inner)
        {
            if (_ipvs!.FindAnswer(inner.Reversed) is not { } about) return null;
            walk.Tuple = walk.Tuple.WithSource(about.Request.Destination, walk.Tuple.SourcePort);
            walk.Inner = inner.WithDestination(about.Request.Destination, about.Request.DestinationPort);
            return Answered(walk, about);
        }

        if (_ipvs!.FindAnswer(walk.Tuple) is not { } connection) return null;
        walk.Tuple = walk.Tuple.WithSource(connection.Request.Destination, connection.Request.DestinationPort);
        if (!IsExploring)
        {
            _ipvs.Move(connection, NextState(connection, walk, fromServer: true));
            _ipvs.Touch(connection, _now);
        }

        return Answered(walk, connection);
    }

    /// <summary>handle_response, from the point where the packet is rewritten.</summary>
    private Fate.Unroutable? Answered(Walk walk, IpvsConnection connection)
    {
        if (walk.IsTraced) Note(walk, $"ipvs: answer of {EndpointOf(connection.Answer)}");
        Join(walk, connection, isRequest: false);

        // ip_vs_route_me_harder (snat_reroute is 1 by default): not at LOCAL_IN, and not where the way ends here.
        if (walk.Hook == Hook.Input || _routing.IsLocal(walk.Tuple.Destination)) return null;
        return RouteOutput(walk);
    }

    /// <summary>ip_vs_in_hook.</summary>
    private Fate? EnterIpvs(Walk walk)
    {
        if (walk.IsThroughIpvs) return null;
        if (walk.Inner is not null) return EnterIpvsWithError(walk);
        if (!walk.Tuple.Protocol.HasPorts()) return null;
        var connection = _ipvs!.FindRequest(walk.Tuple);
        if (connection is not null && EndsBy(walk, connection))
        {
            // The packet's conntrack entry leads to the old server: it goes with the connection, and so does the
            // packet.
            if (UsesConfirmedFlow(walk)) return Stop(walk, "ipvs: drop, the connection to the old server ends");
            connection = null;
        }

        if (connection is { Server.IsAvailable: false }) return Stop(walk, "ipvs: drop, the server is gone");
        if (connection is null)
        {
            if (_ipvs.FindService(walk.Tuple) is not { } service) return null;
            if (!Schedules(walk, service)) return null;
            connection = service.PersistenceTicks is null ? Schedule(walk, service) : ScheduleByTemplate(walk, service);
            if (connection is null) return LeaveWithoutServer(walk, service);
        }

        if (!IsExploring)
        {
            _ipvs.Move(connection, NextState(connection, walk, fromServer: false));
            _ipvs.Touch(connection, _now);
        }

        return Forward(walk, connection);
    }

    /// <summary>An ICMP error about an answer that left for the client goes to the server that sent it.</summary>
    private Fate? EnterIpvsWithError(Walk walk)
    {
        var inner = walk.Inner!.Value;
        if (_ipvs!.FindRequest(inner.Reversed) is not { } connection) return null;
        var server = connection.Answer;

        // ip_vs_icmp_xmit: at FORWARD a local server is not supported.
        if (walk.Hook == Hook.Forward && _routing.IsLocal(server.Source))
            return Stop(walk, "ipvs: drop, an error for a local server");
        walk.Inner = inner.WithSource(server.Source, server.SourcePort);
        return Forward(walk, connection);
    }

    /// <summary>ip_vs_in_hook: connections that a packet finds, but must not go on with.</summary>
    private bool EndsBy(Walk walk, IpvsConnection connection)
    {
        var settings = _ipvs!.Settings;
        var isGone = !connection.Server.IsAvailable;
        var ends = isGone && settings.ExpireNodestConn;
        if (!isGone && walk.Tcp is { } flags && flags.HasFlag(TcpFlags.Syn))
        {
            ends = settings.ExpireNodestConn && connection.Server.Weight == 0;
            ends |= settings.ConnReuseMode != 0 && connection.Control is null &&
                connection.State is IpvsFlowState.TimeWait or IpvsFlowState.Close;
        }

        if (!ends) return false;
        if (IsExploring) return true;
        if (!UsesConfirmedFlow(walk)) connection.OwnsConntrack = false;
        _ipvs.Remove(connection);
        return true;
    }

    /// <summary>ip_vs_conn_uses_old_conntrack.</summary>
    private static bool UsesConfirmedFlow(Walk walk) => walk.Connection?.Has(ConnectionStatus.Confirmed) == true;

    /// <summary>
    /// tcp_conn_schedule, the first half of ip_vs_schedule: packets that pass as if there were no IPVS.
    /// </summary>
    private bool Schedules(Walk walk, VirtualService service)
    {
        ref readonly var tuple = ref walk.Tuple;
        if (walk.Tcp is { } flags &&
            (flags.HasFlag(TcpFlags.Rst) || !(flags.HasFlag(TcpFlags.Syn) || _ipvs!.Settings.SloppyTcp)))
        {
            return false;
        }

        if (IpvsState.IsFtpData(tuple.SourcePort)) return false;

        // What a local server answers is no request, even to an address and port that is served.
        if (walk.Input is null or Routing.Loopback && _ipvs!.FindRequest(tuple.Reversed) is not null) return false;
        return service.PersistenceTicks is not null || tuple.DestinationPort == service.Port.Value ||
            !IpvsState.IsFtp(service);
    }

    /// <summary>The second half of ip_vs_schedule. Null: no server takes new connections.</summary>
    private IpvsConnection? Schedule(Walk walk, VirtualService service)
    {
        if (walk.Tuple.DestinationPort != service.Port.Value || Pick(walk, service) is not { } server) return null;
        return Connect(walk, service, server, null);
    }

    /// <summary>ip_vs_sched_persist.</summary>
    private IpvsConnection? ScheduleByTemplate(Walk walk, VirtualService service)
    {
        var key = IpvsState.TemplateOf(service, walk.Tuple);
        var template = _ipvs!.FindTemplate(key, commits: !IsExploring);
        if (template is null)
        {
            if (Pick(walk, service) is not { } picked) return null;
            var answer = new ConnTuple(
                picked.Endpoint.Address.Bits, key.Source, picked.Endpoint.Port.Value, 0, key.Protocol);
            template = new IpvsConnection(key, answer, picked, isTemplate: true)
            {
                TimeoutTicks = service.PersistenceTicks!.Value,
            };
            if (!IsExploring) _ipvs.Add(template);
        }
        else if (walk.IsTraced)
        {
            Note(walk, $"ipvs: {service.Endpoint} remembers {template.Server.Endpoint} for this client");
        }

        if (!IsExploring) _ipvs.Touch(template, _now);
        return Connect(walk, service, template.Server, template);
    }

    private IpvsConnection Connect(Walk walk, VirtualService service, RealServerState server, IpvsConnection? template)
    {
        var request = walk.Tuple;
        var port = request.DestinationPort == service.Port.Value && server.Endpoint.Port.Value != 0
            ? server.Endpoint.Port.Value
            : request.DestinationPort;
        var answer = request.WithDestination(server.Endpoint.Address.Bits, port).Reversed;
        var connection = new IpvsConnection(request, answer, server, isTemplate: false)
        {
            Control = template,
            OwnsConntrack = _ipvs!.Settings.Conntrack,
        };
        if (!IsExploring) _ipvs.Add(connection);
        return connection;
    }

    /// <summary>
    /// An exploration gives a rotation's shares over a whole turn: which server a flow meets depends on nothing but how
    /// many came before it. Other schedulers pick by what they see, and that is what it gets.
    /// </summary>
    private RealServerState? Pick(Walk walk, VirtualService service)
    {
        var picked = IsExploring && service.Picker.IsRotation
            ? walk.PickedServer ?? PickInTurn(walk, service.Picker)
            : service.Picker.Pick(walk.Tuple, _now, commits: !IsExploring);
        walk.PickedServer = null;
        if (walk.IsTraced && picked is not null)
            Note(walk, $"ipvs: {service.Endpoint} by {NameOf(service.Scheduler)} to {picked.Endpoint}");
        return picked;
    }

    /// <summary>
    /// Goes on with the first server; the others wait as copies of the walk, before this same station.
    /// </summary>
    private RealServerState? PickInTurn(Walk walk, Picker picker)
    {
        var turn = picker.Turn().ToArray();
        if (turn.Length == 0) return null;
        walk.IsRotation = true;
        walk.MassDivisor *= turn.Sum(one => (long)one.Share);
        var mass = walk.Mass;
        for (var i = turn.Length - 1; i > 0; i--)
        {
            var other = walk.Clone();
            other.Mass = mass * turn[i].Share;
            other.PickedServer = turn[i].Server;
            other.Station--;
            _turns!.Push(other);
        }

        walk.Mass = mass * turn[0].Share;
        return turn[0].Server;
    }

    /// <summary>ip_vs_leave.</summary>
    private static Fate.Rejected? LeaveWithoutServer(Walk walk, VirtualService service)
    {
        if (IpvsState.IsFtp(service) && walk.Tuple.DestinationPort != service.Port.Value) return null;
        if (walk.IsTraced) Note(walk, $"ipvs: {service.Endpoint} has no server that takes connections");
        return new Fate.Rejected(RejectKind.PortUnreachable);
    }

    /// <summary>
    /// ip_vs_nat_xmit: a local server's packet goes on where it is; others start at the output hook again, as if a
    /// process here had sent them, and skip the forward hook.
    /// </summary>
    private Fate? Forward(Walk walk, IpvsConnection connection)
    {
        var server = connection.Answer;
        var isLocal = _routing.IsLocal(server.Source);
        var cameIn = walk.Hook != Hook.Output;
        if (isLocal && cameIn && _routing.IsLoopback(server.Source))
            return Stop(walk, "ipvs: drop, a loopback address for a packet from outside");
        if (!isLocal && _routing.IsLoopback(walk.Tuple.Source))
            return Stop(walk, "ipvs: drop, a loopback source cannot leave");
        if (_routing.OutputFor(server.Source) is not { } output) return UnroutableFate;
        walk.Tuple = walk.Tuple.WithDestination(
            server.Source, walk.Inner is null ? server.SourcePort : walk.Tuple.DestinationPort);
        Join(walk, connection, isRequest: true);
        if (isLocal) return null;

        // NF_HOOK(…, NF_INET_LOCAL_OUT, …, NULL, …): the input interface does not show there.
        walk.CameFrom = walk.Input;
        walk.Input = null;
        walk.Output = output;
        walk.Hook = Hook.Output;
        walk.Station = 0;
        return null;
    }

    /// <summary>
    /// ip_vs_nfct.c:ip_vs_update_conntrack: a new flow's answers will come as the connection's do. The entry gets no
    /// mark of NAT for that: no rule sees the flow as DNAT, and netfilter does not translate answers back. Without
    /// conntrack the packet goes on untracked (ip_vs_notrack).
    /// </summary>
    private void Join(Walk walk, IpvsConnection connection, bool isRequest)
    {
        walk.IsThroughIpvs = true;
        walk.ServedBy = isRequest ? connection : null;
        if (!connection.OwnsConntrack && !_ipvs!.Settings.Conntrack)
        {
            walk.Connection = null;
            walk.State = ConntrackStates.Untracked;
            return;
        }

        if (walk.Connection is not { } flow || flow.Has(ConnectionStatus.Confirmed)) return;
        if (walk.Direction != Direction.Original || walk.Inner is not null) return;
        flow.Reply = isRequest
            ? flow.Reply.WithSource(connection.Answer.Source, connection.Answer.SourcePort)
            : flow.Reply.WithDestination(connection.Request.Destination, connection.Request.DestinationPort);
    }

    private static IpvsFlowState NextState(IpvsConnection connection, Walk walk, bool fromServer) =>
        connection.Request.Protocol switch
        {
            Protocol.Tcp => IpvsFlowStates.Next(connection.State, walk.Tcp ?? TcpFlags.None, fromServer),
            Protocol.Sctp => fromServer || connection.State == IpvsFlowState.Established
                ? IpvsFlowState.Established
                : IpvsFlowState.SynReceived,
            Protocol.Udp => IpvsFlowState.None,
            Protocol.Icmp or Protocol.Icmpv6 => throw new InvalidOperationException("IPVS has no connections of ICMP"),
        };

    /// <summary>
    /// net/netfilter/xt_ipvs.c:ipvs_mt @v6.1: the packet is one that IPVS has rewritten, and its connection, found by
    /// where it goes and comes from now, is to this virtual server.
    /// </summary>
    private bool IsTo(Walk walk, ServiceKey server)
    {
        if (!walk.IsThroughIpvs || walk.Tuple.Protocol != server.Protocol) return false;
        var answer = walk.Tuple.Reversed;
        var connection = walk.ServedBy is { } own && own.Answer.Equals(answer) ? own : _ipvs?.FindAnswer(answer);
        return connection is not null && connection.Request.Destination == server.Address &&
            connection.Request.DestinationPort == server.Port;
    }

    private Endpoint EndpointOf(in ConnTuple answer) =>
        new(Ip.Create(_program.Family, answer.Source), new Port(answer.SourcePort));

    private static void Note(Walk walk, string effect) =>
        walk.Trace = new TraceNode(walk.Trace, walk.Hook, -1, -1, effect);

    private static string NameOf(Scheduler scheduler) => scheduler.ToString().ToLowerInvariant();
}
