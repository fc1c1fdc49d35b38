using RuleCompiler.Backends.Nftables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using Xunit;
using static RuleCompiler.Tests.Emulation.NftWorld;

namespace RuleCompiler.Tests.Emulation;

/// <summary>What no kernel loads, or the emulator has no model of, is refused with the rule.</summary>
public sealed class NftTranslatorTests
{
    private static readonly FieldType[] Port = [FieldType.InetService];

    public static TheoryData<string, string, string, NftTable> Refusals()
    {
        var data = new TheoryData<string, string, string, NftTable>();
        void Add(string id, string name, string text, NftTable table) => data.Add(id, name, text, table);
        void Rule(string id, string name, string text, params Statement[] statements) =>
            Add(id, name, text, Table([Ports], Filter(NftHookPoint.Forward, Do(statements))));
        Rule("RC7001", "jump to nowhere", "chain X", Jump("X"));
        Add("RC7001", "map to nowhere", "chain X", Table([Vmap("m", Port, El("1", new NftVerdict.Goto("X")))]));
        Add("RC7002", "loop", "without a loop", Table(Chain("A", Do(Jump("B"))), Chain("B", Do(Goto("A")))));
        Add("RC7002", "loop through a map", "without a loop",
            Table([Vmap("m", Port, El("1", new NftVerdict.Goto("A")))], Chain("A", Do(Vmap(DestinationPort, "m")))));
        Rule("RC7003", "dnat in a filter chain", "under PREROUTING or OUTPUT only", Dnat("10.0.0.1:1"));
        Add("RC7003", "dnat in a filter chain of the right hook", "nat chains only",
            Table(Filter(NftHookPoint.Prerouting, Do(Dnat("10.0.0.1:1")))));
        Add("RC7003", "dnat at postrouting, through a map", "under PREROUTING or OUTPUT only",
            Table([Vmap("m", Port, El("1", new NftVerdict.Goto("A")))],
                Nat(NftHookPoint.Postrouting, Do(Vmap(DestinationPort, "m"))), Chain("A", Do(Dnat("10.0.0.1:1")))));
        Add("RC7003", "masquerade at prerouting", "under POSTROUTING only",
            Table(Nat(NftHookPoint.Prerouting, Do(Masquerade))));
        Add("RC7003", "reject at postrouting", "expected it under",
            Table(Filter(NftHookPoint.Postrouting, Do(new Statement.Reject(NftRejectKind.PortUnreachable)))));
        Rule("RC7004", "IPv6 rejection", "one of IPv4", new Statement.Reject(NftRejectKind.NoRoute));
        Rule("RC7010", "set that is not there", "look-up in X", InSet(DestinationPort, "X"));
        Rule("RC7010", "map that is not there", "look-up in X", SetMark(MapOf(DestinationPort, "X")));
        Rule("RC7011", "key of another type", "expected [InetService]", InSet(Source, "ports"));
        Rule("RC7011", "key of other fields", "expected [InetService]",
            InSet(Concat(SourcePort, DestinationPort), "ports"));
        Rule("RC7011", "a set is no map", "expected a verdict map", Vmap(DestinationPort, "ports"));
        Rule("RC7011", "a set has no values", "expected a map of values", SetMark(MapOf(DestinationPort, "ports")));
        Rule("RC7011", "value too large", "expected values of one type", Is(DestinationPort, 65536));
        Rule("RC7011", "mark from a port", "expected [Mark]", SetMark(DestinationPort));
        Rule("RC7011", "order of a range", "one value to compare with", Relates(DestinationPort, Relation.Less, 1, 2));
        Rule("RC7011", "bits of an address of IPv6's width", "a field of 32 bits", new Statement.Bits(Input, 1, false));
        Rule("RC7011", "a constant alone", "fields of known type", Is(Value(1), 1));
        Add("RC7011", "element of too many fields", "an element of 2 fields", Table([Set("s", Port, El("1 . 2"))]));
        Add("RC7011", "element without data", "expected data of type", Table([Map("s", Port, Port, El("1"))]));
        Add("RC7011", "range in a plain set", "expected one InetService",
            Table([Set("s", Port, El("1-2")) with { Flags = SetFlags.None }]));
        Rule("RC7012", "two data for one key", "without a common key",
            new Statement.Dnat(MapOf(DestinationPort, El("1", "10.0.0.1"), El("1", "10.0.0.2"))));
        Add("RC7012", "overlapping ranges", "without a common key", Table([Set("s", Port, El("1-5"), El("5-9"))]));
        Add("RC7012", "overlapping concatenations", "without a common key",
            Table([Set("s", [.. Port, .. Port], El("7 . 1-100"), El("7 . 2-3"), El("8 . 2-3"))]));
        Rule("RC7012", "overlapping values", "expected values apart",
            new Statement.Match(DestinationPort, Relation.Equal, [new KeyField(1, 5), new KeyField(3)]));
        Add("RC7013", "seventeen chains", "17 deep", Table(
            [Filter(NftHookPoint.Forward, Do(Jump("C1"))), .. Enumerable.Range(1, 16).Select(Nested)]));
        Rule("RC7014", "statement behind the end", "behind the end of the rule", End(Drop), new Statement.Counter());
        Rule("RC7014", "jump to a base chain", "a chain without a hook", Jump("Forward0"));
        Rule("RC7014", "protocol cannot be set", "expected mark or priority",
            new Statement.SetMeta(MetaKey.L4Proto, Value(1)));
        Rule("RC7014", "modulus 0", "a modulus above 0", SetMark(Numgen(0)));
        Rule("RC7014", "numbers past 32 bits", "a modulus above 0", SetMark(Numgen(2, uint.MaxValue)));
        Rule("RC7014", "packets change a constant set", "a set that packets may change", Update("ports"));
        Rule("RC7015", "broadcast", "has a model of", Is(new Expression.FibType(false), 3));
        Rule("RC7015", "type of address in a set", "has a model of", InSet(new Expression.FibType(false), El("2")));
        Rule("RC7015", "assured", "has a model of", new Statement.Bits(Status, 4, false));
        return data;
    }

