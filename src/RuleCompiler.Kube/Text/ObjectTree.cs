namespace RuleCompiler.Kube.Text;

/// <summary>
/// One object as a flat list of entries in document order: a map's children alternate between key and value. A tree is
/// reused for the next object, so that reading a cluster keeps one object at a time.
/// </summary>
internal sealed class ObjectTree(Report report, int capacity = 256)
{
    private Entry[] _entries = new Entry[capacity];

    public Report Report { get; } = report;

    public int Count { get; private set; }

    public Value Root => new(this, 0, -1, "");

    public ref Entry this[int index] => ref _entries[index];

    public void Clear() => Count = 0;

    public int Add(in Token token, int parent)
    {
        if (Count == _entries.Length) Array.Resize(ref _entries, Count * 2);
        _entries[Count] = new Entry
        {
            Text = token.Text,
            Line = token.Line,
            Column = token.Column,
            Parent = parent,
            Next = Count + 1,
            Shape = token.Shape,
        };
        return Count++;
    }

    /// <summary>Everything added since is inside of this entry.</summary>
    public void Close(int index) => _entries[index].Next = Count;

    /// <summary>The value of a key, or -1.</summary>
    public int Find(int map, string key)
    {
        var end = _entries[map].Next;
        for (var at = map + 1; at < end; at = _entries[at + 1].Next)
        {
            if (_entries[at].Text == key) return at + 1;
        }

        return -1;
    }

    internal struct Entry
    {
        /// <summary>
        /// Of a scalar, a key, or nothing. A key that was superseded has null, so that nobody finds it.
        /// </summary>
        public string? Text;
        public int Line;
        public int Column;
        public int Parent;

        /// <summary>The first entry after this one and all inside of it.</summary>
        public int Next;
        public Shape Shape;
    }
}
