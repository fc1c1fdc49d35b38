namespace RuleCompiler.Emulator;

/// <summary>net/netfilter/ipvs/ip_vs_rr.c @v6.1: the next server after the last one that takes connections.</summary>
internal sealed class RoundRobin(List<RealServerState> servers) : Picker(servers)
{
    /// <summary>Null: the head of the list, before the first server.</summary>
    private RealServerState? _last;

    public override bool IsRotation => true;

    public override RealServerState? Pick(in ConnTuple flow, long now, bool commits)
    {
        var start = _last is null ? -1 : Servers.IndexOf(_last);
        for (var step = 1; step <= Servers.Count; step++)
        {
            var server = Servers[(start + step) % Servers.Count];
            if (server.Weight <= 0) continue;
            if (commits) _last = server;
            return server;
        }

        return null;
    }

    public override IEnumerable<(RealServerState Server, int Share)> Turn() =>
        Servers.Where(server => server.Weight > 0).Select(server => (server, 1));

    /// <summary>ip_vs_rr_del_dest steps back to the one before.</summary>
    public override void Removed(RealServerState server, int at)
    {
        if (_last == server) _last = at == 0 ? null : Servers[at - 1];
    }
}
