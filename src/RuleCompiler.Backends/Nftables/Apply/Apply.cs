using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>What <c>nft -f</c> does to the kernel's tables, on values.</content>
public sealed partial class NftablesBackend
{
    /// <summary>The tables after one transaction; what it does not name stays as it is.</summary>
    /// <exception cref="InvalidOperationException">The kernel would refuse the transaction, and with it every command.</exception>
    public override NftRuleset Apply(NftRuleset observed, NftTransaction step)
    {
        var editor = observed.Find(step.Table) is { } found ? new TableEditor(found) : null;
        foreach (var command in step.Commands)
        {
            switch (command)
            {
                case NftCommand.AddTable:
                    editor ??= new TableEditor(new NftTable(step.Table, [], []));
                    break;
                case NftCommand.DeleteTable:
                    editor = editor is null ? throw new InvalidOperationException($"there is no table {step.Table}") : null;
                    break;
                default:
                    (editor ?? throw new InvalidOperationException($"there is no table {step.Table}")).Execute(command);
                    break;
            }
        }

        var tables = observed.Tables.Where(table => table.Name != step.Table).ToList();
        if (editor is not null) tables.Add(editor.Finish());
        tables.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return observed with { Tables = tables.ToSeq() };
    }
}
