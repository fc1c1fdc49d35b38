using RuleCompiler.Backends.Nftables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Emulation;

/// <summary>The node of <see cref="World"/> with nftables rules, and short words to write these in.</summary>
internal sealed class NftWorld
{
    public NftWorld(NftRuleset rules, HostNetwork? network = null, params uint[] words)
    {
        Random = words.Length > 0 ? new ScriptedRandom(words) : new SeededRandom(1);
        Emulator = new NetfilterMachine(
            NftablesTranslator.Translate(rules),
            network ?? (rules.Family == Family.Ipv4 ? World.Network4 : World.Network6), Clock, Random);
    }

    public ManualClock Clock { get; } = new();

    public IRandomSource Random { get; }

    public NetfilterMachine Emulator { get; }

    public Passage Send(Packet packet) => Emulator.Send(packet);

    public Passage Send(string flow, string? input) => Send(World.First(flow, input));

    public void Wait(double seconds) => Clock.Advance(TimeSpan.FromSeconds(seconds));

    public static readonly FieldType[] FrontendKey = [FieldType.Ipv4Addr, FieldType.InetProto, FieldType.InetService];

    public static readonly Expression Source = new Expression.Payload(PayloadField.SourceAddress),
        Destination = new Expression.Payload(PayloadField.DestinationAddress),
        SourcePort = new Expression.Payload(PayloadField.SourcePort),
        DestinationPort = new Expression.Payload(PayloadField.DestinationPort),
        L4Proto = new Expression.Meta(MetaKey.L4Proto),
        Mark = new Expression.Meta(MetaKey.Mark),
        Priority = new Expression.Meta(MetaKey.Priority),
        Input = new Expression.Meta(MetaKey.InputInterfaceName),
        Output = new Expression.Meta(MetaKey.OutputInterfaceName),
        State = new Expression.Ct(CtKey.State),
        Status = new Expression.Ct(CtKey.Status),
        ToFrontend = Concat(Destination, L4Proto, DestinationPort);

    public static readonly NftVerdict Accept = new NftVerdict.Accept(), Drop = new NftVerdict.Drop(),
        Return = new NftVerdict.Return(), Continue = new NftVerdict.Continue();

    public static readonly Statement Masquerade = new Statement.Masquerade(true);

    public static NftRuleset Rules(params NftTable[] tables) => new(Family.Ipv4, tables.ToSeq());

    public static NftRuleset Rules6(params NftTable[] tables) => new(Family.Ipv6, tables.ToSeq());

    public static NftTable Table(NftSet[] sets, params NftChain[] chains) => new("t", sets.ToSortedSeq(), chains.ToSortedSeq());

    public static NftTable Table(params NftChain[] chains) => Table([], chains);

    public static NftChain Chain(string name, params NftRule[] rules) => new(name, null, rules.ToSeq());

    public static NftChain Filter(NftHookPoint point, params NftRule[] rules) => Filter(point, 0, rules);

    public static NftChain Filter(NftHookPoint point, int priority, params NftRule[] rules) =>
        new($"{point}{priority}", new NftHook(NftChainType.Filter, point, priority, false), rules.ToSeq());

    public static NftChain Nat(NftHookPoint point, params NftRule[] rules) =>
        Nat(point, point is NftHookPoint.Prerouting or NftHookPoint.Output ? -100 : 100, rules);

    public static NftChain Nat(NftHookPoint point, int priority, params NftRule[] rules) =>
        new($"nat{point}{priority}", new NftHook(NftChainType.Nat, point, priority, false), rules.ToSeq());

    public static NftRule Do(params Statement[] statements) => new(statements.ToSeq());

    public static Statement Is(Expression left, params UInt128[] values) =>
        new Statement.Match(left, Relation.Equal, values.Select(value => new KeyField(value)).ToSeq());

    public static Statement Relates(Expression left, Relation relation, UInt128 first, UInt128? last = null) =>
        new Statement.Match(left, relation, [new KeyField(first, last ?? first)]);

    public static Statement End(NftVerdict verdict) => new Statement.Verdict(verdict);

    public static Statement Jump(string chain) => End(new NftVerdict.Jump(chain));

    public static Statement Goto(string chain) => End(new NftVerdict.Goto(chain));

