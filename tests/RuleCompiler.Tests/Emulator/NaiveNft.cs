using System.Collections.Immutable;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// A second interpreter of first packets under nftables rules, for small worlds, written from the manual page and not
/// from the emulator: continuations over the typed rules themselves, sets are scanned, values are lists of numbers, and
/// weights are doubles (its choices are quarters, so they are exact). It knows what <see cref="SmallNftWorlds"/> makes.
/// </summary>
internal sealed class NaiveNft(NftRuleset rules, Func<Ip, bool> isLocal, Func<Ip, string> routeTo, Ip nodeAddress)
{
    private readonly Dictionary<Outcome, double> _weights = [];

    private sealed record Parcel(
        Ip From, Ip To, int ToPort, Protocol Protocol, string? In, string? Out, uint Mark, uint Priority,
        Endpoint Asked, Endpoint? Dnat, bool Masqueraded, ImmutableList<Memory> Remembered);

    /// <summary>
    /// What a packet put into a set; a later entry for a key hides an earlier one, and no data is deletion.
    /// </summary>
    private sealed record Memory((string Table, string Name) Set, Seq<UInt128> Key, UInt128[]? Data);

    /// <summary>Null values: a look-up failed.</summary>
    private delegate void WithValues(UInt128[]? values, double weight);

    /// <summary>accept, drop, reject; "next": on to the next rule; "end": the chain is over.</summary>
    private delegate void WithVerdict(Parcel parcel, double weight, string verdict);

    public Dictionary<Outcome, double> Outcomes(Flow flow)
    {
        _weights.Clear();
        var asked = new Endpoint(flow.Destination, flow.DestinationPort);
        var parcel = new Parcel(
            flow.Source, flow.Destination, flow.DestinationPort.Value, flow.Protocol, flow.InputInterface,
            flow.InputInterface is null ? routeTo(flow.Destination) : null, 0, 0, asked, null, false, []);
        if (flow.InputInterface is null)
            Hook(NftHookPoint.Output, parcel, 1, hasLooped: false, Postrouting);
        else
            Hook(NftHookPoint.Prerouting, parcel, 1, hasLooped: false, Routed);
        return new Dictionary<Outcome, double>(_weights);
    }

    private void Routed(Parcel parcel, double weight)
    {
        if (isLocal(parcel.To))
            Hook(NftHookPoint.Input, parcel, weight, hasLooped: false, End);
        else
            Hook(NftHookPoint.Forward, parcel with { Out = routeTo(parcel.To), Priority = 0 }, weight, false,
                Postrouting);
    }

    private void Postrouting(Parcel parcel, double weight) =>
        Hook(NftHookPoint.Postrouting, parcel, weight, hasLooped: false, (p, w) =>
        {
            if (p.Out != "lo")
                End(p, w);
            else
                Hook(NftHookPoint.Prerouting, p with { In = "lo", Out = null }, w, hasLooped: true,
                    (q, v) => Hook(NftHookPoint.Input, q, v, hasLooped: true, End));
        });

    private void End(Parcel parcel, double weight) => Add(
        parcel.Dnat is null && !parcel.Masqueraded
            ? new Outcome.Untouched()
            : new Outcome.Translated(
                parcel.Dnat ?? new Endpoint(parcel.To, new Port((ushort)parcel.ToPort)), parcel.Masqueraded),
        weight);

    private void Add(Outcome outcome, double weight) =>
        _weights[outcome] = _weights.GetValueOrDefault(outcome) + weight;

    /// <summary>
    /// Base chains of a hook in their order; nat chains only for a packet that has not been through lo.
    /// </summary>
    private void Hook(NftHookPoint point, Parcel parcel, double weight, bool hasLooped, Action<Parcel, double> accepted)
    {
        var chains = rules.Tables
            .SelectMany(table =>
                table.Chains.Where(chain => chain.Hook?.Point == point).Select(chain => (table, chain)))
            .Where(each => each.chain.Hook!.Type != NftChainType.Nat || !hasLooped)
            .OrderBy(each => each.chain.Hook!.Priority).ToArray();
        Chains(chains, parcel, weight, accepted);
    }

