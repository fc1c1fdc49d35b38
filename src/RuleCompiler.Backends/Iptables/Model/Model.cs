using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>Kernel tables in the order in which netfilter runs them at one hook.</summary>
public enum TableName
{
    Raw,
    Mangle,
    Nat,
    Filter,
    Security,
}

/// <summary>
/// The rules of one family: the tables that have any, in <see cref="TableName"/> order. Built-in chains hold only the
/// rules that were parsed or that are ours; a null policy means "as it is".
/// </summary>
public sealed record IptablesRuleset(Family Family, Seq<Table> Tables)
{
    public Table? Find(TableName name)
    {
        foreach (var table in Tables)
        {
            if (table.Name == name) return table;
        }

        return null;
    }
}

/// <summary>Chains: built-in ones first in hook order, then the others in ordinal order of their names.</summary>
public sealed record Table(TableName Name, Seq<Chain> Chains);

/// <summary><c>Policy</c> is null for user-defined chains and for built-in chains whose policy was not given.</summary>
public sealed record Chain(string Name, Policy? Policy, Seq<Rule> Rules);

public enum Policy
{
    Accept,
    Drop,
}

/// <summary>
/// One rule: all matches must hold, then the target runs; a null target only counts. <c>Comment</c> (xt_comment) is kept
/// apart since it always matches. Matches are in canonical order (<see cref="Match"/>): Source, Destination,
/// InInterface, OutInterface, Protocol, then extensions in the order in which they were written.
/// </summary>
public sealed record Rule(Seq<Match> Matches, Target? Target, string? Comment = null)
{
    /// <summary>The chain that the rule goes to.</summary>
    internal string? NextChain => Target switch
    {
        Target.Jump jump => jump.Chain,
        Target.Goto jump => jump.Chain,
        _ => null,
    };
}

/// <summary>A condition on a packet. Every case is one that iptables can print and the emulator evaluates.</summary>
public abstract record Match
{
    private Match()
    {
    }

    /// <summary>-s ADDRESS/MASK. <c>Mask</c> need not be a prefix.</summary>
    public sealed record Source(Ip Address, Ip Mask, bool Inverted = false) : Match;

    /// <summary>-d ADDRESS/MASK.</summary>
    public sealed record Destination(Ip Address, Ip Mask, bool Inverted = false) : Match;

    /// <summary>-i NAME; a trailing '+' matches any interface that starts with what is before it.</summary>
    public sealed record InInterface(string Name, bool Inverted = false) : Match;

    /// <summary>-o NAME, as above.</summary>
    public sealed record OutInterface(string Name, bool Inverted = false) : Match;

    /// <summary>-p PROTOCOL.</summary>
    public sealed record OfProtocol(Protocol Protocol, bool Inverted = false) : Match;

    /// <summary>-m tcp|udp|sctp --sport FIRST:LAST.</summary>
    public sealed record SourcePort(Port First, Port Last, bool Inverted = false) : Match;

    /// <summary>-m tcp|udp|sctp --dport FIRST:LAST.</summary>
    public sealed record DestinationPort(Port First, Port Last, bool Inverted = false) : Match;

    /// <summary>-m conntrack --ctstate LIST.</summary>
    public sealed record ConntrackState(ConntrackStates States, bool Inverted = false) : Match;

    /// <summary>-m mark --mark VALUE/MASK: (mark &amp; Mask) == Value.</summary>
    public sealed record Mark(uint Value, uint Mask, bool Inverted = false) : Match;

    /// <summary>-m addrtype --src-type LOCAL.</summary>
    public sealed record SourceIsLocal(bool Inverted = false) : Match;

    /// <summary>-m addrtype --dst-type LOCAL.</summary>
    public sealed record DestinationIsLocal(bool Inverted = false) : Match;

    /// <summary>
    /// -m statistic --mode random: matches when (random &amp; 0x7FFFFFFF) &lt; Threshold
    /// (net/netfilter/xt_statistic.c:statistic_mt @v6.1). <c>Threshold</c> is probability · 2^31, 0 to 2^31.
    /// </summary>
    public sealed record Statistic(uint Threshold, bool Inverted = false) : Match;