    public static Statement Vmap(Expression key, string map) => new Statement.VerdictMap(key, new SetRef.Named(map));

    public static Statement Vmap(Expression key, params Element[] elements) =>
        new Statement.VerdictMap(key, new SetRef.InPlace(elements.ToSeq()));

    public static Statement InSet(Expression key, string set, bool inverted = false) =>
        new Statement.Lookup(key, new SetRef.Named(set), inverted);

    public static Statement InSet(Expression key, params Element[] elements) =>
        new Statement.Lookup(key, new SetRef.InPlace(elements.ToSeq()), false);

    public static Expression MapOf(Expression key, string map) => new Expression.Map(key, new SetRef.Named(map));

    public static Expression MapOf(Expression key, params Element[] elements) =>
        new Expression.Map(key, new SetRef.InPlace(elements.ToSeq()));

    public static Statement Dnat(Expression to) => new Statement.Dnat(to);

    public static Statement Dnat(string to) => Dnat(Value(to));

    public static Statement SetMark(Expression to) => new Statement.SetMeta(MetaKey.Mark, to);

    public static Expression Numgen(uint modulus, uint offset = 0) => new Expression.Numgen(true, modulus, offset);

    public static Expression Concat(params Expression[] fields) => new Expression.Concat(fields.ToSeq());

    /// <summary>A number, an address, or an address with a port.</summary>
    public static Expression Value(string text) => new Expression.Constant(Fields(text));

    public static Expression Value(UInt128 number) => new Expression.Constant([number]);

    public static UInt128 Number(string address) => Ip.Parse(address).Bits;

    public static NftSet Set(string name, FieldType[] key, params Element[] elements) =>
        new(name, key.ToSeq(), null, FlagsFor(elements), null, null, elements.ToSortedSeq());

    public static NftSet Vmap(string name, FieldType[] key, params Element[] elements) =>
        new(name, key.ToSeq(), new DataType.Verdict(), SetFlags.None, null, null, elements.ToSortedSeq());

    public static NftSet Map(string name, FieldType[] key, FieldType[] data, params Element[] elements) =>
        new(name, key.ToSeq(), new DataType.Values(data.ToSeq()), SetFlags.None, null, null, elements.ToSortedSeq());

    public static NftSet Dynamic(
        string name, FieldType[] key, FieldType[]? data = null, int? timeout = null, int? size = null) =>
        new(name, key.ToSeq(), data is null ? null : new DataType.Values(data.ToSeq()),
            SetFlags.Dynamic | (timeout is null ? 0 : SetFlags.Timeout), timeout, size, []);

    /// <summary>Fields parted by " . ": numbers, addresses, protocols, ranges "a-b" and prefixes.</summary>
    public static Element El(string key, string? data = null) =>
        new(key.Split(" . ").Select(Field).ToSeq(), data is null ? null : new ElementData.Values(Fields(data)));

    public static Element El(string key, NftVerdict verdict, string? comment = null) =>
        new(key.Split(" . ").Select(Field).ToSeq(), new ElementData.Verdict(verdict), comment);

    private static SetFlags FlagsFor(Element[] elements) =>
        elements.Any(element => element.Key.Any(field => field.First != field.Last)) ? SetFlags.Interval
            : SetFlags.None;

    private static Seq<UInt128> Fields(string text) => Endpoint.TryParse(text, out var endpoint)
        ? [endpoint.Address.Bits, endpoint.Port.Value]
        : text.Split(" . ").Select(field => Field(field).First).ToSeq();

    private static KeyField Field(string text)
    {
        if (text.Split('-') is [var first, var last]) return new KeyField(Field(first).First, Field(last).First);
        if (text.Contains('/'))
        {
            var prefix = Prefix.Parse(text);
            return new KeyField(
                prefix.Network.Bits, prefix.Network.Bits | (prefix.Network.Family.HostMask() & ~prefix.Mask));
        }

        if (Enum.TryParse<Protocol>(text, ignoreCase: true, out var protocol) && !char.IsDigit(text[0]))
            return new KeyField((byte)protocol);
        return UInt128.TryParse(text, out var number) ? new KeyField(number) : new KeyField(Number(text));
    }
}
