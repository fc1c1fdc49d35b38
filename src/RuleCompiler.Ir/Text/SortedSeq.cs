using System.Collections;
using System.Runtime.CompilerServices;

namespace RuleCompiler.Ir.Text;

/// <summary>An item of a <see cref="SortedSeq{T}"/>: a part of it is its key.</summary>
public interface IKeyed<TSelf>
    where TSelf : IKeyed<TSelf>
{
    /// <summary>A total order of the keys alone: 0 where they are equal, whatever else the items have.</summary>
    static abstract int CompareKeys(TSelf left, TSelf right);
}

/// <summary>
/// An immutable list in the order of its items' keys, no key twice, that compares by content. Versions share what they
/// have in common, in chunks: <see cref="Update"/> copies the chunks that it changes, and <see cref="ChangesTo"/> and
/// equality pass over those that two versions share. A change of k items costs about k copies of a chunk and one of the
/// list of chunks (count / 48 references). The default value is the empty list.
/// </summary>
[CollectionBuilder(typeof(SortedSeq), nameof(SortedSeq.Create))]
public readonly struct SortedSeq<T> : IReadOnlyList<T>, IEquatable<SortedSeq<T>>
    where T : IKeyed<T>
{
    internal const int ChunkMax = 64;

    /// <summary>What chunks start with: room to grow without a split.</summary>
    internal const int ChunkStart = 48;

    /// <summary>A smaller chunk joins its predecessor where the two fit into one.</summary>
    internal const int ChunkMin = 16;

    private readonly T[][]? _chunks;

    /// <summary>The index after the last item of each chunk.</summary>
    private readonly int[]? _ends;

    private SortedSeq(T[][] chunks)
    {
        if (chunks.Length == 0) return;
        _chunks = chunks;
        _ends = new int[chunks.Length];
        var end = 0;
        for (var i = 0; i < chunks.Length; i++) _ends[i] = end += chunks[i].Length;
    }

    public int Count => _ends is { } ends ? ends[^1] : 0;

    public bool IsEmpty => _chunks is null;

    private ReadOnlySpan<T[]> Chunks => _chunks;

    public T this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            var chunk = ChunkAt(index);
            return _chunks![chunk][index - StartOf(chunk)];
        }
    }

    /// <summary>The index of the first item for which it holds, <see cref="Count"/> without one.</summary>
    /// <param name="holds">Once it holds it holds for all later items.</param>
    public int FirstIndex(Predicate<T> holds)
    {
        var chunks = Chunks;
        var (low, high) = (0, chunks.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (holds(chunks[middle][^1])) high = middle;
            else low = middle + 1;
        }

        if (low == chunks.Length) return Count;
        var chunk = chunks[low];
        var (first, end) = (0, chunk.Length - 1);
        while (first < end)
        {
            var middle = (first + end) / 2;
            if (holds(chunk[middle])) end = middle;
            else first = middle + 1;
        }

        return StartOf(low) + first;
    }

    /// <summary>The item with the key of <paramref name="probe"/>, whose other parts do not count.</summary>
    public bool TryFind(T probe, out T found)
    {
        var index = FirstIndex(item => T.CompareKeys(item, probe) >= 0);
        if (index < Count && this[index] is var item && T.CompareKeys(item, probe) == 0)
        {
            found = item;
            return true;
        }

        found = default!;
        return false;
    }

    /// <summary>The items from the first for which it holds to the last for which it does.</summary>
    /// <param name="compare">Less than 0 before the range, 0 in it, more behind it.</param>
    public IEnumerable<T> Range(Func<T, int> compare)
    {
        for (var i = FirstIndex(item => compare(item) >= 0); i < Count; i++)
        {
            var item = this[i];
            if (compare(item) != 0) yield break;
            yield return item;
        }
    }

    /// <summary>
    /// Without the items with the keys of <paramref name="removed"/>, and with <paramref name="added"/>; a key in both
    /// is a replacement. Both in any order.
    /// </summary>
    /// <exception cref="ArgumentException">A removed key is not there, or an added one is and is not removed.</exception>
    public SortedSeq<T> Update(IEnumerable<T> removed, IEnumerable<T> added)
    {
        var edits = Edits(removed, added);
        if (edits.Count == 0) return this;
        if (IsEmpty && edits.TrueForAll(static edit => !edit.Removes)) return Of([.. edits.Select(static edit => edit.Key)]);
        var result = new List<T[]>(Chunks.Length + 1);
        var (next, at) = (0, 0);
        while (at < edits.Count)
        {
            // The chunk that has the key or would take it: the last that begins at it or before it.
            var key = edits[at].Key;
            var (low, high) = (next, Chunks.Length);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (T.CompareKeys(Chunks[middle][0], key) > 0) high = middle;
                else low = middle + 1;
            }

            var chunk = Math.Max(next, low - 1);
            for (; next < chunk; next++) result.Add(Chunks[next]);
            var isLast = chunk + 1 >= Chunks.Length;
            var end = at + 1;
            while (end < edits.Count && (isLast || T.CompareKeys(edits[end].Key, Chunks[chunk + 1][0]) < 0)) end++;
            Append(result, Merged(next < Chunks.Length ? Chunks[next] : [], edits.GetRange(at, end - at)));
            (next, at) = (next + 1, end);
        }

        for (; next < Chunks.Length; next++) result.Add(Chunks[next]);
        return new SortedSeq<T>([.. result]);
    }

    /// <summary>
    /// What makes <paramref name="next"/> of this list, so that <c>Update(Removed, Added)</c> is equal to it. An item
    /// with the same key and another content is in both.
    /// </summary>
    public Changes<T> ChangesTo(SortedSeq<T> next)
    {
        List<T> removed = [], added = [];
        Cursor left = new(Chunks), right = new(next.Chunks);
        while (!left.IsAtEnd || !right.IsAtEnd)
        {
            if (left.SkipSharedWith(ref right)) continue;
            var order = left.IsAtEnd ? 1 : right.IsAtEnd ? -1 : T.CompareKeys(left.Current, right.Current);
            if (order == 0 && !EqualityComparer<T>.Default.Equals(left.Current, right.Current))
            {
                removed.Add(left.Current);
                added.Add(right.Current);
            }

            if (order < 0) removed.Add(left.Current);
            if (order > 0) added.Add(right.Current);
            if (order <= 0) left.MoveNext();
            if (order >= 0) right.MoveNext();
        }

        return new Changes<T>(removed.ToSeq(), added.ToSeq());
    }

    public bool Equals(SortedSeq<T> other)
    {
        if (ReferenceEquals(_chunks, other._chunks)) return true;
        if (Count != other.Count) return false;
        Cursor left = new(Chunks), right = new(other.Chunks);
        while (!left.IsAtEnd)
        {
            if (left.SkipSharedWith(ref right)) continue;
            if (!EqualityComparer<T>.Default.Equals(left.Current, right.Current)) return false;
            left.MoveNext();
            right.MoveNext();
        }

        return true;
    }

    public override bool Equals(object? obj) => obj is SortedSeq<T> other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Count);
        foreach (var item in this) hash.Add(item);
        return hash.ToHashCode();
    }

    public override string ToString() => $"[{string.Join(", ", this)}]";

    public Enumerator GetEnumerator() => new(_chunks);

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => (_chunks ?? []).SelectMany(chunk => chunk).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => ((IEnumerable<T>)this).GetEnumerator();

    public static bool operator ==(SortedSeq<T> left, SortedSeq<T> right) => left.Equals(right);

    public static bool operator !=(SortedSeq<T> left, SortedSeq<T> right) => !left.Equals(right);

    /// <exception cref="ArgumentException">Two have one key.</exception>
    internal static SortedSeq<T> Of(T[] items)
    {
        Sort(items);
        for (var i = 1; i < items.Length; i++)
        {
            if (T.CompareKeys(items[i - 1], items[i]) == 0)
            {
                throw new ArgumentException($"{items[i]} has a key that another has: {items[i - 1]}");
            }
        }

        var chunks = new List<T[]>((items.Length / ChunkStart) + 1);
        Split(chunks, items);
        return new SortedSeq<T>([.. chunks]);
    }

    private static void Sort(T[] items)
    {
        // Inputs are mostly sorted already, which costs one pass to see.
        for (var i = 1; i < items.Length; i++)
        {
            if (T.CompareKeys(items[i - 1], items[i]) <= 0) continue;
            Array.Sort(items, T.CompareKeys);
            return;
        }
    }

    private int ChunkAt(int index)
    {
        var found = Array.BinarySearch(_ends!, index + 1);
        return found >= 0 ? found : ~found;
    }

    private int StartOf(int chunk) => chunk == 0 ? 0 : _ends![chunk - 1];

    /// <summary>In the order of their keys; those that would change nothing are left out.</summary>
    private static List<Edit> Edits(IEnumerable<T> removed, IEnumerable<T> added)
    {
        var (old, come) = (removed.ToArray(), added.ToArray());
        Sort(old);
        Sort(come);
        var edits = new List<Edit>(Math.Max(old.Length, come.Length));
        var (i, j) = (0, 0);
        while (i < old.Length || j < come.Length)
        {
            var order = i == old.Length ? 1 : j == come.Length ? -1 : T.CompareKeys(old[i], come[j]);
            if (order < 0) edits.Add(new Edit(old[i++], Removes: true, Adds: false));
            else if (order > 0) edits.Add(new Edit(come[j++], Removes: false, Adds: true));
            else if (EqualityComparer<T>.Default.Equals(old[i++], come[j++])) continue;
            else edits.Add(new Edit(come[j - 1], Removes: true, Adds: true));
        }

        return edits;
    }

    private static T[] Merged(T[] chunk, List<Edit> edits)
    {
        var merged = new List<T>(chunk.Length + edits.Count);
        var i = 0;
        foreach (var edit in edits)
        {
            while (i < chunk.Length && T.CompareKeys(chunk[i], edit.Key) < 0) merged.Add(chunk[i++]);
            var isThere = i < chunk.Length && T.CompareKeys(chunk[i], edit.Key) == 0;
            if (edit.Removes && !isThere) throw new ArgumentException($"there is no {edit.Key} to remove");
            if (isThere && !edit.Removes) throw new ArgumentException($"{chunk[i]} has the key of {edit.Key}");
            if (isThere) i++;
            if (merged.Count > 0 && edit.Adds && T.CompareKeys(merged[^1], edit.Key) == 0)
                throw new ArgumentException($"{edit.Key} comes twice");
            if (edit.Adds) merged.Add(edit.Key);
        }

        merged.AddRange(chunk.AsSpan(i));
        return [.. merged];
    }

    private static void Append(List<T[]> result, T[] chunk)
    {
        if (chunk.Length is > 0 and < ChunkMin && result.Count > 0 && result[^1].Length + chunk.Length <= ChunkStart)
            result[^1] = [.. result[^1], .. chunk];
        else if (chunk.Length <= ChunkMax && chunk.Length > 0)
            result.Add(chunk);
        else
            Split(result, chunk);
    }

    private static void Split(List<T[]> result, T[] items)
    {
        for (var first = 0; first < items.Length;)
        {
            var left = items.Length - first;
            // The last two share what is left, so that none is small.
            var take = left <= ChunkMax ? left : left < 2 * ChunkStart ? left / 2 : ChunkStart;
            result.Add(items[first..(first + take)]);
            first += take;
        }
    }

    public struct Enumerator
    {
        private readonly T[][]? _chunks;
        private int _chunk;
        private int _item;

        internal Enumerator(T[][]? chunks) => (_chunks, _chunk, _item) = (chunks, 0, -1);

        public readonly T Current => _chunks![_chunk][_item];

        public bool MoveNext()
        {
            if (_chunks is null || _chunk == _chunks.Length) return false;
            if (++_item < _chunks[_chunk].Length) return true;
            _item = 0;
            return ++_chunk < _chunks.Length;
        }
    }

    private readonly record struct Edit(T Key, bool Removes, bool Adds);

    /// <summary>A place in a list.</summary>
    private ref struct Cursor(ReadOnlySpan<T[]> chunks)
    {
        private readonly ReadOnlySpan<T[]> _chunks = chunks;
        private int _chunk;
        private int _item;

        public readonly bool IsAtEnd => _chunk == _chunks.Length;

        public readonly T Current => _chunks[_chunk][_item];

        public void MoveNext()
        {
            if (++_item < _chunks[_chunk].Length) return;
            (_chunk, _item) = (_chunk + 1, 0);
        }

        /// <summary>Moves both behind a chunk that both are at the start of.</summary>
        public bool SkipSharedWith(ref Cursor other)
        {
            if (IsAtEnd || other.IsAtEnd || _item > 0 || other._item > 0 ||
                !ReferenceEquals(_chunks[_chunk], other._chunks[other._chunk]))
                return false;
            _chunk++;
            other._chunk++;
            return true;
        }
    }
}

/// <summary>What makes one <see cref="SortedSeq{T}"/> of another.</summary>
public readonly record struct Changes<T>(Seq<T> Removed, Seq<T> Added)
{
    public bool IsEmpty => Removed.IsEmpty && Added.IsEmpty;
}

public static class SortedSeq
{
    /// <exception cref="ArgumentException">Two items have one key.</exception>
    public static SortedSeq<T> Create<T>(ReadOnlySpan<T> items)
        where T : IKeyed<T> => SortedSeq<T>.Of(items.ToArray());

    /// <inheritdoc cref="Create"/>
    public static SortedSeq<T> ToSortedSeq<T>(this IEnumerable<T> items)
        where T : IKeyed<T> => items is SortedSeq<T> sorted ? sorted : SortedSeq<T>.Of(items.ToArray());
}
