using System.Diagnostics;
using System.Runtime.InteropServices;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>Statements ---> guards and steps.</summary>
internal sealed partial class NftablesTranslation
{
    private void TranslateRule(string chain, NftRule rule)
    {
        var first = _guards.Count;
        Verdict? last = null;
        var needs = Needs.Nothing;
        var isOver = false;
        foreach (var statement in rule.Statements.Span)
        {
            if (isOver)
            {
                Report(DiagnosticCatalog.NftRefused, $"found {statement} behind the end of the rule, expected nothing");
                break;
            }

            switch (statement)
            {
                case Statement.Counter: break;
                case Statement.Match s: Translate(s); break;
                case Statement.Lookup s: Translate(s); break;
                case Statement.Bits s: Translate(s); break;
                case Statement.VerdictMap s: Translate(s); break;
                case Statement.SetMeta s: Translate(s); break;
                case Statement.Dynamic s: Translate(s); break;
                case Statement.Dnat s:
                    Translate(s);
                    (needs, isOver) = (Needs.Dnat, true);
                    break;
                case Statement.Masquerade s:
                    _guards.Add(Guard.Masquerade(new Effect.Masquerade(s.FullyRandom || s.Random)));
                    (needs, isOver) = (Needs.Masquerade, true);
                    break;
                case Statement.Reject s:
                    last = new Verdict(VerdictKind.Reject, With: RejectKindOf(s.With));
                    (needs, isOver) = (Needs.Reject, true);
                    break;
                case Statement.Verdict s:
                    last = VerdictOf(s.Of);
                    isOver = true;
                    break;
                default:
                    throw new UnreachableException($"{statement}");
            }
        }

        // A rule whose steps decide, or tell what they did, has no verdict of its own to tell.
        var steps = CollectionsMarshal.AsSpan(_guards)[first..];
        var decides = false;
        var acts = false;
        foreach (ref readonly var guard in steps)
        {
            decides |= guard.Kind is GuardKind.Dispatch or GuardKind.Translate or GuardKind.Masquerade;
            acts |= guard.Kind is GuardKind.Assign or GuardKind.Update;
        }

        if (decides && last is { } decision) _guards.Add(Guard.Decide(decision));
        var verdict = decides || (acts && last is null) ? new Verdict(VerdictKind.Computed) : last ?? default;
        _rules.Add(new ProgramRule(first, _guards.Count - first, null, verdict));
        _facts.Add(new RuleFacts(_table, chain, rule, needs));
    }

    private Verdict VerdictOf(NftVerdict verdict) => verdict switch
    {
        NftVerdict.Accept => new Verdict(VerdictKind.Accept),
        NftVerdict.Drop => new Verdict(VerdictKind.Drop),
        NftVerdict.Continue => new Verdict(VerdictKind.Continue),
        NftVerdict.Return => new Verdict(VerdictKind.Return),
        NftVerdict.Jump to => new Verdict(VerdictKind.Jump, Resolve(to.Chain)),
        NftVerdict.Goto to => new Verdict(VerdictKind.Goto, Resolve(to.Chain)),
        _ => throw new UnreachableException($"{verdict}"),
    };

    private int Resolve(string chain)
    {
        if (_baseNames.Contains(chain))
        {
            // nf_tables_api.c:nft_verdict_init @v6.1: -EOPNOTSUPP.
            Report(DiagnosticCatalog.NftRefused, $"found a jump to {chain}, expected a chain without a hook");
        }

        if (_chainIndex.TryGetValue(chain, out var found)) return found;
        Report(DiagnosticCatalog.MissingChain, $"found a jump to chain {chain}, expected a chain of table {_table}",
            "declare the chain");
        return 0;
    }

