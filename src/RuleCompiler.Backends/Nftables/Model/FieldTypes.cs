using System.Diagnostics;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>The data types of expressions, which decide how their values are written (nft(8), DATA TYPES).</summary>
internal static class FieldTypes
{
    public static FieldType Address(Family family) => family == Family.Ipv4 ? FieldType.Ipv4Addr : FieldType.Ipv6Addr;

    /// <summary>Only of what has a type of its own: a constant has that of what it is compared with or put into.</summary>
    public static Seq<FieldType> Of(Expression expression, Family family) => expression switch
    {
        Expression.Payload payload => [Of(payload.Field, family)],
        Expression.Meta meta => [Of(meta.Key)],
        Expression.Ct ct => [Of(ct.Key)],
        Expression.FibType or Expression.Numgen => [FieldType.Integer],
        Expression.Concat concat => concat.Fields.SelectMany(field => Of(field, family)).ToSeq(),
        Expression.Bitwise bitwise => Of(bitwise.Left, family),
        _ => throw new InvalidOperationException($"{expression} has no type of its own"),
    };

    public static FieldType Of(PayloadField field, Family family) => field switch
    {
        PayloadField.SourceAddress or PayloadField.DestinationAddress => Address(family),
        PayloadField.SourcePort or PayloadField.DestinationPort => FieldType.InetService,
    };

    public static FieldType Of(MetaKey key) => key switch
    {
        MetaKey.L4Proto => FieldType.InetProto,
        MetaKey.Mark => FieldType.Mark,
        MetaKey.Priority => FieldType.ClassId,
        MetaKey.InputInterfaceName or MetaKey.OutputInterfaceName => FieldType.Ifname,
    };

    public static FieldType Of(CtKey key) => key switch
    {
        CtKey.State or CtKey.Status => FieldType.Integer,
        CtKey.Mark => FieldType.Mark,
    };

    /// <summary>All ones: <c>x ^ y</c> is <c>(x &amp; Mask) ^ y</c>.</summary>
    public static UInt128 Mask(this FieldType type) => type switch
    {
        FieldType.Ipv4Addr or FieldType.Mark or FieldType.ClassId or FieldType.Integer => uint.MaxValue,
        FieldType.Ipv6Addr or FieldType.Ifname => UInt128.MaxValue,
        FieldType.InetProto => byte.MaxValue,
        FieldType.InetService => ushort.MaxValue,
    };

    /// <summary>The word behind <c>type</c>; null for what nft has no word for.</summary>
    public static string? Word(this FieldType type) => type switch
    {
        FieldType.Ipv4Addr => "ipv4_addr",
        FieldType.Ipv6Addr => "ipv6_addr",
        FieldType.InetProto => "inet_proto",
        FieldType.InetService => "inet_service",
        FieldType.Mark => "mark",
        FieldType.ClassId => "classid",
        FieldType.Ifname => "ifname",
        FieldType.Integer => null,
    };

    /// <summary>
    /// An expression of the type, as it stands behind <c>typeof</c>. Rules that translate by a map whose data is
    /// <c>tcp dport</c> ask for TCP (src/evaluate.c:stmt_evaluate_nat_map @v1.0.6).
    /// </summary>
    /// <param name="portsOf">Whose ports, if not everybody's.</param>
    public static string Example(this FieldType type, Protocol? portsOf) => type switch
    {
        FieldType.Ipv4Addr => "ip daddr",
        FieldType.Ipv6Addr => "ip6 daddr",
        FieldType.InetProto => "meta l4proto",
        FieldType.InetService => $"{portsOf?.KernelName() ?? "th"} dport",
        FieldType.Mark => "meta mark",
        FieldType.ClassId => "meta priority",
        FieldType.Ifname => "iifname",
        FieldType.Integer => "numgen random mod 2",
    };

    public static Seq<FieldType> FieldsOf(DataType? data) => data switch
    {
        null or DataType.Verdict => [],
        DataType.Values values => values.Fields,
        _ => throw new UnreachableException(),
    };
}
