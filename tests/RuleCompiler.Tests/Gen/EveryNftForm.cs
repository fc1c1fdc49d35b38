using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Gen;

/// <summary>A table with every form of the nftables layout once: each in a rule or set that nft accepts.</summary>
public static class EveryNftForm
{
    private static readonly Expression _saddr = new Expression.Payload(PayloadField.SourceAddress);
    private static readonly Expression _daddr = new Expression.Payload(PayloadField.DestinationAddress);
    private static readonly Expression _sport = new Expression.Payload(PayloadField.SourcePort);
    private static readonly Expression _dport = new Expression.Payload(PayloadField.DestinationPort);
    private static readonly Expression _protocol = new Expression.Meta(MetaKey.L4Proto);
    private static readonly Expression _mark = new Expression.Meta(MetaKey.Mark);
    private static readonly Expression _priority = new Expression.Meta(MetaKey.Priority);
    private static readonly Expression _input = new Expression.Meta(MetaKey.InputInterfaceName);
    private static readonly Expression _output = new Expression.Meta(MetaKey.OutputInterfaceName);
    private static readonly Expression _state = new Expression.Ct(CtKey.State);
    private static readonly Expression _status = new Expression.Ct(CtKey.Status);
    private static readonly Expression _key = new Expression.Concat([_daddr, _protocol, _dport]);
    private static readonly NftVerdict _accept = new NftVerdict.Accept();
    private static readonly NftVerdict _drop = new NftVerdict.Drop();

    public static NftRuleset For(Family family)
    {
        var address = family == Family.Ipv4 ? FieldType.Ipv4Addr : FieldType.Ipv6Addr;
        return new NftRuleset(family, [new NftTable("every", Sets(family, address), Chains(family, address))]);
    }

    private static SortedSeq<NftSet> Sets(Family family, FieldType address)
    {
        Seq<FieldType> key = [address, FieldType.InetProto, FieldType.InetService];
        var (one, two) = (Address(family, 1), Address(family, 2));
        return
        [
            new("bound", family == Family.Ipv4 ? [address, .. key] : [address], new DataType.Values([FieldType.ClassId]), SetFlags.Dynamic | SetFlags.Timeout, null, 1000, []),
            new("endpoints", [.. key, FieldType.Integer], new DataType.Values([address, FieldType.InetService]), SetFlags.None, null, null,
            [
                new([new(0), new(17), new(53), new(65536)], new ElementData.Values([two, 5353])),
                new([new(one), new(6), new(80), new(0)], new ElementData.Values([one, 8080])),
            ]),
            new("fixed", [FieldType.Mark], null, SetFlags.Constant, null, null, [new([new(0x4000)], null)]),
            new("names", [FieldType.Ifname], null, SetFlags.None, null, null, [new([new(Name("eth0"))], null)]),
            new("ranges", [.. key, address], null, SetFlags.Interval, null, null,
            [
                new([new(one), new(6), new(80), new(one, one + 4)], null),
                new([new(one), new(6), new(80), new(one + 15, one + 30)], null),
                new([new(one), new(6), new(81), new(0, AllOnes(family))], null),
            ]),
            new("services", key, new DataType.Verdict(), SetFlags.None, null, null,
            [
                new([new(0), new(6), new(30080)], new ElementData.Verdict(new NftVerdict.Goto("balance")), "shop/cart:http"),
                new([new(one), new(6), new(80)], new ElementData.Verdict(new NftVerdict.Jump("balance"))),
                new([new(one), new(17), new(80)], new ElementData.Verdict(new NftVerdict.Return())),
                new([new(one), new(47), new(80)], new ElementData.Verdict(new NftVerdict.Continue())),
                new([new(one), new(132), new(80)], new ElementData.Verdict(_accept)),
                new([new(two), new(6), new(80)], new ElementData.Verdict(_drop)),
            ]),
            new("short-lived", [address], null, SetFlags.Timeout, 60, null, [new([new(two)], null, "for a while", 30)]),
            new("slots", [.. key, FieldType.ClassId], new DataType.Values([address, FieldType.InetService]), SetFlags.None, null, null,
            [
                new([new(one), new(6), new(80), new(0xfe00_0001)], new ElementData.Values([one, 8080])),
                new([new(one), new(6), new(80), new(0xfe12_0000)], new ElementData.Values([two, 8080])),
            ]),
            new("sticky", [.. key, FieldType.Integer], new DataType.Values([FieldType.ClassId]), SetFlags.None, null, null,
                [new([new(one), new(6), new(80), new(1)], new ElementData.Values([0xfe12_0000]))]),
        ];
    }

