using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// The virtual servers of a node and their connections (net/netfilter/ipvs/ip_vs_{ctl,conn}.c @v6.1). Timers are run
/// off before a packet enters, so that what the kernel would have forgotten by then is gone.
/// </summary>
internal sealed class IpvsState(ConnectionTable conntrack)
{
    /// <summary>ip_vs_conn_expire: a template that still controls connections looks again after a minute.</summary>
    private const long ControlledTicks = TimeSpan.TicksPerMinute;

    /// <summary>
    /// ip_vs_enqueue_expire_nodest_conns waits one jiffy: a hundredth of a second with the smallest CONFIG_HZ.
    /// </summary>
    private const long JiffyTicks = TimeSpan.TicksPerSecond / 100;

    /// <summary>FTPPORT: the control port of FTP, whose virtual server catches other ports of its address.</summary>
    private const ushort FtpPort = 21;
    private const ushort FtpDataPort = 20;

    /// <summary>PROT_SOCK.</summary>
    private const ushort FirstUnprivilegedPort = 1024;

    private readonly Dictionary<ServiceKey, VirtualService> _services = [];
    private readonly Dictionary<ConnTuple, IpvsConnection> _requests = [];
    private readonly Dictionary<ConnTuple, IpvsConnection> _answers = [];
    private readonly Dictionary<ConnTuple, IpvsConnection> _templates = [];
    private readonly PriorityQueue<IpvsConnection, long> _timers = new();

    /// <summary>Deleted real servers; connections may still know them.</summary>
    private readonly RealServerTrash _trash = new();

    /// <summary>When connections to real servers that are gone end; null when none has gone.</summary>
    private long? _flushAt;

    public IpvsSettings Settings { get; private set; } = new();

    public int ConnectionCount => _requests.Count;

    /// <summary>From one table to the next, as ipvsadm edits it: what stays keeps its connections and state.</summary>
    public void Load(IpvsTable table, long now)
    {
        Settings = table.Settings;
        var gone = _trash.Added;
        var wanted = new HashSet<ServiceKey>();
        foreach (var server in table.Servers)
        {
            var key = ServiceKey.Of(server);
            wanted.Add(key);
            if (_services.TryGetValue(key, out var service))
                service.Edit(server, now);
            else
                _services.Add(key, new VirtualService(server, _trash, now));
        }

        foreach (var key in _services.Keys.Where(key => !wanted.Contains(key)).ToArray())
        {
            _services[key].Delete();
            _services.Remove(key);
        }

        if (_trash.Added != gone && Settings.ExpireNodestConn) _flushAt ??= now + JiffyTicks;
    }

    /// <summary>
    /// ip_vs_service_find. TCP to FTP's data port or an unprivileged one falls to the address's virtual server at port
    /// 21, if there is one; then to the one at port 0.
    /// </summary>
    public VirtualService? FindService(in ConnTuple tuple)
    {
        var key = new ServiceKey(tuple.Destination, tuple.Protocol, tuple.DestinationPort);
        if (_services.TryGetValue(key, out var service)) return service;
        if (tuple is { Protocol: Protocol.Tcp, DestinationPort: FtpDataPort or >= FirstUnprivilegedPort } &&
            _services.TryGetValue(key with { Port = FtpPort }, out service))
        {
            return service;
        }

        return _services.GetValueOrDefault(key with { Port = 0 });
    }

    public static bool IsFtp(VirtualService service) => service.Port.Value == FtpPort;

    public static bool IsFtpData(ushort port) => port == FtpDataPort;

    /// <summary>ip_vs_conn_in_get.</summary>
    public IpvsConnection? FindRequest(in ConnTuple tuple) => _requests.GetValueOrDefault(tuple);

    /// <summary>ip_vs_conn_out_get: of several connections with the same answers, the newest.</summary>
    public IpvsConnection? FindAnswer(in ConnTuple tuple) => _answers.GetValueOrDefault(tuple);

    /// <summary>
    /// A template's tuple: the client without a port. FTP's, and those of ports other than the virtual server's, are
    /// for all ports (ip_vs_sched_persist).
    /// </summary>
    public static ConnTuple TemplateOf(VirtualService service, in ConnTuple tuple) => new(
        tuple.Source, tuple.Destination, 0,
        tuple.DestinationPort == service.Port.Value && !IsFtp(service) ? tuple.DestinationPort : (ushort)0,
        tuple.Protocol);

