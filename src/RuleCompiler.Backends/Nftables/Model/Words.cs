using System.Diagnostics;
using System.Text;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>Expressions and statements that lowering needs again and again, for one family.</summary>
internal sealed class Words(Family family)
{
    private static readonly Expression _protocol = new Expression.Meta(MetaKey.L4Proto);
    private static readonly Expression _port = new Expression.Payload(PayloadField.DestinationPort);

    public static readonly Expression Source = new Expression.Payload(PayloadField.SourceAddress);
    public static readonly Expression Destination = new Expression.Payload(PayloadField.DestinationAddress);
    public static readonly Expression Mark = new Expression.Meta(MetaKey.Mark);

    /// <summary>Carries a slot from rule to rule: the only register of a packet that others seldom use.</summary>
    public static readonly Expression Priority = new Expression.Meta(MetaKey.Priority);

    /// <summary>The packet's client is bound.</summary>
    public static readonly Statement HasSlot =
        new Statement.Match(new Expression.Bitwise(Priority, Slots.TagMask, 0), Relation.Equal, [new(Slots.Tag)]);

    public static readonly Statement IsNew = new Statement.Bits(new Expression.Ct(CtKey.State), (uint)CtState.New, Inverted: false);

    public static readonly Statement IsTranslated =
        new Statement.Bits(new Expression.Ct(CtKey.Status), (uint)CtStatus.Dnat, Inverted: false);

    /// <summary>A flow that is translated is refused by nobody: its endpoint may have a frontend's address.</summary>
    public static readonly Statement IsUntranslated =
        new Statement.Bits(new Expression.Ct(CtKey.Status), (uint)CtStatus.Dnat, Inverted: true);

    public static readonly Statement SourceIsLocal = FibIs(ofSource: true, Relation.Equal);
    public static readonly Statement DestinationIsLocal = FibIs(ofSource: false, Relation.Equal);
    public static readonly Statement DestinationIsForeign = FibIs(ofSource: false, Relation.NotEqual);
    public static readonly Statement Drop = new Statement.Verdict(new NftVerdict.Drop());

    public FieldType Address { get; } = FieldTypes.Address(family);

    /// <summary>
    /// The fields that name a frontend; a NodePort's address is unspecified, whatever the packet's is.
    /// </summary>
    public static Seq<Expression> Frontend(bool onNodePort) =>
        [onNodePort ? new Expression.Bitwise(Destination, 0, 0) : Destination, _protocol, _port];

    public static Expression Key(bool onNodePort) => new Expression.Concat(Frontend(onNodePort));

    public static Expression Key(bool onNodePort, Expression last) => new Expression.Concat([.. Frontend(onNodePort), last]);

    /// <summary>
    /// A client's binding to a frontend. Behind "set" nft 1.0.6 reads a mask in the first field only.
    /// </summary>
    public static Expression Binding(Choice choice) => choice.Owner is null ? Key(choice.OnNodePort, Source) : Source;

    /// <summary>A key of what holds frontends of one protocol.</summary>
    public static Expression KeyWithoutProtocol(bool onNodePort, Expression last) =>
        new Expression.Concat([Frontend(onNodePort)[0], _port, last]);

    public static Statement Is(Protocol protocol) =>
        new Statement.Match(_protocol, Relation.Equal, [new((byte)protocol)]);

    public static SetRef In(string set) => new SetRef.Named(set);

    public static NftRule Rule(params ReadOnlySpan<Statement> statements) => new([.. statements]);

    public static Statement Jump(string chain) => new Statement.Verdict(new NftVerdict.Jump(chain));

    public static Statement Goto(string chain) => new Statement.Verdict(new NftVerdict.Goto(chain));

    public static Statement SetMark(uint and, uint xor) =>
        new Statement.SetMeta(MetaKey.Mark, new Expression.Bitwise(Mark, and, xor));

    /// <summary>Is the source a pod of this node? Null when nothing tells (service-semantics §3.8).</summary>
    public static Statement? LocalPod(LocalTraffic detector, bool inverted)
    {
        var relation = inverted ? Relation.NotEqual : Relation.Equal;
        return detector switch
        {
            LocalTraffic.Undetected => null,
            LocalTraffic.SourceIn source => new Statement.Match(Source, relation, [Range(source.Cidr)]),
            LocalTraffic.ArrivesOn input => Arrives(relation, NameOf(input.Interface, 0), NameOf(input.Interface, 0)),
            LocalTraffic.ArrivesOnPrefix input =>
                Arrives(relation, NameOf(input.InterfacePrefix, 0), NameOf(input.InterfacePrefix, byte.MaxValue)),
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>The addresses that NodePorts are on: never loopback (service-semantics §3.3).</summary>
    public Seq<Statement> Within(NodePortScope scope) => scope switch
    {
        NodePortScope.AllLocal =>
        [
            new Statement.Match(Destination, Relation.NotEqual, [Range(family == Family.Ipv4
                ? Prefix.Create(Ip.V4(127u << 24), 8)
                : Prefix.Host(Ip.V6(1)))]),
            DestinationIsLocal,
        ],
        NodePortScope.Listed => [new Statement.Lookup(Destination, In(Names.NodePortIps), Inverted: false)],
        _ => throw new UnreachableException(),
    };

    /// <summary>Without the blocks inside others: an interval set refuses overlaps.</summary>
    public static IEnumerable<Prefix> Disjoint(Seq<Prefix> blocks)
    {
        Prefix? last = null;
        foreach (var block in blocks.Order())
        {
            if (last is { } outer && outer.Contains(block)) continue;
            last = block;
            yield return block;
        }
    }

    public static KeyField Range(Prefix block) =>
        new(block.Network.Bits, block.Network.Bits | (block.Family.HostMask() & ~block.Mask));

    /// <summary>
    /// NFTNL_UDATA_COMMENT_MAXLEN (libnftnl include/libnftnl/udata.h @v1.2.4): a longer one fails the whole transaction,
    /// and names of valid objects can reach it (service-semantics §13.2 #1). Null for what nft cannot write.
    /// </summary>
    public static string? Comment(ServicePortName name)
    {
        const int bytesMax = 128;
        const string ellipsis = "...";
        var comment = name.ToString();
        if (comment.AsSpan().ContainsAny('"', '\n')) return null;
        if (Encoding.UTF8.GetByteCount(comment) <= bytesMax) return comment;
        var length = Math.Min(comment.Length, bytesMax - ellipsis.Length);
        while (Encoding.UTF8.GetByteCount(comment.AsSpan(0, length)) > bytesMax - ellipsis.Length) length--;
        return comment[..length] + ellipsis;
    }

    private static Statement.Match FibIs(bool ofSource, Relation relation) =>
        new(new Expression.FibType(ofSource), relation, [new(Expression.FibType.Local)]);

    private static Statement.Match Arrives(Relation relation, UInt128 first, UInt128 last) =>
        new(new Expression.Meta(MetaKey.InputInterfaceName), relation, [new(first, last)]);

    /// <summary>16 bytes, the first character highest (IFNAMSIZ of include/uapi/linux/if.h @v6.1).</summary>
    private static UInt128 NameOf(string name, byte fill)
    {
        UInt128 result = 0;
        for (var i = 0; i < 16; i++) result = (result << 8) | (i < name.Length ? (byte)name[i] : fill);
        return result;
    }
}