    private static SortedSeq<NftChain> Chains(Family family, FieldType address) =>
    [
        new("balance", null, Balance(family)),
        new("expressions", null, Expressions(family)),
        new("filter-forward", new(NftChainType.Filter, NftHookPoint.Forward, -5, DropsByDefault: true), Matches(family)),
        new("filter-input", new(NftChainType.Filter, NftHookPoint.Input, 0, false), Rejects(family)),
        new("mangle-output", new(NftChainType.Route, NftHookPoint.Output, -150, false), [new([new Statement.Counter()])]),
        new("nat-postrouting", new(NftChainType.Nat, NftHookPoint.Postrouting, 100, false),
        [
            new([new Statement.Lookup(new Expression.Concat([_saddr, _daddr]), InPlace([Address(family, 1), Address(family, 2)]), false),
                new Statement.Masquerade(FullyRandom: true)]),
            new([new Statement.Masquerade(FullyRandom: true, Random: true)]),
            new([new Statement.Masquerade(FullyRandom: false, Random: true)]),
            new([new Statement.Masquerade(FullyRandom: false)], "the rest"),
        ]),
        new("nat-prerouting", new(NftChainType.Nat, NftHookPoint.Prerouting, -100, false),
        [
            new([new Statement.VerdictMap(_key, new SetRef.Named("services"))]),
            new([new Statement.VerdictMap(_protocol, new SetRef.InPlace(
            [
                new([new(6)], new ElementData.Verdict(_accept)),
                new([new(17)], new ElementData.Verdict(new NftVerdict.Goto("balance"))),
            ]))]),
        ]),
    ];

    private static Seq<NftRule> Balance(Family family)
    {
        var index = new Expression.Numgen(Random: true, 3);
        Expression nodePort = new Expression.Concat([new Expression.Bitwise(_daddr, 0, 0), _protocol, _dport, index with { Offset = 65536 }]);
        // nft 1.0.6 lets packets add to maps by 16 bytes of key.
        var client = family == Family.Ipv4 ? new Expression.Concat([_saddr, _daddr, _protocol, _dport]) : _saddr;
        var tcp = new Statement.Match(_protocol, Relation.Equal, [new(6)]);
        var to = new Expression.Constant([Address(family, 1)]);
        return
        [
            new([Set(MetaKey.Priority, new Expression.Constant([0]))]),
            new([Set(MetaKey.Priority, new Expression.Map(client, new SetRef.Named("bound")))]),
            new([new Statement.Lookup(new Expression.Concat([_daddr, _protocol, _dport, _priority]), new SetRef.Named("slots"), false),
                new Statement.Dynamic(DynamicAction.Update, "bound", client, 10800, _priority)]),
            new([new Statement.Dynamic(DynamicAction.Delete, "bound", client, null, _priority)]),
            new([new Statement.Dynamic(DynamicAction.Add, "bound", client, null, _priority)]),
            new([new Statement.Match(_protocol, Relation.Equal, [new(6), new(17), new(132)]),
                new Statement.Dnat(new Expression.Map(nodePort, new SetRef.Named("endpoints")))]),
            new([tcp, new Statement.Dnat(to)]),
            new([tcp, new Statement.Dnat(to with { Fields = [.. to.Fields, 8080] })]),
            new([tcp, new Statement.Dnat(new Expression.Map(index with { Random = false, Modulus = 2 }, new SetRef.InPlace(
            [
                new([new(0)], new ElementData.Values([Address(family, 1), 8080])),
                new([new(1)], new ElementData.Values([Address(family, 2), 8080])),
            ])))]),
        ];
    }

