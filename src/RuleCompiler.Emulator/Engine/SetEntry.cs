namespace RuleCompiler.Emulator;

/// <summary>An element as the machine keeps it.</summary>
/// <param name="ExpiresAt">
/// In ticks; from then on the element is gone (nft_set_elem_expired: time_is_before_eq_jiffies64 @v6.1).
/// </param>
/// <param name="IsDeclared">By the rules, not by a packet.</param>
internal sealed record SetEntry(
    Registers Data, Verdict Verdict = default, string? Service = null, long ExpiresAt = long.MaxValue,
    bool IsDeclared = true);

/// <summary>
/// An element that one branch of an exploration has changed, on top of what it inherits; null: deleted.
/// </summary>
internal sealed record SetOverlay(int Set, Registers Key, SetEntry? Entry, SetOverlay? Below);

/// <summary>A counter that one branch of an exploration has moved on.</summary>
internal sealed record CounterOverlay(int Index, uint Value, CounterOverlay? Below);
