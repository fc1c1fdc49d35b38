using RuleCompiler.Backends.Iptables;

namespace RuleCompiler.Emulator;

/// <summary>
/// One list of xt_recent (net/netfilter/xt_recent.c @v6.1). Times are ticks of 100 ns; the kernel counts jiffies.
/// </summary>
internal sealed class RecentList(int entriesMax)
{
    /// <summary>Least recently set first.</summary>
    private readonly LinkedList<Entry> _order = new();
    private readonly Dictionary<UInt128, LinkedListNode<Entry>> _entries = [];

    /// <summary>
    /// Stamps that an entry remembers. Without --hitcount the kernel keeps 32; with it, the next power of two
    /// (xt_recent.c:recent_mt_check @v6.1; the module parameter ip_pkt_list_tot is 0).
    /// </summary>
    public int StampsMax { get; private set; } = 32;

    /// <summary>xt_recent.c:recent_mt. <paramref name="address"/> is masked already.</summary>
    public bool Evaluate(RecentQuery query, bool inverted, UInt128 address, long now)
    {
        if (!_entries.TryGetValue(address, out var node))
        {
            if (query.Action != RecentAction.Set) return inverted;
            Add(address, now);
            return !inverted;
        }

        var result = inverted;
        switch (query.Action)
        {
            case RecentAction.Set:
                result = !result;
                break;
            case RecentAction.Remove:
                Remove(node);
                result = !result;
                break;
            case RecentAction.Check or RecentAction.Update:
                // time_after(jiffies - seconds, stamp): a stamp exactly that old still counts.
                var since = now - (query.Seconds * TimeSpan.TicksPerSecond);
                if (node.Value.Hits(query, since)) result = !result;
                if (query.Reap) Reap(since, node, query.Action == RecentAction.Update && result);
                break;
        }

        if (query.Action == RecentAction.Set || (query.Action == RecentAction.Update && result)) Touch(node, now);
        return result;
    }

    /// <summary>True when this evaluation would leave the list as it is: a check that reaps nothing.</summary>
    public bool IsUnchangedBy(RecentQuery query, UInt128 address) =>
        query.Action != RecentAction.Set && (!_entries.ContainsKey(address) || (query.Action == RecentAction.Check && !query.Reap));

    /// <summary>A rule with a larger hit count makes room, and the kernel then flushes the list.</summary>
    public void Remember(int hitCount)
    {
        var wanted = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)hitCount);
        if (wanted <= StampsMax) return;
        StampsMax = wanted;
        _entries.Clear();
        _order.Clear();
    }

    public RecentList Clone()
    {
        var clone = new RecentList(entriesMax) { StampsMax = StampsMax };
        foreach (var entry in _order) clone._entries.Add(entry.Address, clone._order.AddLast(entry.Clone()));
        return clone;
    }

    private void Add(UInt128 address, long now)
    {
        // recent_entry_init: a full list forgets its least recently set entry.
        if (_entries.Count >= entriesMax) Remove(_order.First!);
        _entries.Add(address, _order.AddLast(new Entry(address, now)));
    }

    private void Touch(LinkedListNode<Entry> node, long now)
    {
        node.Value.Stamp(now, StampsMax);
        _order.Remove(node);
        _order.AddLast(node);
    }

    /// <summary>recent_entry_reap looks at the head of the list only, so each packet reaps at most one entry.</summary>
    private void Reap(long since, LinkedListNode<Entry> working, bool updates)
    {
        if (_order.First is not { } oldest || (oldest == working && updates)) return;
        if (since > oldest.Value.LastStamp) Remove(oldest);
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _order.Remove(node);
        _entries.Remove(node.Value.Address);
    }

    private sealed class Entry(UInt128 address, long first)
    {
        private List<long> _stamps = [first];
        private int _next = 1;

        public UInt128 Address => address;

        public long LastStamp => _stamps[_next - 1];

        public Entry Clone() => new(address, first) { _stamps = [.. _stamps], _next = _next };

        public bool Hits(RecentQuery query, long since)
        {
            var hits = 0;
            foreach (var stamp in _stamps)
            {
                if (query.Seconds != 0 && since > stamp) continue;
                if (query.HitCount == 0 || ++hits >= query.HitCount) return true;
            }

            return false;
        }

        /// <summary>recent_entry_update: a ring.</summary>
        public void Stamp(long now, int stampsMax)
        {
            _next %= stampsMax;
            if (_next < _stamps.Count)
                _stamps[_next] = now;
            else
                _stamps.Add(now);
            _next++;
        }
    }
}

/// <summary>A list that one branch of an exploration has changed, on top of what it inherits.</summary>
internal sealed record RecentOverlay(int Index, RecentList List, RecentOverlay? Below);