    private static Seq<NftRule> Expressions(Family family)
    {
        var block = AllOnes(family) ^ 0xfe; // a mask of leading ones would be a prefix
        return
        [
            new([Set(MetaKey.Mark, new Expression.Bitwise(_mark, 0xffff_bfff, 0x4000))]),
            new([Set(MetaKey.Mark, new Expression.Bitwise(_mark, 0xffff_ffff, 0x4000))]),
            new([Set(MetaKey.Mark, new Expression.Bitwise(_mark, 0xff, 0))]),
            new([Set(MetaKey.Mark, new Expression.Bitwise(_mark, 0xff, 0x81))]),
            new([Set(MetaKey.Mark, new Expression.Map(_protocol, new SetRef.InPlace(
                [new([new(6)], new ElementData.Values([1])), new([new(17)], new ElementData.Values([2]))])))]),
            Drop(new Statement.Match(new Expression.Bitwise(_mark, 0x4000, 0), Relation.NotEqual, [new(0)])),
            Drop(new Statement.Match(new Expression.Bitwise(_priority, 0xff00_0000, 0), Relation.Equal, [new(0xfe00_0000)])),
            Drop(new Statement.Match(new Expression.Bitwise(_saddr, block, 0), Relation.Equal, [new(Address(family, 0) & block)])),
            Drop(new Statement.Match(_priority, Relation.Equal, [new(0), new(0x0001_0002), new(uint.MaxValue)])),
            Drop(new Statement.Match(new Expression.Ct(CtKey.Mark), Relation.Greater, [new(5)])),
        ];
    }

    private static Seq<NftRule> Matches(Family family) =>
    [
        Drop(new Statement.Bits(_state, (uint)(CtState.Established | CtState.Related), false)),
        Drop(new Statement.Bits(_state, (uint)CtState.New, false), new Statement.Bits(_status, (uint)CtStatus.Dnat, Inverted: true)),
        Drop(new Statement.Bits(_state, (uint)(CtState.Invalid | CtState.Untracked), Inverted: true)),
        Drop(new Statement.Bits(_status, (uint)(CtStatus.Snat | CtStatus.Dnat), false)),
        Drop(new Statement.Match(new Expression.FibType(OfSource: true), Relation.Equal, [new(Expression.FibType.Local)])),
        Drop(new Statement.Match(new Expression.FibType(OfSource: false), Relation.NotEqual, [new(Expression.FibType.Local)])),
        Drop(new Statement.Match(_input, Relation.Equal, [new(Name("cni"), Name("cni") | (UInt128.MaxValue >> 24))])),
        Drop(new Statement.Match(_output, Relation.NotEqual, [new(Name("eth0"))])),
        Drop(new Statement.Match(_sport, Relation.Equal, [new(1, 1023)])),
        Drop(new Statement.Match(_dport, Relation.Less, [new(1024)]), new Statement.Match(_dport, Relation.GreaterOrEqual, [new(80)])),
        Drop(new Statement.Match(_dport, Relation.LessOrEqual, [new(1024)])),
        Drop(new Statement.Match(_protocol, Relation.Equal, [new(1)])),
        Drop(new Statement.Match(_saddr, Relation.Equal,
        [
            new(Address(family, 0), Address(family, 255)), new(Address(family, 258), Address(family, 300)), new(Address(family, 512)),
        ])),
        Drop(new Statement.Match(_daddr, Relation.NotEqual, [new(Address(family, 0), Address(family, 255))])),
        Drop(new Statement.Lookup(_daddr, new SetRef.Named("short-lived"), Inverted: true)),
    ];

    private static Seq<NftRule> Rejects(Family family)
    {
        NftRejectKind[] kinds = family == Family.Ipv4
            ?
            [
                NftRejectKind.PortUnreachable, NftRejectKind.HostUnreachable, NftRejectKind.NetUnreachable,
                NftRejectKind.ProtocolUnreachable, NftRejectKind.AdminProhibited, NftRejectKind.TcpReset,
            ]
            :
            [
                NftRejectKind.PortUnreachable, NftRejectKind.NoRoute, NftRejectKind.AdminProhibited,
                NftRejectKind.AddressUnreachable, NftRejectKind.TcpReset,
            ];
        var tcp = new Statement.Match(_protocol, Relation.Equal, [new(6)]);
        return kinds.Select(kind => new NftRule([tcp, new Statement.Reject(kind)])).ToSeq();
    }

    private static NftRule Drop(params ReadOnlySpan<Statement> statements) => new([.. statements, new Statement.Verdict(_drop)]);

    private static Statement.SetMeta Set(MetaKey key, Expression value) => new(key, value);

    private static SetRef.InPlace InPlace(params Seq<UInt128> key) => new([new(key.Select(value => new KeyField(value)).ToSeq(), null)]);

    private static UInt128 Address(Family family, uint last) =>
        Ip.Parse(family == Family.Ipv4 ? "10.96.0.0" : "fd00:96::").Bits + last;

    private static UInt128 AllOnes(Family family) => family.HostMask();

    private static UInt128 Name(string name)
    {
        UInt128 result = 0;
        for (var i = 0; i < 16; i++) result = (result << 8) | (i < name.Length ? name[i] : 0u);
        return result;
    }
}
