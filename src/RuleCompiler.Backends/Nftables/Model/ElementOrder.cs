namespace RuleCompiler.Backends.Nftables;

/// <summary>The canonical order of elements: by their keys, field by field.</summary>
internal static class ElementOrder
{
    public static int Compare(Element left, Element right)
    {
        var first = left.Key.Span;
        var second = right.Key.Span;
        for (var i = 0; i < Math.Min(first.Length, second.Length); i++)
        {
            if (first[i].CompareTo(second[i]) is var order and not 0) return order;
        }

        return first.Length.CompareTo(second.Length);
    }
}
