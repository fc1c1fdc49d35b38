namespace RuleCompiler.Backends.Iptables;

/// <summary>A block that the kernel would refuse: a plan that holds one is a bug of who made it.</summary>
public sealed class BlockRefusedException : Exception
{
    public BlockRefusedException(TableName table, int index, RestoreCommand command, string reason)
        : base($"table {table.KernelName()}, command {index + 1}: {reason} ({command})")
    {
        Table = table;
        Index = index;
        Command = command;
    }

    public TableName Table { get; }

    /// <summary>0-based, among the block's commands.</summary>
    public int Index { get; }

    public RestoreCommand Command { get; }
}
