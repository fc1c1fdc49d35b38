namespace RuleCompiler.Ir.Text;

/// <summary>
/// An immutable collection that counts its items: what several contributors may each have put there, and stays until
/// the last of them has gone. Items with one key are equal. Versions share what they have in common.
/// </summary>
public readonly record struct Multiset<T>
    where T : IKeyed<T>
{
    /// <summary>How often those are there that are there more than once.</summary>
    private readonly SortedSeq<Repeated> _repeated;

    private Multiset(SortedSeq<T> items, SortedSeq<Repeated> repeated) => (Items, _repeated) = (items, repeated);

    /// <summary>Each item once.</summary>
    public SortedSeq<T> Items { get; }

    /// <exception cref="ArgumentException">One is to be removed more often than it is there.</exception>
    public Multiset<T> Update(IReadOnlyCollection<T> removed, IReadOnlyCollection<T> added)
    {
        if (removed.Count == 0 && added.Count == 0) return this;
        var changes = new List<(T Item, int By)>(removed.Count + added.Count);
        changes.AddRange(removed.Select(item => (item, -1)));
        changes.AddRange(added.Select(item => (item, 1)));
        changes.Sort(static (left, right) => T.CompareKeys(left.Item, right.Item));

        List<T> gone = [], come = [];
        List<Repeated> before = [], after = [];
        for (var i = 0; i < changes.Count;)
        {
            var (item, by) = (changes[i].Item, 0);
            for (; i < changes.Count && T.CompareKeys(changes[i].Item, item) == 0; i++) by += changes[i].By;
            if (by == 0) continue;
            var had = CountOf(item);
            var has = had + by;
            if (has < 0) throw new ArgumentException($"{item} is there {had} times, and {by} are to be added");
            if (had == 0) come.Add(item);
            if (has == 0) gone.Add(item);
            if (had > 1) before.Add(new Repeated(item, had));
            if (has > 1) after.Add(new Repeated(item, has));
        }

        return new Multiset<T>(Items.Update(gone, come), _repeated.Update(before, after));
    }

    private int CountOf(T item) =>
        _repeated.TryFind(new Repeated(item, 0), out var repeated) ? repeated.Count
        : Items.TryFind(item, out _) ? 1
        : 0;

    private readonly record struct Repeated(T Item, int Count) : IKeyed<Repeated>
    {
        public static int CompareKeys(Repeated left, Repeated right) => T.CompareKeys(left.Item, right.Item);
    }
}
