using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>
/// The nft tables of one family (<c>table ip …</c> or <c>table ip6 …</c>): our own in what we compile, whatever a dump
/// holds in what we read. In ordinal order of their names.
/// </summary>
public sealed record NftRuleset(Family Family, Seq<NftTable> Tables)
{
    public NftTable? Find(string name)
    {
        foreach (var table in Tables)
        {
            if (table.Name == name) return table;
        }

        return null;
    }
}

/// <summary>Sets and maps, and chains, each in ordinal order of their names: the kernel does not care.</summary>
public sealed record NftTable(string Name, SortedSeq<NftSet> Sets, SortedSeq<NftChain> Chains)
{
    public NftSet? FindSet(string name)
    {
        var index = Sets.FirstIndex(set => string.CompareOrdinal(set.Name, name) >= 0);
        return index < Sets.Count && Sets[index] is var found && found.Name == name ? found : null;
    }
}

/// <summary>
/// A named set, or a map when <c>Data</c> is not null. Comments of objects are not kept; those of elements are.
/// </summary>
/// <param name="Key">The concatenated fields of a key; one field for a plain set.</param>
/// <param name="Data">What a map holds; null for a set.</param>
/// <param name="TimeoutSeconds">Default timeout of elements; null without one.</param>
/// <param name="Size">
/// Largest number of elements; null when it was not given, which means <see cref="DynamicSize"/> where packets add
/// them.
/// </param>
/// <param name="Elements">Those that packets added (in <c>Dynamic</c> sets) are not kept: they are state.</param>
public sealed record NftSet(
    string Name, Seq<FieldType> Key, DataType? Data, SetFlags Flags, int? TimeoutSeconds, int? Size,
    SortedSeq<Element> Elements) : IKeyed<NftSet>
{
    public static int CompareKeys(NftSet left, NftSet right) => string.CompareOrdinal(left.Name, right.Name);

    /// <summary>
    /// Whose ports they are, where <c>typeof</c> says so (<c>tcp dport</c>): nft holds a rule that translates by the
    /// map to that protocol. Null for any (<c>th dport</c>), and where nothing tells: <c>nft -j</c> gives names of
    /// types only.
    /// </summary>
    public Protocol? PortsOf { get; init; }

    /// <summary>
    /// What a set to which packets add has when nothing is said (nft_dynset.c:nft_dynset_init @v6.1). Print does not
    /// say it: for a size that is given the kernel makes room at once, 2 MiB for this one, and 17 KiB else (measured,
    /// Linux 6.18).
    /// </summary>
    public const int DynamicSize = 0xffff;
}

[Flags]
public enum SetFlags
{
    None = 0,

    /// <summary>Keys may be ranges and prefixes.</summary>
    Interval = 1,

    /// <summary>Packets add elements.</summary>
    Dynamic = 2,
    Timeout = 4,
    Constant = 8,
}

/// <summary>The type of one field of a key or of one value: nft's type names (nft(8), DATA TYPES).</summary>
public enum FieldType
{
    Ipv4Addr,
    Ipv6Addr,
    InetProto,
    InetService,
    Mark,

    /// <summary>classid: <c>meta priority</c>.</summary>
    ClassId,

    /// <summary>A 32-bit number without a name of its own: what <c>numgen</c> gives.</summary>
    Integer,
    Ifname,
}

/// <summary>What a map leads to.</summary>
public abstract record DataType
{
    private DataType()
    {
    }

    public sealed record Verdict : DataType;

    public sealed record Values(Seq<FieldType> Fields) : DataType;
}

/// <summary>One element of a set or map.</summary>
/// <param name="Comment">At most 128 bytes: a longer one fails the whole transaction (service-semantics §13.2 #1).</param>
/// <param name="TimeoutSeconds">Its own timeout; null takes the set's.</param>
public sealed record Element(Seq<KeyField> Key, ElementData? Data, string? Comment = null, int? TimeoutSeconds = null)
    : IKeyed<Element>
{
    /// <summary>Field by field.</summary>
    public static int CompareKeys(Element left, Element right) => left.Key.Span.SequenceCompareTo(right.Key.Span);
}

