using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>Tables while commands build them up.</summary>
internal sealed class TableSet(Family family)
{
    private readonly SortedDictionary<string, TableDraft> _tables = new(StringComparer.Ordinal);

    public Family Family => family;

    public string FamilyWord => family == Family.Ipv4 ? "ip" : "ip6";

    /// <summary>Tables that were passed over.</summary>
    public int OfOtherFamilies { get; set; }

    public bool IsEmpty => _tables.Count == 0;

    public TableDraft GetOrAdd(string name)
    {
        if (!_tables.TryGetValue(name, out var table)) _tables.Add(name, table = new TableDraft());
        return table;
    }

    public TableDraft? Find(string name) => _tables.GetValueOrDefault(name);

    public bool Remove(string name) => _tables.Remove(name);

    public void Clear() => _tables.Clear();

    public NftRuleset Finish() =>
        new(family, _tables.Select(table => table.Value.Finish(table.Key)).ToSeq());
}

/// <summary>One table.</summary>
internal sealed class TableDraft
{
    public SortedDictionary<string, SetDraft> Sets { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, ChainDraft> Chains { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Sets that rules add to are dynamic whatever was said of them: <c>nft -j</c> leaves the flag out
    /// (src/json.c:set_print_json @v1.0.6). What packets added is state, and no part of the rules.
    /// </summary>
    public NftTable Finish(string name)
    {
        foreach (var rule in Chains.Values.SelectMany(chain => chain.Rules))
        {
            foreach (var statement in rule.Statements)
            {
                if (statement is Statement.Dynamic dynamic && Sets.TryGetValue(dynamic.Set, out var set))
                    set.Flags |= SetFlags.Dynamic;
            }
        }

        return new NftTable(
            name, Sets.Select(set => set.Value.Finish(set.Key)).ToSeq(),
            Chains.Select(chain => new NftChain(chain.Key, chain.Value.Hook, chain.Value.Rules.ToSeq())).ToSeq());
    }
}

internal sealed class ChainDraft
{
    public NftHook? Hook { get; set; }

    public List<NftRule> Rules { get; } = [];
}

internal sealed class SetDraft
{
    public Seq<FieldType> Key { get; set; }

    public DataType? Data { get; set; }

    public SetFlags Flags { get; set; }

    public int? TimeoutSeconds { get; set; }

    public int? Size { get; set; }

    public List<Element> Elements { get; } = [];

    public NftSet Finish(string name)
    {
        var elements = Flags.HasFlag(SetFlags.Dynamic) ? [] : Elements.ToArray();
        Array.Sort(elements, ElementOrder.Compare);
        return new NftSet(name, Key, Data, Flags, TimeoutSeconds, Size, elements.ToSeq());
    }
}

/// <summary>Elements in canonical order: by their keys, field by field.</summary>
internal static class ElementOrder
{
    public static int Compare(Element left, Element right) => Compare(left.Key, right.Key);

    public static int Compare(Seq<KeyField> left, Seq<KeyField> right)
    {
        for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (left[i].CompareTo(right[i]) is var order and not 0) return order;
        }

        return left.Count.CompareTo(right.Count);
    }
}
