using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// Deleted real servers that connections still know, of virtual servers that are there and of those that are not: one
/// that comes back brings its counts along (net/netfilter/ipvs/ip_vs_ctl.c:ip_vs_trash_get_dest @v6.1).
/// </summary>
internal sealed class RealServerTrash
{
    private readonly Dictionary<(ServiceKey Service, Endpoint Endpoint), RealServerState> _servers = [];

    /// <summary>How many servers have ever gone.</summary>
    public int Added { get; private set; }

    public void Add(ServiceKey service, RealServerState server)
    {
        server.IsAvailable = false;
        Added++;
        if (!server.IsIdle) _servers[(service, server.Endpoint)] = server;
    }

    /// <summary>Null when no connection remembers it.</summary>
    public RealServerState? Take(ServiceKey service, Endpoint endpoint) =>
        _servers.Remove((service, endpoint), out var server) && !server.IsIdle ? server : null;
}