    private void Chains(
        (NftTable Table, NftChain Chain)[] rest, Parcel parcel, double weight, Action<Parcel, double> accepted)
    {
        if (rest.Length == 0)
        {
            accepted(parcel, weight);
            return;
        }

        var hook = rest[0].Chain.Hook!;
        var later = rest[1..];
        if (hook.Type == NftChainType.Nat
            && (hook.Point == NftHookPoint.Prerouting ? parcel.Dnat is not null : parcel.Masqueraded))
        {
            Chains(later, parcel, weight, accepted);
            return;
        }

        RunRules(rest[0].Table, rest[0].Chain.Rules.ToArray(), parcel, weight, (p, w, verdict) =>
        {
            if (hook.Point == NftHookPoint.Output) p = p with { Out = routeTo(p.To) };
            switch (verdict == "end" ? (hook.DropsByDefault ? "drop" : "accept") : verdict)
            {
                case "accept": Chains(later, p, w, accepted); break;
                case "drop": Add(new Outcome.Dropped(), w); break;
                case "reject": Add(new Outcome.Rejected(), w); break;
                default: throw new InvalidOperationException(verdict);
            }
        });
    }

    private void RunRules(NftTable table, NftRule[] rest, Parcel parcel, double weight, WithVerdict then)
    {
        if (rest.Length == 0)
        {
            then(parcel, weight, "end");
            return;
        }

        RunStatements(table, rest[0].Statements.ToArray(), parcel, weight, (p, w, verdict) =>
        {
            if (verdict == "next")
                RunRules(table, rest[1..], p, w, then);
            else
                then(p, w, verdict);
        });
    }

    private void RunStatements(NftTable table, Statement[] rest, Parcel parcel, double weight, WithVerdict then)
    {
        if (weight == 0) return;
        if (rest.Length == 0)
        {
            then(parcel, weight, "next");
            return;
        }

        var later = rest[1..];
        void GoOn(Parcel p, double w) => RunStatements(table, later, p, w, then);
        void GoOnIf(bool holds, double w)
        {
            if (holds)
                GoOn(parcel, w);
            else
                then(parcel, w, "next");
        }

        switch (rest[0])
        {
            case Statement.Match s:
                Eval(table, s.Left, parcel, weight, (found, w) => GoOnIf(found is [var v] && Relates(s, v), w));
                break;
            case Statement.Bits s:
                Eval(table, s.Left, parcel, weight,
                    (found, w) => GoOnIf(found is [var v] && (v & s.Any) != 0 != s.Inverted, w));
                break;
            case Statement.Lookup s:
                Eval(table, s.Key, parcel, weight,
                    (found, w) =>
                        GoOnIf(found is not null && Find(table, s.In, found, parcel) is not null != s.Inverted, w));
                break;
            case Statement.VerdictMap s:
                Eval(table, s.Key, parcel, weight, (found, w) =>
                {
                    if (found is null || Find(table, s.Map, found, parcel) is not ElementData.Verdict { Of: var of })
                        then(parcel, w, "next");
                    else if (of is NftVerdict.Continue)
                        GoOn(parcel, w);
                    else
                        Decide(table, of, parcel, w, then);
                });
                break;
            case Statement.SetMeta s:
                Eval(table, s.Value, parcel, weight, (found, w) =>
                {
                    if (found is not [var v])
                        then(parcel, w, "next");
                    else
                        GoOn(s.Key == MetaKey.Mark ? parcel with { Mark = (uint)v }
                            : parcel with { Priority = (uint)v }, w);
                });
                break;
            case Statement.Dynamic s:
                Remember(table, s, parcel, weight, GoOn, then);
                break;
            case Statement.Dnat s: Translate(table, s, parcel, weight, then); break;
            case Statement.Masquerade:
                then(
                parcel with { From = nodeAddress, Masqueraded = true }, weight, "accept"); break;
            case Statement.Reject: then(parcel, weight, "reject"); break;
            case Statement.Verdict s: Decide(table, s.Of, parcel, weight, then); break;
            default: throw new InvalidOperationException($"not made here: {rest[0]}");
        }
    }

