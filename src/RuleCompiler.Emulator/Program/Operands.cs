using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>The value lies in one of the ranges, which are sorted and apart.</summary>
public sealed record RangeTest(Seq<Load> Value, int Words, Seq<KeyField> Ranges);

/// <summary><c>Set</c> is an index into <see cref="PacketProgram.Sets"/>.</summary>
public sealed record SetQuery(Seq<Load> Key, int Set);

public enum AssignedField : byte
{
    Mark,
    Priority,
}

public sealed record Assignment(AssignedField Field, Seq<Load> Value);

/// <summary>The address is in the first registers, the port, if any, in the register behind it.</summary>
public sealed record Translation(Seq<Load> To, bool HasPort);

/// <summary>add, update or delete by the packet.</summary>
/// <param name="TimeoutSeconds">Null: the set's own.</param>
public sealed record SetUpdate(DynamicAction Action, int Set, Seq<Load> Key, Seq<Load> Data, int? TimeoutSeconds);

/// <summary>A verdict in the middle of a rule whose earlier steps may decide otherwise.</summary>
public sealed record Decision(Verdict Verdict);
