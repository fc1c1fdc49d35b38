using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>What virtual servers are looked up by (net/netfilter/ipvs/ip_vs_ctl.c:ip_vs_service_find @v6.1).</summary>
internal readonly record struct ServiceKey(UInt128 Address, Protocol Protocol, ushort Port)
{
    public static ServiceKey Of(VirtualServer server) => new(server.Address.Bits, server.Protocol, server.Port.Value);
}

/// <summary>A virtual server as it lives (struct ip_vs_service).</summary>
internal sealed class VirtualService
{
    private readonly RealServerTrash _trash;
    private readonly List<RealServerState> _servers = [];
    private VirtualServer _config;

    public VirtualService(VirtualServer config, RealServerTrash trash, long now)
    {
        (_config, _trash) = (config, trash);
        Picker = Picker.Create(config.Scheduler, config.Flags, _servers, config.Address.Family, now);
        Update(config.RealServers);
    }

    public Picker Picker { get; private set; }

    public Port Port => _config.Port;

    public Scheduler Scheduler => _config.Scheduler;

    public long? PersistenceTicks => _config.PersistenceSeconds * TimeSpan.TicksPerSecond;

    public Endpoint Endpoint => new(_config.Address, _config.Port);

    /// <summary>In the kernel's order: what was added last comes first (list_add_rcu).</summary>
    public IReadOnlyList<RealServerState> Servers => _servers;

    /// <summary>ipvsadm -E, -a, -e and -d as far as the two differ; everything else lives on.</summary>
    public void Edit(VirtualServer config, long now)
    {
        // ip_vs_edit_service binds a scheduler only when its name differs; flags work from the next packet on, for
        // which the hashing ones are made again with the same table.
        var replaces = config.Scheduler != _config.Scheduler || config.Flags != _config.Flags;
        _config = config;
        if (replaces) Picker = Picker.Create(config.Scheduler, config.Flags, _servers, config.Address.Family, now);
        Update(config.RealServers);
    }

    /// <summary>ipvsadm -D: connections find their servers gone.</summary>
    public void Delete()
    {
        foreach (var server in _servers) _trash.Add(ServiceKey.Of(_config), server);
    }

    private void Update(Seq<RealServer> wanted)
    {
        var weights = new Dictionary<Endpoint, int>();
        foreach (var server in wanted.Span) weights.Add(server.Endpoint, server.Weight);
        for (var at = _servers.Count - 1; at >= 0; at--)
        {
            var server = _servers[at];
            if (weights.Remove(server.Endpoint, out var weight))
                SetWeight(server, weight);
            else
                Remove(server, at);
        }

        foreach (var server in wanted.Span)
        {
            if (weights.ContainsKey(server.Endpoint)) Add(server);
        }
    }

    private void SetWeight(RealServerState server, int weight)
    {
        if (server.Weight == weight) return;
        server.SetWeight(weight, isAdded: false);
        Picker.Changed();
    }

    private void Remove(RealServerState server, int at)
    {
        _servers.RemoveAt(at);
        _trash.Add(ServiceKey.Of(_config), server);
        Picker.Removed(server, at);
    }

    private void Add(RealServer wanted)
    {
        var server = _trash.Take(ServiceKey.Of(_config), wanted.Endpoint) ?? new RealServerState(wanted.Endpoint);
        server.SetWeight(wanted.Weight, isAdded: true);
        server.IsAvailable = true;
        _servers.Insert(0, server);
        Picker.Changed();
    }
}