    private void Translate(NftTable table, Statement.Dnat dnat, Parcel parcel, double weight, WithVerdict then) =>
        Eval(table, dnat.To, parcel, weight, (found, w) =>
        {
            if (found is null)
            {
                then(parcel, w, "next");
                return;
            }

            var to = new Endpoint(
                Ip.V4((uint)found[0]), new Port((ushort)(found.Length > 1 ? found[1] : (UInt128)parcel.ToPort)));
            then(parcel with { To = to.Address, ToPort = to.Port.Value, Dnat = to }, w, "accept");
        });

    private void Decide(NftTable table, NftVerdict verdict, Parcel parcel, double weight, WithVerdict then)
    {
        switch (verdict)
        {
            case NftVerdict.Accept: then(parcel, weight, "accept"); break;
            case NftVerdict.Drop: then(parcel, weight, "drop"); break;
            case NftVerdict.Return: then(parcel, weight, "end"); break;
            case NftVerdict.Continue: then(parcel, weight, "next"); break;
            case NftVerdict.Goto to: RunRules(table, RulesOf(to.Chain), parcel, weight, then); break;
            case NftVerdict.Jump to:
                RunRules(table, RulesOf(to.Chain), parcel, weight, (p, w, end) =>
                    then(p, w, end == "end" ? "next" : end));
                break;
        }

        NftRule[] RulesOf(string name) => table.Chains.First(chain => chain.Name == name).Rules.ToArray();
    }

    private void Remember(
        NftTable table, Statement.Dynamic s, Parcel parcel, double weight, Action<Parcel, double> goOn,
            WithVerdict then)
    {
        var both = s.Data is null ? s.Key : new Expression.Concat([s.Key, s.Data]);
        Eval(table, both, parcel, weight, (found, w) =>
        {
            if (found is null)
            {
                then(parcel, w, "next");
                return;
            }

            var data = s.Data is null ? [] : found[^1..];
            var key = (s.Data is null ? found : found[..^1]).ToSeq();
            var set = table.Sets.First(each => each.Name == s.Set);
            var name = (table.Name, s.Set);
            var living = Living(name, parcel);
            if (s.Action == DynamicAction.Delete)
                goOn(parcel with { Remembered = parcel.Remembered.Add(new Memory(name, key, null)) }, w);
            else if (living.ContainsKey(key))
                goOn(parcel, w);
            else if (living.Count == set.Size)
                then(parcel, w, "next");
            else
                goOn(parcel with { Remembered = parcel.Remembered.Add(new Memory(name, key, data)) }, w);
        });
    }

    private static Dictionary<Seq<UInt128>, UInt128[]> Living((string Table, string Name) set, Parcel parcel)
    {
        var result = new Dictionary<Seq<UInt128>, UInt128[]>();
        foreach (var memory in parcel.Remembered.Where(each => each.Set == set))
        {
            result.Remove(memory.Key);
            if (memory.Data is { } data) result.Add(memory.Key, data);
        }

        return result;
    }

    private static bool Relates(Statement.Match match, UInt128 value)
    {
        var bound = match.Values[0].First;
        return match.Relation switch
        {
            Relation.Equal => match.Values.Any(each => value >= each.First && value <= each.Last),
            Relation.NotEqual => match.Values.All(each => value < each.First || value > each.Last),
            Relation.Less => value < bound,
            Relation.LessOrEqual => value <= bound,
            Relation.Greater => value > bound,
            Relation.GreaterOrEqual => value >= bound,
        };
    }

