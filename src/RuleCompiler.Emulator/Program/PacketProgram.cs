using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// What the packet machine runs: chains of guarded rules attached to hooks. Every packet-filter backend translates to
/// this form, and only this form is interpreted. Rules of a chain are consecutive in <c>Rules</c>, guards of a rule are
/// consecutive in <c>Guards</c>; chains form no loop.
/// </summary>
/// <param name="Bases">Sorted by hook, then priority.</param>
/// <param name="RecentLists">Names of the lists that some rule uses.</param>
/// <param name="Describe">Index of a rule ---> its text and owner; called for traces only.</param>
public sealed record PacketProgram(
    Family Family,
    Seq<BaseChain> Bases,
    Seq<ProgramChain> Chains,
    Seq<ProgramRule> Rules,
    Seq<Guard> Guards,
    Seq<string> RecentLists,
    Func<int, RuleSource> Describe)
{
    public Seq<ProgramSet> Sets { get; init; }

    /// <summary>How many rules count packets by <c>numgen inc</c>; they begin anew with every program.</summary>
    public int Counters { get; init; }

    /// <summary>Virtual servers, for the IPVS mode.</summary>
    public IpvsTable? Ipvs { get; init; }
}

/// <summary>Netfilter's hooks of one family.</summary>
public enum Hook
{
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}

public enum ChainKind
{
    Filter,

    /// <summary>Runs for the packet that starts a flow only; afterwards conntrack replays what it decided.</summary>
    Nat,
}

/// <summary>A chain that a hook enters. Lower priorities run first.</summary>
/// <param name="Chain">Index into <see cref="PacketProgram.Chains"/>.</param>
public sealed record BaseChain(Hook Hook, int Priority, ChainKind Kind, int Chain, bool DropsByDefault);

public sealed record ProgramChain(string Table, string Name, int FirstRule, int RuleCount);

/// <summary>All guards hold ---> the effect happens, then the verdict.</summary>
public readonly record struct ProgramRule(int FirstGuard, int GuardCount, Effect? Effect, Verdict Verdict);

/// <summary><c>Service</c> is the service-port that the rule's comment names ("ns/name:port"), if any.</summary>
public sealed record RuleSource(string Text, string? Service);

/// <summary>What a rule does to a packet or its flow.</summary>
public abstract record Effect
{
    private Effect()
    {
    }

    /// <summary>The flow goes to <c>To</c>; port 0 keeps the packet's own.</summary>
    public sealed record Dnat(Endpoint To) : Effect;

    /// <summary>The flow's source becomes the primary address of the interface that it leaves by.</summary>
    public sealed record Masquerade(bool RandomFully) : Effect;

    /// <summary>mark = (mark &amp; ~Clear) ^ Flip.</summary>
    public sealed record SetMark(uint Clear, uint Flip) : Effect;
}

public enum VerdictKind : byte
{
    /// <summary>On to the next rule.</summary>
    Continue,
    Accept,
    Drop,
    Reject,
    Return,
    Jump,
    Goto,

    /// <summary>What a step of the rule decided, or else Continue. No rule ends with it at run time.</summary>
    Computed,
}

/// <param name="Chain">For Jump and Goto: index into <see cref="PacketProgram.Chains"/>.</param>
/// <param name="With">For Reject.</param>
public readonly record struct Verdict(VerdictKind Kind, int Chain = 0, RejectKind With = default);