    public static TheoryData<string, string, string, NftTable> Declarations()
    {
        var data = new TheoryData<string, string, string, NftTable>();
        void Add(string id, string name, string text, NftTable table) => data.Add(id, name, text, table);
        Add("RC7014", "nat before conntrack", "above -200", Table(Nat(NftHookPoint.Prerouting, -200)));
        Add("RC7014", "nat at forward", "at another hook", Table(Nat(NftHookPoint.Forward)));
        Add("RC7014", "route chain", "expected it at output",
            Table(new NftChain("r", new NftHook(NftChainType.Route, NftHookPoint.Input, 0, false), [])));
        Add("RC7014", "full", "found 2 elements", Table([Set("s", Port, El("1"), El("2")) with { Size = 1 }]));
        Add("RC7014", "timeout without the flag", "the flag timeout",
            Table([Set("s", Port) with { TimeoutSeconds = 1 }]));
        Add("RC7014", "17 registers", "68 bytes", Table([Set("s", Enumerable.Repeat(FieldType.Mark, 17).ToArray())]));
        Add("RC7015", "ranges that expire", "single values there",
            Table([Set("s", Port, El("1-2")) with { Flags = SetFlags.Interval | SetFlags.Timeout }]));
        return data;
    }

    [Theory]
    [MemberData(nameof(Refusals), DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Declarations), DisableDiscoveryEnumeration = true)]
    public void Is_refused(string id, string name, string text, NftTable table)
    {
        var (program, diagnostics) = NftablesTranslator.TryTranslate(Rules(table));
        Assert.Null(program);
        Assert.True(
            diagnostics.Any(found => found.Rule.Id == id && found.Message.Contains(text, StringComparison.Ordinal)),
            $"{name}: {diagnostics}");
        Assert.Throws<ArgumentException>(() => NftablesTranslator.Translate(Rules(table)));
    }

    [Fact]
    public void Sixteen_chains_are_not_too_deep() => NftablesTranslator.Translate(Rules(Table(
        [Filter(NftHookPoint.Forward, Do(Jump("C2"))), .. Enumerable.Range(2, 15).Select(Nested)])));

    /// <summary>Nested as deep as a hostile text likes: refused, without a crash.</summary>
    [Fact]
    public void Twenty_thousand_nested_chains_are_refused()
    {
        const int Depth = 20_000;
        var chains = Enumerable.Range(0, Depth).Select(i => i == 0 ? Filter(NftHookPoint.Forward, Do(Jump("C1")))
            : Chain($"C{i}", i + 1 < Depth ? [Do(Jump($"C{i + 1}"))] : []));
        var (_, diagnostics) = NftablesTranslator.TryTranslate(Rules(Table(chains.ToArray())));
        Assert.Equal([DiagnosticCatalog.ChainsTooDeep], diagnostics.Select(found => found.Rule));
    }

    [Theory]
    [InlineData("service-P4ZYZVCF-testing/service/tcp/http", "testing/service:http")]
    [InlineData("endpoint-JO2XBXZR-testing/service/tcp/http__10.180.0.1/80", "testing/service:http")]
    [InlineData("endpoint-U7E2ET36-testing/service/tcp/__fd80.abcd.12/80", "testing/service")]
    [InlineData("external-ULMVA6XW-ns1/svc1/tcp/p80", "ns1/svc1:p80")]
    [InlineData("local-ULMVA6XW-ns1/svc1/tcp/p80", "ns1/svc1:p80")]
    [InlineData("firewall-ULMVA6XW-ns1/svc1/tcp/", "ns1/svc1")]
    [InlineData("service-endpoints-check", null)]
    [InlineData("local-12", null)]
    [InlineData("external-local", null)]
    [InlineData("services", null)]
    public void A_chain_of_kube_proxy_names_its_service(string chain, string? service)
    {
        var program = NftablesTranslator.Translate(Rules(Table(Chain(chain, Do(End(Drop))))));
        Assert.Equal(service, program.Describe(0).Service);
    }

    private static NftSet Ports => Set("ports", Port, El("80"));

    private static Statement.Dynamic Update(string set) =>
        new(DynamicAction.Update, set, DestinationPort, null, null);

    private static NftChain Nested(int i) => Chain($"C{i}", i < 16 ? [Do(Jump($"C{i + 1}"))] : []);
}