    /// <summary>The data of the element that has the key; an empty list for a plain set; null: none has it.</summary>
    private static ElementData? Find(NftTable table, SetRef reference, UInt128[] key, Parcel parcel)
    {
        IReadOnlyList<Element> elements = reference switch
        {
            SetRef.InPlace set => set.Elements,
            SetRef.Named named => table.Sets.First(set => set.Name == named.Name).Elements,
            _ => throw new InvalidOperationException($"{reference}"),
        };
        foreach (var element in elements)
        {
            if (Enumerable.Range(0, key.Length).All(i =>
                key[i] >= element.Key[i].First && key[i] <= element.Key[i].Last))
                return element.Data ?? new ElementData.Values([]);
        }

        return reference is SetRef.Named { Name: var name }
            && Living((table.Name, name), parcel).TryGetValue(key.ToSeq(), out var data)
            ? new ElementData.Values(data.ToSeq())
            : null;
    }

    private void Eval(NftTable table, Expression expression, Parcel parcel, double weight, WithValues then)
    {
        switch (expression)
        {
            case Expression.Numgen numgen:
                for (uint i = 0; i < numgen.Modulus; i++) then([i + numgen.Offset], weight / numgen.Modulus);
                break;
            case Expression.Concat concat:
                Join(table, concat.Fields.ToArray(), [], parcel, weight, then);
                break;
            case Expression.Bitwise e:
                Eval(table, e.Left, parcel, weight, (found, w) =>
                    then(found is [var v] ? [(v & e.And) ^ e.Xor] : null, w));
                break;
            case Expression.Map map:
                Eval(table, map.Key, parcel, weight, (found, w) =>
                {
                    var data = found is null ? null : Find(table, map.From, found, parcel);
                    then(data is ElementData.Values values ? values.Fields.ToArray() : null, w);
                });
                break;
            case Expression.Constant constant:
                then(constant.Fields.ToArray(), weight);
                break;
            default:
                then([ValueOf(expression, parcel)], weight);
                break;
        }
    }

    private void Join(NftTable table, Expression[] rest, UInt128[] known, Parcel parcel, double weight, WithValues then)
    {
        if (rest.Length == 0)
            then(known, weight);
        else
            Eval(table, rest[0], parcel, weight, (found, w) =>
            {
                if (found is null)
                    then(null, w);
                else
                    Join(table, rest[1..], [.. known, .. found], parcel, w, then);
            });
    }

    /// <summary>
    /// Every flow here is new, and has been translated once a rule chose another destination than was asked for.
    /// </summary>
    private UInt128 ValueOf(Expression expression, Parcel parcel) => expression switch
    {
        Expression.Payload { Field: PayloadField.SourceAddress } => parcel.From.Bits,
        Expression.Payload { Field: PayloadField.DestinationAddress } => parcel.To.Bits,
        Expression.Payload { Field: PayloadField.DestinationPort } => (UInt128)parcel.ToPort,
        Expression.Meta { Key: MetaKey.L4Proto } => (byte)parcel.Protocol,
        Expression.Meta { Key: MetaKey.Mark } => parcel.Mark,
        Expression.Meta { Key: MetaKey.Priority } => parcel.Priority,
        Expression.Meta { Key: MetaKey.InputInterfaceName } => NameOf(parcel.In),
        Expression.Meta { Key: MetaKey.OutputInterfaceName } => NameOf(parcel.Out),
        Expression.Ct { Key: CtKey.State } => (uint)CtState.New,
        Expression.Ct { Key: CtKey.Status } =>
            parcel.Dnat is { } to && to != parcel.Asked ? (uint)CtStatus.Dnat : 0,
        Expression.FibType fib => isLocal(fib.OfSource ? parcel.From : parcel.To) ? Expression.FibType.Local : 1u,
        _ => throw new InvalidOperationException($"not made here: {expression}"),
    };

    public static UInt128 NameOf(string? name) =>
        UInt128.Parse(string.Concat((name ?? "").PadRight(16, '\0').Select(letter => $"{(int)letter:x2}")),
            System.Globalization.NumberStyles.HexNumber, null);
}