    /// <summary>nf_reject_ipv4.h and nft_reject.h @v6.1 know these codes; each family has its own.</summary>
    private RejectKind RejectKindOf(NftRejectKind kind)
    {
        var isIpv6 = ruleset.Family == Family.Ipv6;
        RejectKind? found = kind switch
        {
            NftRejectKind.PortUnreachable => RejectKind.PortUnreachable,
            NftRejectKind.AdminProhibited => RejectKind.AdminProhibited,
            NftRejectKind.TcpReset => RejectKind.TcpReset,
            NftRejectKind.HostUnreachable => isIpv6 ? null : RejectKind.HostUnreachable,
            NftRejectKind.NetUnreachable => isIpv6 ? null : RejectKind.NetUnreachable,
            NftRejectKind.ProtocolUnreachable => isIpv6 ? null : RejectKind.ProtocolUnreachable,
            NftRejectKind.NoRoute => isIpv6 ? RejectKind.NetUnreachable : null,
            NftRejectKind.AddressUnreachable => isIpv6 ? RejectKind.HostUnreachable : null,
        };
        if (found is null)
            Report(DiagnosticCatalog.WrongFamily, $"found reject with {kind}, expected one of {ruleset.Family.ApiName()}");
        return found ?? default;
    }

    private void Translate(Statement.Match match)
    {
        if (match.Left is Expression.FibType fib)
        {
            if (match.Relation is not (Relation.Equal or Relation.NotEqual) ||
                match.Values is not [{ First: var first, Last: var last }] ||
                first != Expression.FibType.Local || last != Expression.FibType.Local)
            {
                NotEmulated($"{match}");
                return;
            }

            var isOther = match.Relation == Relation.NotEqual;
            _guards.Add(fib.OfSource ? Guard.SourceIsLocal(isOther) : Guard.DestinationIsLocal(isOther));
            return;
        }

        if (Compile(match.Left) is not var (loads, types)) return;
        if (types is not [var type] || match.Values.IsEmpty ||
            match.Values.Any(value => value.First > value.Last || value.Last > type.Largest()))
        {
            Report(DiagnosticCatalog.NftTypeMismatch, $"found {match}, expected values of one type {types}");
            return;
        }

        if (RangesOf(match, type) is not { } ranges) return;
        var inverted = match.Relation == Relation.NotEqual;
        _guards.Add(Simple(loads, ranges, inverted) ??
            Guard.Compare(new RangeTest(loads, RegisterLayout.WordsOf(type.Bits()), ranges), inverted));
    }

    /// <summary>The values for which the relation holds, or does not hold for "!="; sorted, apart.</summary>
    private Seq<KeyField>? RangesOf(Statement.Match match, FieldType type)
    {
        if (match.Relation is Relation.Equal or Relation.NotEqual)
        {
            var sorted = match.Values.Distinct().Order().ToArray();
            for (var i = 1; i < sorted.Length; i++)
            {
                if (sorted[i].First > sorted[i - 1].Last) continue;
                Report(DiagnosticCatalog.NftOverlap, $"found {sorted[i - 1]} and {sorted[i]}, expected values apart");
                return null;
            }

            return sorted.ToSeq();
        }

        if (match.Values is not [{ First: var bound, Last: var same }] || bound != same)
        {
            Report(DiagnosticCatalog.NftTypeMismatch, $"found {match}, expected one value to compare with");
            return null;
        }

        var largest = type.Largest();
        return match.Relation switch
        {
            Relation.Less => bound == 0 ? [] : [new KeyField(0, bound - 1)],
            Relation.LessOrEqual => [new KeyField(0, bound)],
            Relation.Greater => bound == largest ? [] : [new KeyField(bound + 1, largest)],
            Relation.GreaterOrEqual => [new KeyField(bound, largest)],
            Relation.Equal or Relation.NotEqual => throw new UnreachableException(),
        };
    }

