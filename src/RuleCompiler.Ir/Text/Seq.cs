using System.Collections;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RuleCompiler.Ir.Text;

/// <summary>
/// An immutable list that compares by content. <c>ImmutableArray</c> compares by reference, which would silently
/// break record equality and with it every round-trip law. The default value is the empty list.
/// </summary>
[CollectionBuilder(typeof(Seq), nameof(Seq.Create))]
public readonly struct Seq<T> : IReadOnlyList<T>, IEquatable<Seq<T>>
{
    private readonly T[]? _items;

    internal Seq(T[] items) => _items = items;

    public int Count => _items?.Length ?? 0;

    public bool IsEmpty => Count == 0;

    public ReadOnlySpan<T> Span => _items;

    public T this[int index] => _items![index];

    public bool Equals(Seq<T> other)
    {
        if (ReferenceEquals(_items, other._items)) return true;
        if (Count != other.Count) return false;
        for (var i = 0; i < Count; i++)
        {
            if (!EqualityComparer<T>.Default.Equals(_items![i], other._items![i])) return false;
        }

        return true;
    }

    public override bool Equals(object? obj) => obj is Seq<T> other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Count);
        foreach (var item in Span) hash.Add(item);
        return hash.ToHashCode();
    }

    public override string ToString() => $"[{string.Join(", ", Array.ConvertAll(_items ?? [], item => item?.ToString()))}]";

    public ReadOnlySpan<T>.Enumerator GetEnumerator() => Span.GetEnumerator();

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => ((IEnumerable<T>)(_items ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => (_items ?? []).GetEnumerator();

    public static bool operator ==(Seq<T> left, Seq<T> right) => left.Equals(right);

    public static bool operator !=(Seq<T> left, Seq<T> right) => !left.Equals(right);
}

public static class Seq
{
    public static Seq<T> Create<T>(ReadOnlySpan<T> items) => items.IsEmpty ? default : new(items.ToArray());

    public static Seq<T> ToSeq<T>(this IEnumerable<T> items) =>
        items is Seq<T> seq ? seq : new(items.ToArray());

    public static Seq<T> ToSeq<T>(this List<T> items) => Create<T>(CollectionsMarshal.AsSpan(items));

    public static Seq<T> ToSeq<T>(this ImmutableArray<T> items) => Create(items.AsSpan());
}
