using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

public enum GuardKind : byte
{
    Source,
    Destination,
    InputInterface,
    OutputInterface,
    Protocol,
    SourcePort,
    DestinationPort,
    ConntrackState,
    Mark,
    SourceIsLocal,
    DestinationIsLocal,

    /// <summary>A random choice.</summary>
    Draw,

    /// <summary>A list of recently seen sources; evaluating it may change the list.</summary>
    Recent,
    Bpf,
    InSet,
    FromBridgePort,
    ThroughIpvs,
    ToVirtualServer,

    // From here on steps of nftables rules: values from registers, look-ups, and effects in the middle of a rule.
    Compare,
    Lookup,

    /// <summary>A verdict map: decides, unless it says to continue.</summary>
    Dispatch,
    Assign,
    Translate,
    Masquerade,
    Update,
    Decide,
}

/// <summary>
/// One condition. A flat value, so that the guards of a program lie in one array: first-packet throughput is bound by
/// memory, not by arithmetic. Made by the factories only; what <c>Value</c>, <c>Mask</c> and <c>Operand</c> hold
/// depends on the kind.
/// </summary>
public readonly record struct Guard
{
    private Guard(GuardKind kind, bool inverted, UInt128 value, UInt128 mask, object? operand = null)
    {
        Kind = kind;
        Inverted = inverted;
        Value = value;
        Mask = mask;
        Operand = operand;
    }

    public GuardKind Kind { get; }

    public bool Inverted { get; }

    /// <summary>An address, protocol, first port, state set, mark or threshold.</summary>
    public UInt128 Value { get; }

    /// <summary>An address mask, last port or mark mask.</summary>
    public UInt128 Mask { get; }

    /// <summary>
    /// <see cref="InterfacePattern"/>, <see cref="RecentQuery"/>, <see cref="BpfProgram"/>, or what a step works with
    /// (<c>Operands.cs</c>).
    /// </summary>
    public object? Operand { get; }

    /// <summary>(source &amp; mask) == (address &amp; mask), as ip_packet_match does it.</summary>
    public static Guard Source(Ip address, Ip mask, bool inverted) =>
        new(GuardKind.Source, inverted, address.Bits & mask.Bits, mask.Bits);

    public static Guard Destination(Ip address, Ip mask, bool inverted) =>
        new(GuardKind.Destination, inverted, address.Bits & mask.Bits, mask.Bits);

    public static Guard InputInterface(string name, bool inverted) =>
        new(GuardKind.InputInterface, inverted, 0, 0, InterfacePattern.Create(name));

    public static Guard OutputInterface(string name, bool inverted) =>
        new(GuardKind.OutputInterface, inverted, 0, 0, InterfacePattern.Create(name));

    public static Guard OfProtocol(Protocol protocol, bool inverted) =>
        new(GuardKind.Protocol, inverted, (byte)protocol, 0);

    public static Guard SourcePort(Port first, Port last, bool inverted) =>
        new(GuardKind.SourcePort, inverted, first.Value, last.Value);

    public static Guard DestinationPort(Port first, Port last, bool inverted) =>
        new(GuardKind.DestinationPort, inverted, first.Value, last.Value);

    public static Guard State(ConntrackStates states, bool inverted) =>
        new(GuardKind.ConntrackState, inverted, (uint)states, 0);

    public static Guard MarkIs(uint value, uint mask, bool inverted) => new(GuardKind.Mark, inverted, value, mask);

    public static Guard SourceIsLocal(bool inverted) => new(GuardKind.SourceIsLocal, inverted, 0, 0);

    public static Guard DestinationIsLocal(bool inverted) => new(GuardKind.DestinationIsLocal, inverted, 0, 0);

    /// <summary>Holds with probability <c>threshold / 2^31</c>: (random &amp; 0x7FFFFFFF) &lt; threshold.</summary>
    public static Guard Draw(uint threshold, bool inverted) => new(GuardKind.Draw, inverted, threshold, 0);

    public static Guard Recent(RecentQuery query, bool inverted) => new(GuardKind.Recent, inverted, 0, 0, query);

    public static Guard Bpf(BpfProgram program) => new(GuardKind.Bpf, inverted: false, 0, 0, program);

    internal static Guard InSet(IpSetQuery query, bool inverted) => new(GuardKind.InSet, inverted, 0, 0, query);

    public static Guard FromBridgePort(bool inverted) => new(GuardKind.FromBridgePort, inverted, 0, 0);

    public static Guard ThroughIpvs(bool inverted) => new(GuardKind.ThroughIpvs, inverted, 0, 0);

    /// <summary>The protocol is kept in the mask.</summary>
    public static Guard ToVirtualServer(Ip address, Protocol protocol, Port port) =>
        new(GuardKind.ToVirtualServer, inverted: false, address.Bits, ((UInt128)port.Value << 8) | (byte)protocol);

    public static Guard Compare(RangeTest comparison, bool inverted) =>
        new(GuardKind.Compare, inverted, 0, 0, comparison);

    public static Guard Lookup(SetQuery query, bool inverted) => new(GuardKind.Lookup, inverted, 0, 0, query);

    public static Guard Dispatch(SetQuery query) => new(GuardKind.Dispatch, inverted: false, 0, 0, query);

    public static Guard Assign(Assignment assignment) => new(GuardKind.Assign, inverted: false, 0, 0, assignment);

    public static Guard Translate(Translation translation) =>
        new(GuardKind.Translate, inverted: false, 0, 0, translation);

    public static Guard Masquerade(Effect.Masquerade masquerade) =>
        new(GuardKind.Masquerade, inverted: false, 0, 0, masquerade);

    public static Guard Update(SetUpdate update) => new(GuardKind.Update, inverted: false, 0, 0, update);

    public static Guard Decide(Verdict verdict) => new(GuardKind.Decide, inverted: false, 0, 0, new Decision(verdict));

    /// <summary>True when evaluating the guard changes nothing and draws nothing.</summary>
    internal bool IsPure => Kind is not (GuardKind.Draw or GuardKind.Recent) && !IsStep;

    internal bool IsStep => Kind >= GuardKind.Compare;
}

/// <summary>An interface name, or what names must start with (written with a trailing '+').</summary>
public sealed record InterfacePattern(string Text, bool IsPrefix)
{
    public static InterfacePattern Create(string name) =>
        name.EndsWith('+') ? new InterfacePattern(name[..^1], true) : new InterfacePattern(name, false);

    /// <summary>A packet without such an interface carries the empty name, as nulldevname in ip_packet_match.</summary>
    public bool Matches(string? name) => IsPrefix
        ? (name ?? "").StartsWith(Text, StringComparison.Ordinal)
        : string.Equals(name ?? "", Text, StringComparison.Ordinal);
}

/// <summary>
/// <c>List</c> is an index into <see cref="PacketProgram.RecentLists"/>; the mask is applied to the source.
/// </summary>
public sealed record RecentQuery(RecentAction Action, int List, int Seconds, int HitCount, bool Reap, UInt128 Mask);

/// <summary>A classic BPF program that <see cref="ClassicBpf.FindFault"/> found sound.</summary>
public sealed record BpfProgram(Seq<BpfInstruction> Instructions);
