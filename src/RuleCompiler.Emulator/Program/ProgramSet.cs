using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>A set, map or verdict map. <c>KeyBits</c> and <c>DataBits</c> are the widths of the fields.</summary>
/// <param name="Name">Empty for one that is written in place.</param>
/// <param name="Type">
/// Its key, data and flags in words: packets' elements survive new rules in a set of the same name and type.
/// </param>
/// <param name="IsMutable">Packets add elements, or elements expire.</param>
/// <param name="ElementsMax">For a mutable one.</param>
public sealed record ProgramSet(
    string Table,
    string Name,
    string Type,
    Seq<int> KeyBits,
    Seq<int> DataBits,
    bool IsMutable,
    int? TimeoutSeconds,
    int ElementsMax,
    Seq<ProgramElement> Elements);

/// <param name="Service">The service-port that the element serves ("ns/name:port"), if it says so.</param>
public readonly record struct ProgramElement(
    Seq<KeyField> Key, Seq<UInt128> Data, Verdict Verdict, string? Service, int? TimeoutSeconds);
