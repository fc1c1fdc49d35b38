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

    /// <param name="conflicts">Keys that a map leads to two places.</param>
    public NftRuleset Finish(List<string> conflicts) =>
        new(family, _tables.Select(table => table.Value.Finish(table.Key, conflicts)).ToSeq());
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
    public NftTable Finish(string name, List<string> conflicts)
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
            name, Sets.Select(set => set.Value.Finish(set.Key, conflicts)).ToSortedSeq(),
            Chains.Select(chain => new NftChain(chain.Key, chain.Value.Hook, chain.Value.Rules.ToSeq())).ToSortedSeq());
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

    public Protocol? PortsOf { get; set; }

    public SetFlags Flags { get; set; }

    public int? TimeoutSeconds { get; set; }

    public int? Size { get; set; }

    public List<Element> Elements { get; } = [];

    public bool IsLike(SetDraft other) => (Key, Data, PortsOf, Flags, TimeoutSeconds) ==
        (other.Key, other.Data, other.PortsOf, other.Flags, other.TimeoutSeconds);

    /// <summary>
    /// A default timeout says that elements have timeouts, and nft lists no flag beside it. An element that is there
    /// already is not added again; with other data the kernel refuses it.
    /// </summary>
    public NftSet Finish(string name, List<string> conflicts)
    {
        var elements = Flags.HasFlag(SetFlags.Dynamic) ? [] : Elements.ToArray();
        var (places, count) = (new int[elements.Length], 0);
        for (var i = 0; i < places.Length; i++) places[i] = i;
        Array.Sort(places, (left, right) =>
            Element.CompareKeys(elements[left], elements[right]) is var order and not 0 ? order : left.CompareTo(right));
        var sorted = new Element[elements.Length];
        foreach (var place in places)
        {
            if (count == 0 || Element.CompareKeys(sorted[count - 1], elements[place]) != 0)
                sorted[count++] = elements[place];
            else if (!Equals(sorted[count - 1].Data, elements[place].Data))
                conflicts.Add($"an element of map {name} leads to two places");
        }

        var flags = TimeoutSeconds is null ? Flags : Flags | SetFlags.Timeout;
        var size = flags.HasFlag(SetFlags.Dynamic) ? Size ?? NftSet.DynamicSize : Size;
        return new NftSet(name, Key, Data, flags, TimeoutSeconds, size, SortedSeq.Create<Element>(sorted.AsSpan(0, count)))
        {
            PortsOf = PortsOf,
        };
    }
}
