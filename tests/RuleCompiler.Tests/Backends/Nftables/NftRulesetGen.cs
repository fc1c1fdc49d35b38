using FsCheck;
using FsCheck.Fluent;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using G = FsCheck.Fluent.Gen;

namespace RuleCompiler.Tests.Backends.Nftables;

/// <summary>
/// Arbitrary nft rulesets in canonical form: every type, statement and expression of the backend. What reading normalises away
/// (a mask that changes nothing, a prefix by its mask, an element twice) does not occur.
/// </summary>
public static class NftRulesetGen
{
    private static readonly string[] Chains = ["a", "b/c_d.e-f", "goto"];
    private static readonly string[] Sets = ["cluster-ips", "s", "type"];
    private const string Updated = "updated";

    private static readonly string?[] Comments =
        [null, null, null, "", "shop/cart:http", "# { } ; comment, \\ é", new string('x', 128)];

    public static Arbitrary<NftRuleset> Rulesets() => Arb.From(Ruleset, Shrink);

    private static Gen<bool> Flag => G.Elements(false, true);

    private static Gen<NftRuleset> Ruleset =>
        from family in G.Elements(Family.Ipv4, Family.Ipv6)
        from names in G.SubListOf("T", "kube-proxy", "t.1/x")
        from tables in G.CollectToArray(names.Order(StringComparer.Ordinal).Select(name => Table(name, family)))
        select new NftRuleset(family, tables.ToSeq());

    private static Gen<NftTable> Table(string name, Family family) =>
        from chains in G.SubListOf(Chains)
        from sets in G.SubListOf(Sets)
        from members in G.CollectToArray(sets.Order(StringComparer.Ordinal).Select(set => OneSet(set, family, dynamic: false)))
        from updated in OneSet(Updated, family, dynamic: true)
        from bodies in G.CollectToArray(chains.Order(StringComparer.Ordinal).Select(chain => Chain(chain, family)))
        select new NftTable(name, [.. members, updated], bodies.ToSortedSeq());

    private static Gen<NftChain> Chain(string name, Family family) =>
        from hook in Hook.OrNull()
        from rules in Rule(family).ListOf().Resize(5)
        select new NftChain(name, hook, rules.ToSeq());

    private static Gen<NftHook> Hook =>
        from type in G.Elements(Enum.GetValues<NftChainType>())
        from point in G.Elements(Enum.GetValues<NftHookPoint>())
        from priority in G.Elements(-300, -110, -100, 0, 99, int.MinValue, int.MaxValue)
        from drops in Flag
        select new NftHook(type, point, priority, drops);

    private static Gen<NftSet> OneSet(string name, Family family, bool dynamic) =>
        from key in Types(family)
        from data in G.OneOf(
            G.Constant<DataType?>(null), G.Constant<DataType?>(new DataType.Verdict()),
            Types(family).Select(types => (DataType?)new DataType.Values(types)))
        from flags in G.SubListOf(SetFlags.Interval, SetFlags.Timeout, SetFlags.Constant)
        from timeout in G.Elements<int?>(null, 1, 90, 10_800, int.MaxValue)
        from size in G.Elements<int?>(dynamic ? NftSet.DynamicSize : null, 1, 65_535)
        let all = flags.Aggregate(SetFlags.None, (sum, flag) => sum | flag)
            | (timeout is null ? SetFlags.None : SetFlags.Timeout) | (dynamic ? SetFlags.Dynamic : SetFlags.None)
        from elements in Elements(key, data, all.HasFlag(SetFlags.Interval)).Resize(6)
        from portsOf in key.Concat(FieldTypes.FieldsOf(data)).Contains(FieldType.InetService)
            ? G.Elements<Protocol?>(null, Protocol.Tcp, Protocol.Udp, Protocol.Sctp)
            : G.Constant<Protocol?>(null)
        select new NftSet(name, key, data, all, timeout, size, dynamic ? [] : elements) { PortsOf = portsOf };

    private static Gen<Seq<FieldType>> Types(Family family) =>
        from count in G.Choose(1, 4)
        from types in G.Elements(Enum.GetValues<FieldType>())
            .Where(type => type is not (FieldType.Ipv4Addr or FieldType.Ipv6Addr) || type == FieldTypes.Address(family)).ArrayOf(count)
        select types.ToSeq();