    /// <summary>Flat guards for what most rules ask; they mean the same and are quicker.</summary>
    private Guard? Simple(Seq<Load> loads, Seq<KeyField> ranges, bool inverted)
    {
        if (ranges is not [var range]) return null;
        var isOne = range.First == range.Last;
        return loads switch
        {
            [{ Kind: LoadKind.SourceAddress }] when MaskOf(range) is { } mask =>
                Guard.Source(Own(range.First), mask, inverted),
            [{ Kind: LoadKind.DestinationAddress }] when MaskOf(range) is { } mask =>
                Guard.Destination(Own(range.First), mask, inverted),
            [{ Kind: LoadKind.Protocol }] when isOne => Guard.OfProtocol((Protocol)(byte)range.First, inverted),
            [{ Kind: LoadKind.Mark }] when isOne => Guard.MarkIs((uint)range.First, uint.MaxValue, inverted),
            [{ Kind: LoadKind.Mark }, { Kind: LoadKind.Bitwise, B: var flip, A: var keep }] when isOne && flip == 0 =>
                Guard.MarkIs((uint)range.First, (uint)keep, inverted),
            _ => null,
        };

        Ip Own(UInt128 bits) => Ip.Create(ruleset.Family, bits);

        Ip? MaskOf(KeyField field)
        {
            var size = field.Last - field.First;
            var isPrefix = (size & (size + 1)) == 0 && (field.First & size) == 0;
            return isPrefix ? Own(ruleset.Family.HostMask() & ~size) : null;
        }
    }

    private void Translate(Statement.Bits bits)
    {
        switch (bits.Left)
        {
            case Expression.Ct { Key: CtKey.State } when (bits.Any & ~AllStates) == 0:
                _guards.Add(Guard.State(StatesOf((CtState)bits.Any), bits.Inverted));
                return;
            case Expression.Ct { Key: CtKey.Status } when (bits.Any & ~(uint)(CtStatus.Snat | CtStatus.Dnat)) == 0:
                Add([new Load(LoadKind.ConntrackStatus, 0, 1)]);
                return;
            case Expression.Ct { Key: CtKey.State or CtKey.Status }:
                NotEmulated($"{bits}");
                return;
        }

        if (Compile(bits.Left) is not var (loads, types)) return;
        if (types is [var type] && RegisterLayout.WordsOf(type.Bits()) == 1)
            Add(loads);
        else
            Report(DiagnosticCatalog.NftTypeMismatch, $"found {bits}, expected a field of 32 bits");

        void Add(Seq<Load> value) => _guards.Add(Guard.Compare(
            new RangeTest([.. value, new Load(LoadKind.Bitwise, 0, 1, bits.Any)], 1, [new KeyField(1, uint.MaxValue)]),
            bits.Inverted));
    }

    /// <summary>Every NF_CT_STATE_BIT.</summary>
    private const uint AllStates =
        (uint)(CtState.Invalid | CtState.Established | CtState.Related | CtState.New | CtState.Untracked);

    private static ConntrackStates StatesOf(CtState state)
    {
        var result = ConntrackStates.None;
        if (state.HasFlag(CtState.Invalid)) result |= ConntrackStates.Invalid;
        if (state.HasFlag(CtState.Established)) result |= ConntrackStates.Established;
        if (state.HasFlag(CtState.Related)) result |= ConntrackStates.Related;
        if (state.HasFlag(CtState.New)) result |= ConntrackStates.New;
        if (state.HasFlag(CtState.Untracked)) result |= ConntrackStates.Untracked;
        return result;
    }

    private void Translate(Statement.Lookup lookup)
    {
        if (QueryOf(lookup.Key, lookup.In, hasVerdicts: false) is { } query)
            _guards.Add(Guard.Lookup(query, lookup.Inverted));
    }

    private void Translate(Statement.VerdictMap map)
    {
        if (QueryOf(map.Key, map.Map, hasVerdicts: true) is { } query) _guards.Add(Guard.Dispatch(query));
    }

