namespace RuleCompiler.Emulator;

/// <summary>
/// A set or map at work. Constant ones are prepared once; mutable ones behave as the kernel's resizable hash
/// (net/netfilter/nft_set_hash.c @v6.1), except that an expired element frees its place at once and not with the next
/// garbage collection, at most a second later.
/// </summary>
internal sealed class SetTable
{
    private readonly ProgramSet _set;
    private readonly RegisterLayout _keys;
    private readonly Dictionary<Registers, SetEntry>? _exact;
    private readonly RangeIndex? _ranges;

    public SetTable(ProgramSet set, long now)
    {
        _set = set;
        _keys = new RegisterLayout(set.KeyBits);
        var data = new RegisterLayout(set.DataBits);
        DataWords = data.Total;
        var entries = set.Elements.Select(element => (element, EntryOf(element, data, now)));
        if (set.Elements.Any(element => element.Key.Any(field => field.First != field.Last)))
        {
            _ranges = new RangeIndex(set, _keys, entries);
            return;
        }

        _exact = new Dictionary<Registers, SetEntry>(set.Elements.Count);
        foreach (var (element, entry) in entries)
            _exact[_keys.Pack(element.Key.Select(field => field.First).ToArray())] = entry;
    }

    public int KeyWords => _keys.Total;

    public int DataWords { get; }

    public string Type => _set.Type;

    public int ElementsMax => _set.ElementsMax;

    public int? TimeoutSeconds => _set.TimeoutSeconds;

    public SetEntry? Find(in Registers key, long now)
    {
        var found = _exact is null ? _ranges!.Find(in key) : _exact.GetValueOrDefault(key);
        return found is not null && found.ExpiresAt > now ? found : null;
    }

    public void Put(in Registers key, SetEntry entry) => _exact![key] = entry;

    public void Remove(in Registers key) => _exact!.Remove(key);

    /// <summary>Elements that have not expired.</summary>
    public int CountAt(long now) => _exact!.Values.Count(entry => entry.ExpiresAt > now);

    /// <summary>nft_dynset_new fails when set-&gt;nelems reached set-&gt;size.</summary>
    public bool HasRoom(long now)
    {
        if (_exact!.Count < ElementsMax) return true;
        foreach (var key in _exact.Where(each => each.Value.ExpiresAt <= now).Select(each => each.Key).ToArray())
            _exact.Remove(key);
        return _exact.Count < ElementsMax;
    }

    /// <summary>New rules came: what packets added stays, what the old rules declared goes.</summary>
    public void Inherit(SetTable old)
    {
        foreach (var (key, entry) in old._exact!)
        {
            if (!entry.IsDeclared) _exact!.TryAdd(key, entry);
        }
    }

    private SetEntry EntryOf(ProgramElement element, RegisterLayout data, long now) => new(
        data.Pack(element.Data.Span), element.Verdict, element.Service,
        (element.TimeoutSeconds ?? _set.TimeoutSeconds) is { } seconds
            ? now + (seconds * TimeSpan.TicksPerSecond)
            : long.MaxValue);
}