    private static Gen<SortedSeq<Element>> Elements(Seq<FieldType> key, DataType? data, bool ranges) =>
        from elements in OneElement(key, data, ranges).ListOf()
        select elements.DistinctBy(element => element.Key).ToSortedSeq();

    private static Gen<Element> OneElement(Seq<FieldType> key, DataType? data, bool ranges) =>
        from fields in G.CollectToArray(key.Select(type => Field(type, ranges)))
        from value in Data(data)
        from comment in G.Elements(Comments)
        from timeout in G.Elements<int?>(null, null, 60, 86_400)
        select new Element(fields.ToSeq(), value, comment, timeout);

    private static Gen<ElementData?> Data(DataType? type) => type switch
    {
        null => G.Constant<ElementData?>(null),
        DataType.Verdict => Verdict.Select(verdict => (ElementData?)new ElementData.Verdict(verdict)),
        DataType.Values values => Constants(values.Fields).Select(fields => (ElementData?)new ElementData.Values(fields)),
        _ => throw new InvalidOperationException(),
    };

    private static Gen<Seq<UInt128>> Constants(Seq<FieldType> types) =>
        G.CollectToArray(types.Select(Value)).Select(values => values.ToSeq());

    private static Gen<NftVerdict> Verdict => G.OneOf(
        G.Elements<NftVerdict>(
            new NftVerdict.Accept(), new NftVerdict.Drop(), new NftVerdict.Continue(), new NftVerdict.Return()),
        G.Elements(Chains).Select(chain => (NftVerdict)new NftVerdict.Jump(chain)),
        G.Elements(Chains).Select(chain => (NftVerdict)new NftVerdict.Goto(chain)));

    private static Gen<UInt128> Value(FieldType type) =>
        type == FieldType.Ifname ? G.Elements("lo", "eth0", "a*b", "x*", "cali0123456789a").Select(name => NameBits(name))
        : from high in G.Choose(0, int.MaxValue)
          from low in G.Elements(0, 1, 80, 0x4000, int.MaxValue)
          from wide in Flag
          let value = wide ? ((UInt128)(uint)high << 96) | ((UInt128)(uint)high << 8) | (uint)low : (uint)low
          select value & type.Mask();

    /// <summary>A range where these may be; no name is between others, and slots of a classid have no ranges.</summary>
    private static Gen<KeyField> Field(FieldType type, bool ranges) => type switch
    {
        FieldType.Ifname when ranges => G.OneOf(
            Value(type).Select(value => new KeyField(value)),
            G.Elements("eth", "a").Select(name =>
                new KeyField(NameBits(name), NameBits(name) | (UInt128.MaxValue >> (8 * name.Length))))),
        _ when !ranges || type is FieldType.ClassId or FieldType.Ifname => Value(type).Select(value => new KeyField(value)),
        _ =>
            from one in Value(type)
            from other in Value(type)
            from bits in G.Choose(0, 8)
            from prefix in Flag
            let host = (UInt128.One << bits) - 1
            select prefix && type is FieldType.Ipv4Addr or FieldType.Ipv6Addr
                ? new KeyField(one & ~host, one | host)
                : one <= other ? new KeyField(one, other) : new KeyField(other, one),
    };

    private static UInt128 NameBits(string name) =>
        name.Aggregate(UInt128.Zero, (sum, letter) => (sum << 8) | letter) << (8 * (16 - name.Length));

    private static Gen<NftRule> Rule(Family family) =>
        from groups in Statements(family).ListOf().Resize(4).Where(groups => groups.Count > 0)
        from comment in G.Elements(Comments)
        select new NftRule(groups.SelectMany(statements => statements).ToSeq(), comment);

    /// <summary>A reset asks for TCP, so it stands behind a match that does.</summary>
    private static Gen<Statement[]> Statements(Family family) => G.OneOf(
        One(Match(family)), One(Match(family)), One(Lookup(family)), One(Bits),
        One(VerdictMap(family)), One(Verdict.Select(verdict => (Statement)new Statement.Verdict(verdict))),
        One(SetMeta(family)), One(Dnat(family)), One(Reject(family)), One(Dynamic(family)),
        One(from random in Flag from fully in Flag select (Statement)new Statement.Masquerade(fully, random)),
        G.Constant<Statement[]>([new Statement.Counter()]));