    private SetQuery? QueryOf(Expression key, SetRef reference, bool hasVerdicts)
    {
        if (reference is SetRef.Named { Name: var name })
        {
            if (FindSet(name) is not { } set) return null;
            if (hasVerdicts != set.Data is DataType.Verdict || (!hasVerdicts && set.Data is not null))
            {
                Report(DiagnosticCatalog.NftTypeMismatch,
                    $"found {name} with data {set.Data}, expected a {(hasVerdicts ? "verdict map" : "set")}");
                return null;
            }

            return Compile(key, set.Key) is var (known, _) ? new SetQuery(known, _setIndex[name]) : null;
        }

        if (Compile(key) is not var (loads, types)) return null;
        return new SetQuery(loads, AddInPlace(reference, types, [], hasVerdicts));
    }

    private void Translate(Statement.SetMeta set)
    {
        (AssignedField Field, FieldType Type)? target = set.Key switch
        {
            MetaKey.Mark => (AssignedField.Mark, FieldType.Mark),
            MetaKey.Priority => (AssignedField.Priority, FieldType.ClassId),
            MetaKey.L4Proto or MetaKey.InputInterfaceName or MetaKey.OutputInterfaceName => null,
        };
        if (target is not var (field, type))
            Report(DiagnosticCatalog.NftRefused, $"found meta {set.Key} set, expected mark or priority");
        else if (Compile(set.Value, [type]) is var (loads, _))
            _guards.Add(Guard.Assign(new Assignment(field, loads)));
    }

    private void Translate(Statement.Dnat dnat)
    {
        var address = ruleset.Family.Address();
        var hasPort = FieldsOf(dnat.To) > 1;
        Seq<FieldType> wanted = hasPort ? [address, FieldType.InetService] : [address];
        if (Compile(dnat.To, wanted) is var (loads, _)) _guards.Add(Guard.Translate(new Translation(loads, hasPort)));
    }

    private int FieldsOf(Expression expression) => expression switch
    {
        Expression.Concat e => e.Fields.Count,
        Expression.Constant e => e.Fields.Count,
        Expression.Map { From: SetRef.Named named } =>
            _declared.GetValueOrDefault(named.Name)?.Data is DataType.Values values ? values.Fields.Count : 1,
        Expression.Map { From: SetRef.InPlace { Elements: [{ Data: ElementData.Values values }, ..] } } =>
            values.Fields.Count,
        _ => 1,
    };

    /// <summary>nft_dynset.c:nft_dynset_init @v6.1.</summary>
    private void Translate(Statement.Dynamic dynamic)
    {
        if (FindSet(dynamic.Set) is not { } set) return;
        var isFixed = !set.Flags.HasFlag(SetFlags.Dynamic) || set.Flags.HasFlag(SetFlags.Constant);
        if (isFixed || set.Data is DataType.Verdict)
        {
            Report(DiagnosticCatalog.NftRefused,
                $"found {set.Name} of flags {set.Flags}, expected a set that packets may change");
            return;
        }

        if (dynamic.TimeoutSeconds is not null && !set.Flags.HasFlag(SetFlags.Timeout))
        {
            Report(DiagnosticCatalog.NftRefused,
                $"found a timeout for {set.Name}, expected a set with the flag timeout");
            return;
        }

        var wanted = (set.Data as DataType.Values)?.Fields ?? [];
        if (dynamic.Data is null != wanted.IsEmpty && dynamic.Action != DynamicAction.Delete)
        {
            Report(DiagnosticCatalog.NftTypeMismatch, $"found {dynamic}, expected data of type {wanted}");
            return;
        }

        if (Compile(dynamic.Key, set.Key) is not var (key, _)) return;
        Seq<Load> data = [];
        if (dynamic.Data is { } value)
        {
            if (Compile(value, wanted) is not var (loads, _)) return;
            data = loads;
        }

        _guards.Add(
            Guard.Update(new SetUpdate(dynamic.Action, _setIndex[set.Name], key, data, dynamic.TimeoutSeconds)));
    }
}