    /// <summary>-m recent on the source address (--rsource).</summary>
    /// <param name="Seconds">0 without --seconds.</param>
    /// <param name="HitCount">0 without --hitcount.</param>
    /// <param name="Mask">--mask; the host mask keeps one entry per source.</param>
    public sealed record Recent(
        RecentAction Action, string List, int Seconds, int HitCount, bool Reap, Ip Mask, bool Inverted = false) : Match;

    /// <summary>
    /// -m bpf --bytecode: a classic BPF program over the packet from its IP header; matches when it returns non-zero.
    /// </summary>
    public sealed record Bpf(Seq<BpfInstruction> Program) : Match;

    /// <summary>-m nfacct --nfacct-name NAME: always matches, counts.</summary>
    public sealed record Nfacct(string Name) : Match;

    /// <summary>
    /// -m set --match-set NAME LIST: the parts of the packet that LIST names, in the order of the set's type, are in
    /// the ipset. One to six of them (include/uapi/linux/netfilter/ipset/ip_set.h:IPSET_DIM_MAX @v6.1).
    /// </summary>
    public sealed record InSet(string Set, Seq<SetDimension> Dimensions, bool Inverted = false) : Match;

    /// <summary>-m physdev --physdev-is-in: the packet came in through a port of a bridge.</summary>
    public sealed record IsFromBridgePort(bool Inverted = false) : Match;

    /// <summary>
    /// -m ipvs --ipvs: IPVS has rewritten the packet, on this pass through the node (skb->ipvs_property,
    /// net/netfilter/xt_ipvs.c:ipvs_mt @v6.1).
    /// </summary>
    public sealed record IsThroughIpvs(bool Inverted = false) : Match;

    /// <summary>-m ipvs --vproto --vaddr --vport: the packet's IPVS connection is to this virtual server.</summary>
    public sealed record ToVirtualServer(Ip Address, Protocol Protocol, Port Port) : Match;
}

/// <summary>The end of the packet that one part of a set's entry is compared with: src or dst.</summary>
public enum SetDimension
{
    Source,
    Destination,
}

/// <summary>
/// struct sock_filter: op code, jump offsets if true and false, operand (include/uapi/linux/filter.h @v6.1).
/// </summary>
public readonly record struct BpfInstruction(ushort Code, byte JumpTrue, byte JumpFalse, uint K);

public enum RecentAction
{
    /// <summary>--rcheck: is the source in the list?</summary>
    Check,

    /// <summary>--update: as Check, and refreshes the entry.</summary>
    Update,

    /// <summary>--set: adds or refreshes the entry; always matches.</summary>
    Set,

    /// <summary>--remove: matches if it was there.</summary>
    Remove,
}

/// <summary>States of xt_conntrack; SNAT and DNAT are its virtual states for translated flows.</summary>
[Flags]
public enum ConntrackStates
{
    None = 0,
    Invalid = 1,
    New = 2,
    Established = 4,
    Related = 8,
    Untracked = 16,
    Snat = 32,
    Dnat = 64,
}

/// <summary>What a matching rule does.</summary>
public abstract record Target
{
    private Target()
    {
    }

    public sealed record Accept : Target;

    public sealed record Drop : Target;

    public sealed record Return : Target;

    /// <summary>-j CHAIN: comes back after the chain's end.</summary>
    public sealed record Jump(string Chain) : Target;

    /// <summary>-g CHAIN: the chain's end returns to where this chain was jumped from.</summary>
    public sealed record Goto(string Chain) : Target;

    /// <summary>-j REJECT --reject-with KIND.</summary>
    public sealed record Reject(RejectKind With) : Target;

    /// <summary>-j DNAT --to-destination ADDRESS:PORT.</summary>
    public sealed record Dnat(Endpoint To) : Target;

    public sealed record Masquerade(bool RandomFully) : Target;

    /// <summary>
    /// -j MARK: mark = (mark &amp; ~Clear) ^ Flip, the form of every --set-xmark, --or-mark, --and-mark and --xor-mark
    /// (net/netfilter/xt_mark.c:mark_tg @v6.1).
    /// </summary>
    public sealed record SetMark(uint Clear, uint Flip) : Target;
}

/// <summary>What REJECT answers with.</summary>
public enum RejectKind
{
    PortUnreachable,
    HostUnreachable,
    NetUnreachable,
    ProtocolUnreachable,
    AdminProhibited,
    TcpReset,
}