    private static Gen<Statement[]> One(Gen<Statement> gen) => gen.Select(statement => new[] { statement });

    private static Gen<Statement> Match(Family family) =>
        from left in G.OneOf(Simple(family), MaskedMark)
        from inverted in Flag
        from relation in G.Elements(Enum.GetValues<Relation>())
        let type = FieldTypes.Of(left, family)[0]
        from values in left switch
        {
            Expression.FibType => G.Choose(0, 8).Select(value => new KeyField((uint)value)).ListOf(),
            _ when relation is Relation.Equal or Relation.NotEqual => Field(type, ranges: true).ListOf(),
            _ => Value(type).Select(value => new KeyField(value)).ListOf(1),
        }
        where values.Count > 0
        let ordered = relation is Relation.Equal or Relation.NotEqual ? values.Distinct().Order() : values.Take(1)
        select (Statement)new Statement.Match(left, relation, ordered.ToSeq());

    private static Gen<Expression> Simple(Family family) => G.OneOf(
        G.Elements(Enum.GetValues<PayloadField>()).Select(field => (Expression)new Expression.Payload(field)),
        G.Elements(Enum.GetValues<MetaKey>()).Where(key => key != MetaKey.L4Proto)
            .Select(key => (Expression)new Expression.Meta(key)),
        G.Constant<Expression>(new Expression.Ct(CtKey.Mark)),
        Flag.Select(ofSource => (Expression)new Expression.FibType(ofSource)),
        Numgen);

    private static Gen<Expression> Numgen =>
        from random in Flag
        from modulus in G.Elements<uint>(1, 3, uint.MaxValue)
        from offset in G.Elements<uint>(0, 0, 65_536)
        select (Expression)new Expression.Numgen(random, modulus, modulus == uint.MaxValue ? 0 : offset);

    private static Gen<Expression> MaskedMark =>
        from left in G.Elements<Expression>(new Expression.Meta(MetaKey.Mark), new Expression.Ct(CtKey.Mark))
        from masked in Masked(left, uint.MaxValue)
        select masked;

    private static Gen<Expression> Masked(Expression left, UInt128 all) =>
        from bits in G.Elements<uint>(0x4000, 0, 0xFF00FF, uint.MaxValue)
        from others in G.Elements<uint>(0, 1, 0x4000)
        from form in G.Choose(0, 3)
        let wide = (UInt128)bits & all
        let xor = (UInt128)others & all
        let masked = form switch
        {
            0 => new Expression.Bitwise(left, wide, 0),
            1 => new Expression.Bitwise(left, all ^ wide, wide),
            2 => new Expression.Bitwise(left, all, wide),
            _ => new Expression.Bitwise(left, wide, xor),
        }
        select masked.And == all && masked.Xor == 0 ? left : (Expression)masked;

    /// <summary>A field of a key; nobody looks up a type of address.</summary>
    private static Gen<Expression> KeyField(Family family) => G.OneOf(
        Simple(family).Where(field => field is not Expression.FibType), MaskedMark,
        G.Constant<Expression>(new Expression.Meta(MetaKey.L4Proto)),
        Masked(new Expression.Payload(PayloadField.DestinationAddress), family.HostMask()));

    private static Gen<Expression> Key(Family family) => G.OneOf(
        KeyField(family),
        from count in G.Choose(2, 4)
        from fields in KeyField(family).ArrayOf(count)
        select (Expression)new Expression.Concat(fields.ToSeq()));

    private static Gen<Statement> Lookup(Family family) =>
        from key in Key(family)
        from set in InPlaceOrNamed(key, null, family)
        from inverted in Flag
        where set is SetRef.Named || key is Expression.Concat
        select (Statement)new Statement.Lookup(key, set, inverted);

    private static Gen<SetRef> InPlaceOrNamed(Expression key, DataType? data, Family family) => G.OneOf(
        G.Elements(Sets).Select(name => (SetRef)new SetRef.Named(name)),
        from elements in Elements(FieldTypes.Of(key, family), data, ranges: true).Resize(3)
        where !elements.IsEmpty
        select (SetRef)new SetRef.InPlace(elements.ToSeq()));

