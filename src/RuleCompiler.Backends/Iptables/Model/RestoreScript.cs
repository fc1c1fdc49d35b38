using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// One *table … COMMIT block of an iptables-restore --noflush input. The kernel carries a block out as a whole or not
/// at all, so it is the step of a plan.
/// </summary>
public sealed record TableBlock(TableName Table, Seq<RestoreCommand> Commands);

/// <summary>A line of a block.</summary>
public abstract record RestoreCommand
{
    private RestoreCommand()
    {
    }

    /// <summary>
    /// :CHAIN POLICY [0:0]. Creates a user-defined chain, or flushes it when it is there; on a built-in chain sets
    /// the policy.
    /// </summary>
    public sealed record Declare(string Chain, Policy? Policy) : RestoreCommand;

    /// <summary>-A CHAIN rule.</summary>
    public sealed record Append(string Chain, Rule Rule) : RestoreCommand;

    /// <summary>-I CHAIN POSITION rule; <c>Position</c> is 1-based.</summary>
    public sealed record Insert(string Chain, int Position, Rule Rule) : RestoreCommand;

    /// <summary>-D CHAIN rule: the first equal rule.</summary>
    public sealed record Delete(string Chain, Rule Rule) : RestoreCommand;

    /// <summary>-D CHAIN POSITION; <c>Position</c> is 1-based.</summary>
    public sealed record DeleteAt(string Chain, int Position) : RestoreCommand;

    /// <summary>-R CHAIN POSITION rule; <c>Position</c> is 1-based.</summary>
    public sealed record Replace(string Chain, int Position, Rule Rule) : RestoreCommand;

    /// <summary>-F CHAIN.</summary>
    public sealed record Flush(string Chain) : RestoreCommand;

    /// <summary>-X CHAIN: the chain must be empty and unreferenced at COMMIT.</summary>
    public sealed record DeleteChain(string Chain) : RestoreCommand;
}