    /// <summary>ip_vs_ct_in_get and ip_vs_check_template. One that does not hold any more is not found again.</summary>
    public IpvsConnection? FindTemplate(in ConnTuple key, bool commits)
    {
        if (_templates.GetValueOrDefault(key) is not { } template) return null;
        var server = template.Server;
        if (server.IsAvailable && !(Settings.ExpireQuiescentTemplate && server.Weight == 0)) return template;
        if (commits) _templates.Remove(key);
        return null;
    }

    public void Add(IpvsConnection connection)
    {
        if (connection.IsTemplate)
        {
            connection.Server.Templates++;
            _templates[connection.Request] = connection;
            return;
        }

        connection.Server.Inactive++;
        if (connection.Control is { } control) control.ControlledCount++;
        _requests[connection.Request] = connection;
        connection.OlderAnswer = _answers.GetValueOrDefault(connection.Answer);
        _answers[connection.Answer] = connection;
    }

    /// <summary>ip_vs_set_state, where a packet of either side moves the connection on.</summary>
    public void Move(IpvsConnection connection, IpvsFlowState state)
    {
        var protocol = connection.Request.Protocol;
        connection.State = state;
        connection.TimeoutTicks =
            IpvsFlowStates.TimeoutSeconds(protocol, state, Settings) * TimeSpan.TicksPerSecond;
        var isActive = IpvsFlowStates.IsActive(protocol, state) && protocol != Protocol.Udp;
        if (isActive == connection.IsActive) return;
        connection.IsActive = isActive;
        connection.Server.Active += isActive ? 1 : -1;
        connection.Server.Inactive += isActive ? -1 : 1;
    }

    /// <summary>ip_vs_conn_put: the timer starts again.</summary>
    public void Touch(IpvsConnection connection, long now)
    {
        connection.ExpiresAt = now + connection.TimeoutTicks;
        if (connection.ExpiresAt < connection.QueuedAt) Enqueue(connection);
    }

    /// <summary>ip_vs_conn_expire_now, for a connection that controls no others.</summary>
    public void Remove(IpvsConnection connection)
    {
        connection.IsGone = true;
        var server = connection.Server;
        if (connection.IsTemplate)
        {
            server.Templates--;
            RemoveFrom(_templates, connection.Request, connection);
            return;
        }

        if (connection.IsActive)
            server.Active--;
        else
            server.Inactive--;
        if (connection.Control is { } control) control.ControlledCount--;
        RemoveFrom(_requests, connection.Request, connection);
        RemoveAnswer(connection);
        if (connection.OwnsConntrack) conntrack.Forget(connection.Request);
    }

    /// <summary>Runs the timers that fire until now, in their order.</summary>
    public void Expire(long now)
    {
        if (_flushAt <= now) Flush();
        while (_timers.TryPeek(out var connection, out var at) && at <= now)
        {
            _timers.Dequeue();
            if (connection.IsGone || at != connection.QueuedAt) continue;
            if (connection.ExpiresAt > at)
            {
                Enqueue(connection);
            }
            else if (connection.ControlledCount > 0)
            {
                connection.TimeoutTicks = ControlledTicks;
                connection.ExpiresAt = at + ControlledTicks;
                Enqueue(connection);
            }
            else
            {
                Remove(connection);
            }
        }
    }

    /// <summary>ip_vs_expire_nodest_conn_flush: connections first, then the templates that they kept alive.</summary>
    private void Flush()
    {
        _flushAt = null;
        foreach (var connection in _requests.Values.Where(one => !one.Server.IsAvailable).ToArray()) Remove(connection);
        foreach (var template in _templates.Values.ToArray())
        {
            if (!template.Server.IsAvailable && template.ControlledCount == 0) Remove(template);
        }
    }

    private void Enqueue(IpvsConnection connection)
    {
        connection.QueuedAt = connection.ExpiresAt;
        _timers.Enqueue(connection, connection.ExpiresAt);
    }

    private void RemoveAnswer(IpvsConnection connection)
    {
        if (!_answers.TryGetValue(connection.Answer, out var newest)) return;
        if (ReferenceEquals(newest, connection))
        {
            if (connection.OlderAnswer is { } older)
                _answers[connection.Answer] = older;
            else
                _answers.Remove(connection.Answer);
            return;
        }

        for (var at = newest; at.OlderAnswer is { } older; at = older)
        {
            if (!ReferenceEquals(older, connection)) continue;
            at.OlderAnswer = connection.OlderAnswer;
            return;
        }
    }

    private static void RemoveFrom(
        Dictionary<ConnTuple, IpvsConnection> table, in ConnTuple key, IpvsConnection connection)
    {
        if (table.TryGetValue(key, out var found) && ReferenceEquals(found, connection)) table.Remove(key);
    }
}