/// <summary>
/// A field of a key: all values from <c>First</c> to <c>Last</c>, which are equal outside interval sets. Host byte
/// order.
/// </summary>
public readonly record struct KeyField(UInt128 First, UInt128 Last) : IComparable<KeyField>
{
    public KeyField(UInt128 value)
        : this(value, value)
    {
    }

    public int CompareTo(KeyField other) => First.CompareTo(other.First) is var first and not 0 ? first : Last.CompareTo(other.Last);

    public static bool operator <(KeyField left, KeyField right) => left.CompareTo(right) < 0;

    public static bool operator >(KeyField left, KeyField right) => left.CompareTo(right) > 0;

    public static bool operator <=(KeyField left, KeyField right) => left.CompareTo(right) <= 0;

    public static bool operator >=(KeyField left, KeyField right) => left.CompareTo(right) >= 0;
}

public abstract record ElementData
{
    private ElementData()
    {
    }

    public sealed record Verdict(NftVerdict Of) : ElementData;

    /// <summary>One value per field of <see cref="DataType.Values"/>.</summary>
    public sealed record Values(Seq<UInt128> Fields) : ElementData;
}

/// <summary><c>Hook</c> is null for a chain that is reached by jumps only.</summary>
public sealed record NftChain(string Name, NftHook? Hook, Seq<NftRule> Rules) : IKeyed<NftChain>
{
    public static int CompareKeys(NftChain left, NftChain right) => string.CompareOrdinal(left.Name, right.Name);
}

/// <param name="DropsByDefault">policy drop.</param>
public sealed record NftHook(NftChainType Type, NftHookPoint Point, int Priority, bool DropsByDefault);

public enum NftChainType
{
    Filter,
    Nat,
    Route,
}

public enum NftHookPoint
{
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}

/// <summary>
/// Statements run from left to right; the first match that fails, or look-up that finds nothing, ends the rule.
/// </summary>
public sealed record NftRule(Seq<Statement> Statements, string? Comment = null);

public abstract record Statement
{
    private Statement()
    {
    }

    /// <summary>EXPRESSION OPERATOR value, range, prefix or { list } of them. <c>Values</c> is not empty.</summary>
    public sealed record Match(Expression Left, Relation Relation, Seq<KeyField> Values) : Statement;

    /// <summary>EXPRESSION [!=] @set, or { … } of concatenations.</summary>
    public sealed record Lookup(Expression Key, SetRef In, bool Inverted) : Statement;

    /// <summary>
    /// ct status DNAT, ct state new: any of these bits (<c>Inverted</c>: none of them; nft writes "!").
    /// </summary>
    public sealed record Bits(Expression Left, uint Any, bool Inverted) : Statement;

    /// <summary>EXPRESSION vmap @map, or { … }: the verdict of the key, if it is there.</summary>
    public sealed record VerdictMap(Expression Key, SetRef Map) : Statement;

    /// <summary>accept, drop, goto …</summary>
    public sealed record Verdict(NftVerdict Of) : Statement;

    /// <summary>meta mark set, meta priority set.</summary>
    public sealed record SetMeta(MetaKey Key, Expression Value) : Statement;

    /// <summary>dnat to: an expression of address and port, or of an address alone.</summary>
    public sealed record Dnat(Expression To) : Statement;

    /// <summary>masquerade; its ports are the flow's own where that is possible, unless <c>FullyRandom</c>.</summary>
    public sealed record Masquerade(bool FullyRandom, bool Random = false) : Statement;

    public sealed record Reject(NftRejectKind With) : Statement;

    /// <summary>add, update or delete @set { key timeout T : data } by the packet.</summary>
    public sealed record Dynamic(DynamicAction Action, string Set, Expression Key, int? TimeoutSeconds, Expression? Data) : Statement;

    /// <summary>counter; the figures are not kept.</summary>
    public sealed record Counter : Statement;
}

