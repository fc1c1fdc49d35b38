using System.Diagnostics;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>Sets and maps, with the checks of nf_tables_api.c:nft_add_set_elem and the set types @v6.1.</summary>
internal sealed partial class NftablesTranslation
{
    private void DeclareSet(NftSet set)
    {
        _place = () => $"set {set.Name} of table {_table}";
        _declared.Add(set.Name, set);
        var isMutable = set.Flags.HasFlag(SetFlags.Dynamic) || set.Flags.HasFlag(SetFlags.Timeout);
        if (isMutable && set.Flags.HasFlag(SetFlags.Interval))
        {
            Report(DiagnosticCatalog.NftNotEmulated,
                "found ranges in a set that changes or expires, expected single values there");
        }

        if (!set.Flags.HasFlag(SetFlags.Timeout) &&
            (set.TimeoutSeconds is not null || set.Elements.Any(element => element.TimeoutSeconds is not null)))
        {
            Report(DiagnosticCatalog.NftRefused, "found a timeout, expected the flag timeout with it");
        }

        if (set.Size is { } size && set.Elements.Count > size)
            Report(DiagnosticCatalog.NftRefused,
                $"found {set.Elements.Count} elements, expected no more than its size {size}");
        _setIndex.Add(set.Name, AddSet(
            set.Name, set.Key, (set.Data as DataType.Values)?.Fields ?? [], set.Data is DataType.Verdict, set.Elements,
            set.Flags.HasFlag(SetFlags.Interval), isMutable, set.TimeoutSeconds, set.Size ?? NftSet.DynamicSize,
            set.Flags));
    }

    private int AddSet(
        string name, Seq<FieldType> key, Seq<FieldType> data, bool hasVerdicts, IReadOnlyList<Element> elements, bool isInterval,
        bool isMutable = false, int? timeoutSeconds = null, int elementsMax = 0, SetFlags flags = default)
    {
        CheckWidth(key);
        CheckWidth(data);
        var good = elements.Where(element => CheckElement(element, key, data, hasVerdicts, isInterval)).ToArray();
        _sets.Add(new ProgramSet(
            _table, name, $"{key} : {(hasVerdicts ? "verdict" : data)} {flags}",
            key.Select(field => field.Bits()).ToSeq(), data.Select(field => field.Bits()).ToSeq(),
            isMutable, timeoutSeconds, elementsMax, Unique(good).Select(Translate).ToSeq()));
        return _sets.Count - 1;
    }

    private ProgramElement Translate(Element element)
    {
        var verdict = element.Data is ElementData.Verdict { Of: var of } ? VerdictOf(of) : default;
        var service = RuleComment.ServiceOf(element.Comment) ?? element.Data switch
        {
            ElementData.Verdict { Of: NftVerdict.Goto to } => NftChainNames.ServiceOf(to.Chain),
            ElementData.Verdict { Of: NftVerdict.Jump to } => NftChainNames.ServiceOf(to.Chain),
            _ => null,
        };
        var values = (element.Data as ElementData.Values)?.Fields ?? [];
        return new ProgramElement(element.Key, values, verdict, service, element.TimeoutSeconds);
    }

    /// <summary>NFT_DATA_VALUE_MAXLEN of include/net/netfilter/nf_tables.h @v6.1 is 64 bytes: all registers.</summary>
    private void CheckWidth(Seq<FieldType> fields)
    {
        var words = fields.Sum(field => RegisterLayout.WordsOf(field.Bits()));
        if (words > Registers.Count)
            Report(DiagnosticCatalog.NftRefused,
                $"found {words * 4} bytes of concatenated fields, expected at most {Registers.Count * 4}");
    }

    private bool CheckElement(
        Element element, Seq<FieldType> key, Seq<FieldType> data, bool hasVerdicts, bool isInterval)
    {
        var count = _diagnostics.Count;
        if (element.Key.Count != key.Count)
        {
            Report(DiagnosticCatalog.NftTypeMismatch,
                $"found an element of {element.Key.Count} fields ({element}), expected {key.Count}");
            return false;
        }

        for (var i = 0; i < key.Count; i++)
        {
            var (first, last) = element.Key[i];
            if (first > last || last > key[i].Largest() || (!isInterval && first != last))
                Report(DiagnosticCatalog.NftTypeMismatch,
                    $"found {element.Key[i]} in {element}, expected one {key[i]}");
        }

        var isRight = element.Data switch
        {
            null => !hasVerdicts && data.IsEmpty,
            ElementData.Verdict => hasVerdicts,
            ElementData.Values values => !hasVerdicts && values.Fields.Count == data.Count &&
                Enumerable.Range(0, data.Count).All(i => values.Fields[i] <= data[i].Largest()),
            _ => throw new UnreachableException($"{element}"),
        };
        if (!isRight) Report(DiagnosticCatalog.NftTypeMismatch, $"found {element}, expected data of type {data}");
        return _diagnostics.Count == count;
    }

    /// <summary>
    /// Elements without repetitions; two that share a key and differ in their data are refused (-EEXIST).
    /// </summary>
    private List<Element> Unique(Element[] elements)
    {
        var sorted = elements.OrderBy(element => element.Key, KeyComparer.Instance).ToArray();
        var result = new List<Element>(sorted.Length);
        foreach (var element in sorted)
        {
            if (result.Count > 0 && result[^1].Key == element.Key)
            {
                if (result[^1].Data != element.Data) Overlap(result[^1], element);
                continue;
            }

            result.Add(element);
        }

        if (result.Any(element => element.Key.Any(field => field.First != field.Last))) CheckOverlaps(result);
        return result;
    }

    /// <summary>
    /// Elements that agree in every field but those with ranges are compared along the first of these; -ENOTEMPTY of
    /// nft_set_{rbtree,pipapo}.c:*_insert @v6.1, which for concatenations overlooks some that we refuse as well.
    /// </summary>
    private void CheckOverlaps(List<Element> elements)
    {
        var fields = Enumerable.Range(0, elements[0].Key.Count).ToArray();
        var ranged = fields.Where(i => elements.Any(element => element.Key[i].First != element.Key[i].Last)).ToArray();
        foreach (var group in elements.GroupBy(element => fields.Except(ranged).Select(i => element.Key[i]).ToSeq()))
        {
            var members = group.OrderBy(element => element.Key[ranged[0]]).ToArray();
            for (var i = 0; i < members.Length; i++)
            {
                var last = members[i].Key[ranged[0]].Last;
                for (var j = i + 1; j < members.Length && members[j].Key[ranged[0]].First <= last; j++)
                {
                    if (ranged.Any(field => Apart(members[i].Key[field], members[j].Key[field]))) continue;
                    Overlap(members[i], members[j]);
                    return;
                }
            }
        }

        static bool Apart(KeyField left, KeyField right) => left.Last < right.First || right.Last < left.First;
    }

    private void Overlap(Element one, Element other) =>
        Report(DiagnosticCatalog.NftOverlap, $"found {one} and {other}, expected elements without a common key");

    private sealed class KeyComparer : IComparer<Seq<KeyField>>
    {
        public static readonly KeyComparer Instance = new();

        public int Compare(Seq<KeyField> x, Seq<KeyField> y)
        {
            for (var i = 0; i < x.Count && i < y.Count; i++)
            {
                if (x[i].CompareTo(y[i]) is var order and not 0) return order;
            }

            return x.Count.CompareTo(y.Count);
        }
    }
}
