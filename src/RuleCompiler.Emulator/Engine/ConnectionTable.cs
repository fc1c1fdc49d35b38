namespace RuleCompiler.Emulator;

/// <summary>Conntrack's hash of both directions of every confirmed flow. Expired entries count as gone.</summary>
internal sealed class ConnectionTable(int entriesMax)
{
    private readonly Dictionary<ConnTuple, Connection> _byTuple = [];

    /// <summary>Entries, dead ones included, at which the next sweep happens; doubled so that sweeping stays O(1) a flow.</summary>
    private int _sweepAt = 4096;

    public int Count => _byTuple.Count / 2;

    public Connection? Find(in ConnTuple tuple, long now) =>
        _byTuple.TryGetValue(tuple, out var found) && found.ExpiresAt > now ? found : null;

    /// <summary>nf_nat_used_tuple: would an answer to this packet be taken for another flow's?</summary>
    public bool IsTaken(in ConnTuple tuple, long now, Connection? except) =>
        Find(tuple.Reversed, now) is { } other && !ReferenceEquals(other, except);

    /// <summary>False when the table is full of living flows (nf_conntrack: table full, dropping packet).</summary>
    public bool HasRoom(long now)
    {
        if (Count < Math.Min(_sweepAt, entriesMax)) return true;
        Sweep(now);
        _sweepAt = Math.Max(4096, Count * 2);
        return Count < entriesMax;
    }

    /// <summary>__nf_conntrack_confirm; false when another flow already has one of the tuples.</summary>
    public bool TryAdd(Connection connection, long now)
    {
        if (Find(connection.Original, now) is not null || Find(connection.Reply, now) is not null) return false;
        Displace(connection.Original);
        Displace(connection.Reply);
        _byTuple[connection.Original] = connection;
        _byTuple[connection.Reply] = connection;
        return true;
    }

    public void Remove(Connection connection)
    {
        _byTuple.Remove(connection.Original);
        _byTuple.Remove(connection.Reply);
    }

    private void Displace(in ConnTuple tuple)
    {
        if (_byTuple.TryGetValue(tuple, out var dead)) Remove(dead);
    }

    private void Sweep(long now)
    {
        foreach (var (tuple, connection) in _byTuple)
        {
            if (connection.ExpiresAt <= now) _byTuple.Remove(tuple);
        }
    }
}
