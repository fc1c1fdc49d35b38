using RuleCompiler.Backends.Nftables;

namespace RuleCompiler.Emulator;

/// <summary>
/// Elements with ranges. The fields that are single values in every element are hashed; among those that agree in them,
/// the first field with ranges is searched by halves and the others are compared. Elements do not overlap.
/// </summary>
internal sealed class RangeIndex
{
    private readonly RegisterLayout _layout;
    private readonly bool[] _hasRanges;
    private readonly int _searched;
    private readonly Dictionary<Registers, Group> _groups = [];

    public RangeIndex(
        ProgramSet set, RegisterLayout layout, IEnumerable<(ProgramElement Element, SetEntry Entry)> elements)
    {
        var all = elements.ToArray();
        _layout = layout;
        _hasRanges = Enumerable.Range(0, set.KeyBits.Count)
            .Select(field => all.Any(each => each.Element.Key[field].First != each.Element.Key[field].Last)).ToArray();
        _searched = Math.Max(0, Array.IndexOf(_hasRanges, true));
        foreach (var group in all.GroupBy(each => Exact(each.Element)))
        {
            var members = group.OrderBy(each => each.Element.Key[_searched].First)
                .Select(each => (each.Element.Key, each.Entry)).ToArray();
            _groups.Add(group.Key, new Group(members, HasNested(members)));
        }
    }

    /// <param name="Members">Sorted by the searched field.</param>
    /// <param name="IsNested">Ranges of the searched field overlap, so that another field tells elements apart.</param>
    private sealed record Group((Ir.Text.Seq<KeyField> Key, SetEntry Entry)[] Members, bool IsNested);

    public SetEntry? Find(in Registers key)
    {
        var exact = key;
        for (var field = 0; field < _hasRanges.Length; field++)
        {
            if (_hasRanges[field]) exact.Set(_layout.At(field), _layout.Words(field), 0);
        }

        if (!_groups.TryGetValue(exact, out var group)) return null;
        var value = key.Get(_layout.At(_searched), _layout.Words(_searched));
        for (var i = LastFrom(group.Members, value); i >= 0; i--)
        {
            if (Contains(group.Members[i].Key, in key)) return group.Members[i].Entry;
            if (!group.IsNested) return null;
        }

        return null;
    }

    private Registers Exact(ProgramElement element)
    {
        Registers key = default;
        for (var field = 0; field < _hasRanges.Length; field++)
        {
            if (!_hasRanges[field]) key.Set(_layout.At(field), _layout.Words(field), element.Key[field].First);
        }

        return key;
    }

    private bool HasNested((Ir.Text.Seq<KeyField> Key, SetEntry Entry)[] members)
    {
        for (var i = 1; i < members.Length; i++)
        {
            if (members[i].Key[_searched].First <= members[i - 1].Key[_searched].Last) return true;
        }

        return false;
    }

    /// <summary>The last member that does not begin behind the value; -1: none.</summary>
    private int LastFrom((Ir.Text.Seq<KeyField> Key, SetEntry Entry)[] members, UInt128 value)
    {
        var (low, high) = (0, members.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (members[middle].Key[_searched].First <= value)
                low = middle + 1;
            else
                high = middle;
        }

        return low - 1;
    }

    private bool Contains(Ir.Text.Seq<KeyField> ranges, in Registers key)
    {
        for (var field = 0; field < ranges.Count; field++)
        {
            if (!_hasRanges[field]) continue;
            var value = key.Get(_layout.At(field), _layout.Words(field));
            if (value < ranges[field].First || value > ranges[field].Last) return false;
        }

        return true;
    }
}