    private static Gen<Statement> Bits =>
        from state in Flag
        from bits in state
            ? G.SubListOf(1u, 2u, 4u, 8u, 64u)
            : G.SubListOf(1u, 2u, 4u, 8u, 16u, 32u, 512u)
        where bits.Count > 0
        from inverted in Flag
        select (Statement)new Statement.Bits(
            new Expression.Ct(state ? CtKey.State : CtKey.Status), bits.Aggregate((sum, bit) => sum | bit), inverted);

    private static Gen<Statement> VerdictMap(Family family) =>
        from key in Key(family)
        from map in InPlaceOrNamed(key, new DataType.Verdict(), family)
        select (Statement)new Statement.VerdictMap(key, map);

    private static Gen<Statement> SetMeta(Family family) =>
        from key in G.Elements(MetaKey.Mark, MetaKey.Priority)
        let type = FieldTypes.Of(key)
        from value in G.OneOf(
            Value(type).Select(value => (Expression)new Expression.Constant([value])), MaskedMark, Numgen,
            MapOf(family, new DataType.Values([type])))
        select (Statement)new Statement.SetMeta(key, value);

    private static Gen<Expression> MapOf(Family family, DataType data) =>
        from key in Key(family)
        from map in InPlaceOrNamed(key, data, family)
        select (Expression)new Expression.Map(key, map);

    private static Gen<Statement> Dnat(Family family)
    {
        Seq<FieldType> alone = [FieldTypes.Address(family)], both = [FieldTypes.Address(family), FieldType.InetService];
        return
            from to in G.OneOf(
                Constants(alone).Select(fields => (Expression)new Expression.Constant(fields)),
                Constants(both).Select(fields => (Expression)new Expression.Constant(fields)),
                MapOf(family, new DataType.Values(both)), MapOf(family, new DataType.Values(alone)))
            select (Statement)new Statement.Dnat(to);
    }

    private static Gen<Statement> Reject(Family family) =>
        G.Elements<NftRejectKind>(family == Family.Ipv4
            ? [NftRejectKind.PortUnreachable, NftRejectKind.HostUnreachable, NftRejectKind.NetUnreachable,
                NftRejectKind.ProtocolUnreachable, NftRejectKind.AdminProhibited]
            : [NftRejectKind.PortUnreachable, NftRejectKind.NoRoute, NftRejectKind.AdminProhibited,
                NftRejectKind.AddressUnreachable])
        .Select(kind => (Statement)new Statement.Reject(kind));

    private static Gen<Statement> Dynamic(Family family) =>
        from action in G.Elements(Enum.GetValues<DynamicAction>())
        from key in Key(family)
        from timeout in G.Elements<int?>(null, 60, 10_800)
        from data in Key(family).OrNull()
        select (Statement)new Statement.Dynamic(action, Updated, key, timeout, data);

    private static IEnumerable<NftRuleset> Shrink(NftRuleset ruleset)
    {
        foreach (var table in ruleset.Tables.AsEnumerable())
        {
            yield return ruleset with { Tables = ruleset.Tables.Where(other => other != table).ToSeq() };
            foreach (var chain in table.Chains.AsEnumerable())
            {
                yield return With(ruleset, table, table with { Chains = table.Chains.Where(other => other != chain).ToSortedSeq() });
                foreach (var rule in chain.Rules.AsEnumerable())
                {
                    var without = chain with { Rules = chain.Rules.Where(other => other != rule).ToSeq() };
                    yield return With(ruleset, table, table with
                    {
                        Chains = table.Chains.Select(other => other == chain ? without : other).ToSortedSeq(),
                    });
                }
            }

            foreach (var set in table.Sets.Where(set => set.Name != Updated))
                yield return With(ruleset, table, table with { Sets = table.Sets.Where(other => other != set).ToSortedSeq() });
        }
    }

    private static NftRuleset With(NftRuleset ruleset, NftTable old, NftTable next) =>
        ruleset with { Tables = ruleset.Tables.Select(table => table == old ? next : table).ToSeq() };
}
