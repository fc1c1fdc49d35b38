using System.Diagnostics;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>Expressions ---> loads of registers.</summary>
internal sealed partial class NftablesTranslation
{
    /// <summary>
    /// The loads that put the value into the registers from <paramref name="at"/> on, and its types. What has no type
    /// of its own, a constant or a map in place, takes the wanted one; without it there is an error. Null: reported.
    /// </summary>
    private Seq<FieldType>? Compile(Expression expression, Seq<FieldType>? wanted, int at, List<Load> loads)
    {
        var types = expression switch
        {
            Expression.Concat e => Concat(e, wanted, at, loads),
            Expression.Constant e => Constant(e, wanted, at, loads),
            Expression.Map e => MapElement(e, wanted, at, loads),
            Expression.Bitwise e => Bitwise(e, wanted, at, loads),
            Expression.Numgen e => Numgen(e, at, loads),
            Expression.FibType => NotEmulated("a fib type other than in a comparison with local"),
            Expression.Ct { Key: CtKey.Status } => NotEmulated("ct status other than in a test of snat and dnat"),
            Expression.Payload or Expression.Meta or Expression.Ct => Field(expression, at, loads),
            _ => throw new UnreachableException($"{expression}"),
        };
        if (types is not { } found) return null;
        if (wanted is { } expected && !Fits(found, expected))
        {
            Report(DiagnosticCatalog.NftTypeMismatch, $"found {expression} of type {found}, expected {expected}");
            return null;
        }

        return found;
    }

    /// <summary>The same from the first register on.</summary>
    private (Seq<Load> Loads, Seq<FieldType> Types)? Compile(Expression expression, Seq<FieldType>? wanted = null)
    {
        var loads = new List<Load>();
        return Compile(expression, wanted, 0, loads) is { } types ? (loads.ToSeq(), types) : null;
    }

    private static bool Fits(Seq<FieldType> types, Seq<FieldType> wanted) =>
        types.Count == wanted.Count && Enumerable.Range(0, types.Count).All(i => types[i].Fits(wanted[i]));

    private Seq<FieldType>? NotEmulated(string what)
    {
        Report(DiagnosticCatalog.NftNotEmulated, $"found {what}, expected what the emulator has a model of");
        return null;
    }

    private Seq<FieldType>? Add(List<Load> loads, FieldType type, LoadKind kind, int at, Load more = default)
    {
        var words = RegisterLayout.WordsOf(type.Bits());
        if (at + words > Registers.Count)
        {
            Report(DiagnosticCatalog.NftRefused,
                $"found a value beyond {Registers.Count * 4} bytes, expected it to fit the registers");
            return null;
        }

        loads.Add(more with { Kind = kind, At = (byte)at, Words = (byte)words });
        return [type];
    }

    private Seq<FieldType>? Field(Expression expression, int at, List<Load> loads)
    {
        var (kind, type) = expression switch
        {
            Expression.Payload { Field: PayloadField.SourceAddress } =>
                (LoadKind.SourceAddress, ruleset.Family.Address()),
            Expression.Payload { Field: PayloadField.DestinationAddress } =>
                (LoadKind.DestinationAddress, ruleset.Family.Address()),
            Expression.Payload { Field: PayloadField.SourcePort } => (LoadKind.SourcePort, FieldType.InetService),
            Expression.Payload { Field: PayloadField.DestinationPort } =>
                (LoadKind.DestinationPort, FieldType.InetService),
            Expression.Meta { Key: MetaKey.L4Proto } => (LoadKind.Protocol, FieldType.InetProto),
            Expression.Meta { Key: MetaKey.Mark } => (LoadKind.Mark, FieldType.Mark),
            Expression.Meta { Key: MetaKey.Priority } => (LoadKind.Priority, FieldType.ClassId),
            Expression.Meta { Key: MetaKey.InputInterfaceName } => (LoadKind.InputInterface, FieldType.Ifname),
            Expression.Meta { Key: MetaKey.OutputInterfaceName } => (LoadKind.OutputInterface, FieldType.Ifname),
            Expression.Ct { Key: CtKey.State } => (LoadKind.ConntrackState, FieldType.Integer),
            Expression.Ct { Key: CtKey.Status } => (LoadKind.ConntrackStatus, FieldType.Integer),
            Expression.Ct { Key: CtKey.Mark } => (LoadKind.ConntrackMark, FieldType.Mark),
            _ => throw new UnreachableException($"{expression}"),
        };
        return Add(loads, type, kind, at);
    }

