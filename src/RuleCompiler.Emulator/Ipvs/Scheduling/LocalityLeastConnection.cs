namespace RuleCompiler.Emulator;

/// <summary>
/// net/netfilter/ipvs/ip_vs_lblc.c and ip_vs_lblcr.c @v6.1: a server, or a set of servers, that stays with the
/// destination while it is not overloaded. The destination is the virtual server's own address, so there is one entry.
/// </summary>
internal sealed class LocalityLeastConnection(List<RealServerState> servers, long createdAt, bool isReplicated)
    : Picker(servers)
{
    // DEFAULT_EXPIRATION, and COUNT_FOR_FULL_EXPIRATION times CHECK_EXPIRE_INTERVAL.
    private const long ExpirationTicks = 24 * TimeSpan.TicksPerHour;
    private const long FullCheckTicks = 30 * TimeSpan.TicksPerMinute;

    /// <summary>Newest first, as list_add_rcu has it. Empty: no entry.</summary>
    private readonly List<RealServerState> _set = [];
    private bool _hasEntry;
    private long _usedAt;
    private long _changedAt;

    public override RealServerState? Pick(in ConnTuple flow, long now, bool commits)
    {
        var known = HasEntry(now) ? _set : [];
        var cached = isReplicated
            ? ByLoad.LeastByWeight(known.Where(server => server.IsAvailable), server => server.Overhead)
            : known.Find(server => server is { IsAvailable: true, Weight: > 0 });
        if (commits) Age(now);
        if (cached is not null && !IsOverloaded(cached)) return cached;
        var chosen = ByLoad.LeastByWeight(Servers, server => server.Overhead);
        if (chosen is not null && commits) Remember(chosen, now);
        return chosen;
    }

    /// <summary>Full checks come every half hour; between them old entries are used still.</summary>
    private bool HasEntry(long now)
    {
        if (!_hasEntry) return false;
        var lastCheck = createdAt + ((now - createdAt) / FullCheckTicks * FullCheckTicks);
        return lastCheck < _usedAt + ExpirationTicks;
    }

    /// <summary>A replicated set that has not changed for a day loses its most loaded server.</summary>
    private void Age(long now)
    {
        if (!HasEntry(now))
        {
            _hasEntry = false;
            _set.Clear();
            return;
        }

        _usedAt = now;
        if (!isReplicated || _set.Count < 2 || now <= _changedAt + ExpirationTicks) return;
        if (Most() is not { } most) return;
        _set.Remove(most);
        _changedAt = now;
    }

    private void Remember(RealServerState chosen, long now)
    {
        if (!isReplicated || !_hasEntry) _set.Clear();
        if (!_hasEntry || !isReplicated) _usedAt = now;
        _hasEntry = true;
        if (_set.Contains(chosen)) return;
        _set.Insert(0, chosen);
        _changedAt = now;
    }

    /// <summary>ip_vs_dest_set_max.</summary>
    private RealServerState? Most()
    {
        RealServerState? most = null;
        foreach (var server in _set)
        {
            if (server.Weight <= 0) continue;
            if (most is null || most.Overhead * server.Weight < server.Overhead * most.Weight) most = server;
        }

        return most;
    }

    private bool IsOverloaded(RealServerState server) =>
        server.Active > server.Weight && Servers.Exists(other => other.Active * 2 < other.Weight);
}
