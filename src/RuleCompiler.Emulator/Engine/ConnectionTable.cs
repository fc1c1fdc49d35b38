namespace RuleCompiler.Emulator;

/// <summary>
/// Conntrack's hash of both directions of every confirmed flow. Expired entries count as gone. Entry 2s is the original
/// direction of the flow in slot s, entry 2s + 1 its reply; entries of one bucket are chained.
/// </summary>
internal sealed class ConnectionTable(int entriesMax)
{
    // The end of a bucket's list, and the size of an empty table: a power of two.
    private const int None = -1;
    private const int SlotsMin = 4096;

    private readonly Stack<Connection> _spare = new();
    private readonly Stack<int> _freeSlots = new();
    private Connection?[] _slots = new Connection?[SlotsMin];
    private Entry[] _entries = new Entry[SlotsMin * 2];
    private int[] _buckets = NewBuckets(SlotsMin * 4);
    private int _slotsUsed;

    /// <summary>
    /// Flows, dead ones included, at which the next sweep happens; doubled so that sweeping stays O(1) a flow.
    /// </summary>
    private int _sweepAt = SlotsMin;

    private struct Entry(int hash, int next)
    {
        public readonly int Hash = hash;
        public int Next = next;
    }

    public int Count { get; private set; }

    /// <summary>An entry to begin a flow with; it is the table's once it is added.</summary>
    public Connection Rent() => _spare.TryPop(out var spare) ? spare : new Connection();

    public Connection? Find(in ConnTuple tuple, long now) =>
        FindAny(in tuple) is { } found && found.ExpiresAt > now ? found : null;

    /// <summary>nf_nat_used_tuple: would an answer to this packet be taken for another flow's?</summary>
    public bool IsTaken(in ConnTuple tuple, long now, Connection? except) =>
        Find(tuple.Reversed, now) is { } other && !ReferenceEquals(other, except);

    /// <summary>
    /// False when the table is full of living flows (nf_conntrack: table full, dropping packet). The kernel first tries
    /// to drop an unanswered flow of a neighbouring hash bucket (early_drop), which depends on its secret hash.
    /// </summary>
    public bool HasRoom(long now)
    {
        if (Count < Math.Min(_sweepAt, entriesMax)) return true;
        for (var slot = 0; slot < _slotsUsed; slot++)
        {
            if (_slots[slot] is { } connection && connection.ExpiresAt <= now) Remove(connection);
        }

        _sweepAt = Math.Max(SlotsMin, Count * 2);
        return Count < entriesMax;
    }

    /// <summary>__nf_conntrack_confirm; false when another flow already has one of the tuples.</summary>
    public bool TryAdd(Connection connection, long now)
    {
        if (!Displace(connection.Original, now) || !Displace(connection.Reply, now)) return false;
        if (!_freeSlots.TryPop(out var slot)) slot = _slotsUsed++;
        if (slot == _slots.Length) Grow();
        _slots[slot] = connection;
        connection.Slot = slot;
        Link(slot * 2, connection.Original.GetHashCode());
        Link((slot * 2) + 1, connection.Reply.GetHashCode());
        Count++;
        return true;
    }

    /// <summary>Removes the flow that has this tuple, as nf_ct_kill does it.</summary>
    public void Forget(in ConnTuple tuple)
    {
        if (FindAny(in tuple) is { } found) Remove(found);
    }

    public void Remove(Connection connection)
    {
        var slot = connection.Slot;
        Unlink(slot * 2);
        Unlink((slot * 2) + 1);
        _slots[slot] = null;
        connection.Slot = None;
        _freeSlots.Push(slot);
        _spare.Push(connection);
        Count--;
    }

    private Connection? FindAny(in ConnTuple tuple)
    {
        var hash = tuple.GetHashCode();
        for (var at = _buckets[hash & (_buckets.Length - 1)]; at != None;)
        {
            ref readonly var entry = ref _entries[at];
            if (entry.Hash == hash)
            {
                var connection = _slots[at >> 1]!;
                if (((at & 1) == 0 ? ref connection.Original : ref connection.Reply).Is(in tuple)) return connection;
            }

            at = entry.Next;
        }

        return null;
    }

    /// <summary>Makes room for a tuple; false when a living flow has it.</summary>
    private bool Displace(in ConnTuple tuple, long now)
    {
        if (FindAny(in tuple) is not { } other) return true;
        if (other.ExpiresAt > now) return false;
        Remove(other);
        return true;
    }

    private void Link(int at, int hash)
    {
        ref var bucket = ref _buckets[hash & (_buckets.Length - 1)];
        _entries[at] = new Entry(hash, bucket);
        bucket = at;
    }

    private void Unlink(int at)
    {
        ref var link = ref _buckets[_entries[at].Hash & (_buckets.Length - 1)];
        while (link != at) link = ref _entries[link].Next;
        link = _entries[at].Next;
    }

    private void Grow()
    {
        Array.Resize(ref _slots, _slots.Length * 2);
        Array.Resize(ref _entries, _entries.Length * 2);
        _buckets = NewBuckets(_buckets.Length * 2);
        for (var at = 0; at < _slotsUsed * 2; at++)
        {
            if (_slots[at >> 1] is not null) Link(at, _entries[at].Hash);
        }
    }

    private static int[] NewBuckets(int size)
    {
        var buckets = new int[size];
        Array.Fill(buckets, None);
        return buckets;
    }
}