    private Seq<FieldType>? Concat(Expression.Concat concat, Seq<FieldType>? wanted, int at, List<Load> loads)
    {
        var types = new List<FieldType>();
        foreach (var field in concat.Fields.Span)
        {
            Seq<FieldType>? own = wanted is { } all && types.Count < all.Count ? [all[types.Count]] : null;
            if (Compile(field, own, at, loads) is not { } found) return null;
            types.AddRange(found);
            at += found.Sum(type => RegisterLayout.WordsOf(type.Bits()));
        }

        return types.ToSeq();
    }

    private Seq<FieldType>? Constant(Expression.Constant constant, Seq<FieldType>? wanted, int at, List<Load> loads)
    {
        if (wanted is not { } types || types.Count != constant.Fields.Count)
        {
            Report(DiagnosticCatalog.NftTypeMismatch,
                $"found {constant}, expected {wanted?.Count ?? 0} fields of known type");
            return null;
        }

        for (var i = 0; i < types.Count; i++)
        {
            if (constant.Fields[i] > types[i].Largest())
            {
                Report(DiagnosticCatalog.NftTypeMismatch, $"found {constant.Fields[i]}, expected one {types[i]}");
                return null;
            }

            if (Add(loads, types[i], LoadKind.Constant, at, new Load { A = constant.Fields[i] }) is null) return null;
            at += RegisterLayout.WordsOf(types[i].Bits());
        }

        return types;
    }

    private Seq<FieldType>? Bitwise(Expression.Bitwise bitwise, Seq<FieldType>? wanted, int at, List<Load> loads)
    {
        if (Compile(bitwise.Left, wanted, at, loads) is not { } types) return null;
        if (types is not [var type] || bitwise.And > type.Largest() || bitwise.Xor > type.Largest())
        {
            Report(DiagnosticCatalog.NftTypeMismatch, $"found {bitwise}, expected a mask of one field of type {types}");
            return null;
        }

        return Add(loads, type, LoadKind.Bitwise, at, new Load { A = bitwise.And, B = bitwise.Xor });
    }

    /// <summary>nft_numgen.c:nft_ng_random_init, nft_ng_inc_init @v6.1.</summary>
    private Seq<FieldType>? Numgen(Expression.Numgen numgen, int at, List<Load> loads)
    {
        if (numgen.Modulus == 0 || numgen.Offset + numgen.Modulus - 1 < numgen.Offset)
        {
            Report(DiagnosticCatalog.NftRefused, $"found {numgen}, expected a modulus above 0 and numbers of 32 bits");
            return null;
        }

        var load = new Load { A = numgen.Modulus, B = numgen.Offset, Index = numgen.Random ? 0 : _counters++ };
        return Add(loads, FieldType.Integer, numgen.Random ? LoadKind.RandomNumber : LoadKind.NextNumber, at, load);
    }

    private Seq<FieldType>? MapElement(Expression.Map map, Seq<FieldType>? wanted, int at, List<Load> loads)
    {
        if (map.From is SetRef.Named { Name: var name })
        {
            if (FindSet(name) is not { } set) return null;
            if (set.Data is not DataType.Values { Fields: var data })
            {
                Report(DiagnosticCatalog.NftTypeMismatch,
                    $"found a look-up of a value in {name}, expected a map of values");
                return null;
            }

            if (Compile(map.Key, set.Key, at, loads) is null) return null;
            return Result(data, _setIndex[name]);
        }

        if (wanted is not { } types)
        {
            Report(DiagnosticCatalog.NftTypeMismatch, $"found {map} where any value can be, expected a named map");
            return null;
        }

        if (Compile(map.Key, null, at, loads) is not { } key) return null;
        return Result(types, AddInPlace(map.From, key, types, hasVerdicts: false));

        Seq<FieldType>? Result(Seq<FieldType> data, int set)
        {
            if (at + data.Sum(field => RegisterLayout.WordsOf(field.Bits())) > Registers.Count)
            {
                Report(DiagnosticCatalog.NftRefused, $"found {map} too wide, expected it to fit the registers");
                return null;
            }

            loads.Add(new Load(LoadKind.MapElement, (byte)at, 0, Index: set));
            return data;
        }
    }

    private int AddInPlace(SetRef set, Seq<FieldType> key, Seq<FieldType> data, bool hasVerdicts) =>
        AddSet("", key, data, hasVerdicts, ((SetRef.InPlace)set).Elements, isInterval: true);

    private NftSet? FindSet(string name)
    {
        if (_declared.TryGetValue(name, out var set)) return set;
        Report(DiagnosticCatalog.MissingSet, $"found a look-up in {name}, expected a set or map of table {_table}",
            "declare it");
        return null;
    }
}
