using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>What one <c>nft -f</c> does to a table: all of it, or nothing (service-semantics §5.1).</summary>
public sealed record NftTransaction(string Table, Seq<NftCommand> Commands);

/// <summary>One command of a transaction.</summary>
public abstract record NftCommand
{
    private NftCommand()
    {
    }

    /// <summary>Makes the table if it is not there.</summary>
    public sealed record AddTable : NftCommand;

    public sealed record DeleteTable : NftCommand;

    /// <summary>Makes an empty set of this type; its elements are not looked at.</summary>
    public sealed record AddSet(NftSet Set) : NftCommand;

    public sealed record DeleteSet(string Name, bool IsMap) : NftCommand;

    /// <summary>Adds these elements; the set itself is not looked at but for its types.</summary>
    public sealed record AddElements(NftSet Set) : NftCommand;

    /// <summary>Takes these elements out, by their keys.</summary>
    public sealed record DeleteElements(NftSet Set) : NftCommand;

    public sealed record AddChain(string Name, NftHook? Hook) : NftCommand;

    /// <summary>Takes a chain's rules out.</summary>
    public sealed record FlushChain(string Name) : NftCommand;

    public sealed record DeleteChain(string Name) : NftCommand;

    /// <summary>Appends a rule.</summary>
    public sealed record AddRule(string Chain, NftRule Rule) : NftCommand;
}
