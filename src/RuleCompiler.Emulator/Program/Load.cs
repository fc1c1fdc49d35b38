namespace RuleCompiler.Emulator;

public enum LoadKind : byte
{
    SourceAddress,
    DestinationAddress,

    /// <summary>The first two bytes behind the IP header, whatever the protocol: <c>th sport</c>.</summary>
    SourcePort,
    DestinationPort,
    Protocol,
    Mark,
    Priority,
    InputInterface,
    OutputInterface,

    /// <summary>Bits of NF_CT_STATE_BIT.</summary>
    ConntrackState,

    /// <summary>Bits of enum ip_conntrack_status.</summary>
    ConntrackStatus,
    ConntrackMark,
    Constant,

    /// <summary>(register &amp; A) ^ B.</summary>
    Bitwise,

    /// <summary>numgen random mod A offset B.</summary>
    RandomNumber,

    /// <summary>numgen inc mod A offset B; <c>Index</c> counts the program's counters.</summary>
    NextNumber,

    /// <summary>The key that begins at <c>At</c> is replaced by what the map at <c>Index</c> has for it.</summary>
    MapElement,
}

/// <summary>
/// Fills <c>Words</c> registers of 32 bits from <c>At</c> on, as the kernel's expressions do (struct nft_regs @v6.1).
/// Values are built by such loads in a row; one that finds nothing ends the rule (NFT_BREAK).
/// </summary>
public readonly record struct Load(
    LoadKind Kind, byte At, byte Words, UInt128 A = default, UInt128 B = default, int Index = 0);
