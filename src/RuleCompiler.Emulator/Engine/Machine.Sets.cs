using RuleCompiler.Backends.Nftables;

namespace RuleCompiler.Emulator;

/// <summary>Sets that packets look into and change (net/netfilter/nft_{lookup,dynset}.c @v6.1).</summary>
internal sealed partial class Machine
{
    private readonly SetTable[] _sets;

    private SetEntry? Find(Walk walk, int set, in Registers key)
    {
        for (var overlay = walk.Sets; overlay is not null; overlay = overlay.Below)
        {
            if (overlay.Set == set && overlay.Key.Equals(key)) return overlay.Entry;
        }

        return _sets[set].Find(in key, _now);
    }

    /// <summary>
    /// nft_dynset_eval: an element that lives keeps its data, and its timeout unless this is an update; a new one needs
    /// room, or else the rule is over. Deleting what is not there is no failure.
    /// </summary>
    private bool Update(Walk walk, SetUpdate update)
    {
        Registers registers = default;
        if (!Read(walk, update.Key.Span, ref registers)) return false;
        var set = _sets[update.Set];
        var key = registers.Part(0, set.KeyWords);
        Registers data = default;
        if (!Read(walk, update.Data.Span, ref data)) return false;
        data = data.Part(0, set.DataWords);
        var living = Find(walk, update.Set, in key);
        var expiresAt = (update.TimeoutSeconds ?? set.TimeoutSeconds) is { } seconds
            ? _now + (seconds * TimeSpan.TicksPerSecond)
            : long.MaxValue;
        switch (update.Action)
        {
            case DynamicAction.Delete:
                Change(walk, update.Set, in key, null);
                break;
            case DynamicAction.Add or DynamicAction.Update when living is null:
                if (!HasRoom(walk, update.Set)) return false;
                Change(walk, update.Set, in key, new SetEntry(data, ExpiresAt: expiresAt, IsDeclared: false));
                break;
            case DynamicAction.Update when living!.ExpiresAt != long.MaxValue:
                Change(walk, update.Set, in key, living with { ExpiresAt = expiresAt });
                break;
        }

        if (walk.IsTraced) Record(walk, Narrate(update));
        return true;
    }

    private void Change(Walk walk, int set, in Registers key, SetEntry? entry)
    {
        if (IsExploring)
            walk.Sets = new SetOverlay(set, key, entry, walk.Sets);
        else if (entry is not null)
            _sets[set].Put(in key, entry);
        else
            _sets[set].Remove(in key);
    }

    private bool HasRoom(Walk walk, int set)
    {
        if (!IsExploring) return _sets[set].HasRoom(_now);
        var count = _sets[set].CountAt(_now);
        var seen = new HashSet<Registers>();
        for (var overlay = walk.Sets; overlay is not null; overlay = overlay.Below)
        {
            if (overlay.Set != set || !seen.Add(overlay.Key)) continue;
            var wasThere = _sets[set].Find(overlay.Key, _now) is not null;
            count += (overlay.Entry is not null ? 1 : 0) - (wasThere ? 1 : 0);
        }

        return count < _sets[set].ElementsMax;
    }

    private string Narrate(SetUpdate update)
    {
        var name = _program.Sets[update.Set].Name;
        return update.Action switch
        {
            DynamicAction.Add => $"add to {name}",
            DynamicAction.Update => $"update in {name}",
            DynamicAction.Delete => $"delete from {name}",
        };
    }
}