public enum DynamicAction
{
    Add,

    /// <summary>
    /// Adds the element, or renews its timeout and leaves its data alone (nft_dynset.c:nft_dynset_eval @v6.1).
    /// </summary>
    Update,
    Delete,
}

public enum Relation
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>reject with icmp(v6) type …; TcpReset for <c>reject with tcp reset</c>.</summary>
public enum NftRejectKind
{
    PortUnreachable,
    HostUnreachable,
    NetUnreachable,
    ProtocolUnreachable,
    AdminProhibited,
    NoRoute,
    AddressUnreachable,
    TcpReset,
}

/// <summary>
/// A named set or map of the same table, or one written in place; elements of the latter sorted by key.
/// </summary>
public abstract record SetRef
{
    private SetRef()
    {
    }

    public sealed record Named(string Name) : SetRef;

    public sealed record InPlace(Seq<Element> Elements) : SetRef;
}

public abstract record NftVerdict
{
    private NftVerdict()
    {
    }

    public sealed record Accept : NftVerdict;

    public sealed record Drop : NftVerdict;

    public sealed record Continue : NftVerdict;

    public sealed record Return : NftVerdict;

    public sealed record Jump(string Chain) : NftVerdict;

    public sealed record Goto(string Chain) : NftVerdict;
}

/// <summary>Something that a packet, its flow or chance has a value of.</summary>
public abstract record Expression
{
    private Expression()
    {
    }

    /// <summary>A field of the packet's headers.</summary>
    public sealed record Payload(PayloadField Field) : Expression;

    public sealed record Meta(MetaKey Key) : Expression;

    public sealed record Ct(CtKey Key) : Expression;

    /// <summary>fib saddr type, fib daddr type: compare with <see cref="FibType"/>.</summary>
    public sealed record FibType(bool OfSource) : Expression
    {
        /// <summary>RTN_LOCAL of include/uapi/linux/rtnetlink.h @v6.1.</summary>
        public const uint Local = 2;
    }

    /// <summary>numgen random|inc mod M offset O: O to O + M - 1.</summary>
    public sealed record Numgen(bool Random, uint Modulus, uint Offset = 0) : Expression;

    /// <summary>a . b . c</summary>
    public sealed record Concat(Seq<Expression> Fields) : Expression;

    /// <summary>(left &amp; And) ^ Xor: what every chain of and, or, xor comes to (nft_bitwise.c @v6.1).</summary>
    public sealed record Bitwise(Expression Left, UInt128 And, UInt128 Xor) : Expression;

    /// <summary>key map @map, or { … }.</summary>
    public sealed record Map(Expression Key, SetRef From) : Expression;

    /// <summary>A value in place; several fields for an address with a port.</summary>
    public sealed record Constant(Seq<UInt128> Fields) : Expression;
}

public enum PayloadField
{
    /// <summary>ip saddr, ip6 saddr.</summary>
    SourceAddress,
    DestinationAddress,

    /// <summary>th sport; also read: tcp sport, udp sport, sctp sport, which compare the protocol as well.</summary>
    SourcePort,
    DestinationPort,
}

public enum MetaKey
{
    L4Proto,
    Mark,

    /// <summary>skb->priority.</summary>
    Priority,
    InputInterfaceName,
    OutputInterfaceName,
}

public enum CtKey
{
    /// <summary>Bits of <see cref="CtState"/>.</summary>
    State,

    /// <summary>Bits of <see cref="CtStatus"/>.</summary>
    Status,
    Mark,
}

/// <summary>NF_CT_STATE_BIT of include/uapi/linux/netfilter/nf_conntrack_common.h @v6.1.</summary>
[Flags]
public enum CtState : uint
{
    Invalid = 1,
    Established = 2,
    Related = 4,
    New = 8,
    Untracked = 64,
}

/// <summary>enum ip_conntrack_status of include/uapi/linux/netfilter/nf_conntrack_common.h @v6.1.</summary>
[Flags]
public enum CtStatus : uint
{
    Snat = 16,
    Dnat = 32,
}
