using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <content>What <c>iptables-restore --noflush</c> does to the kernel's tables, on values.</content>
public sealed partial class IptablesBackend
{
    /// <summary>The rules after one block; what it does not name stays as it is.</summary>
    /// <exception cref="BlockRefusedException">The kernel would refuse the block, and with it every command of it.</exception>
    public override IptablesRuleset Apply(IptablesRuleset observed, TableBlock step)
    {
        var editor = new TableEditor(observed.Find(step.Table) ?? new Table(step.Table, []));
        for (var i = 0; i < step.Commands.Count; i++)
        {
            if (editor.Execute(step.Commands[i]) is { } refusal)
                throw new BlockRefusedException(step.Table, i, step.Commands[i], refusal.Reason);
        }

        return With(observed, editor.Finish());
    }

    /// <summary>One table replaced, or left out when it has no chains.</summary>
    private static IptablesRuleset With(IptablesRuleset ruleset, Table table)
    {
        List<Table> tables = [];
        foreach (var other in ruleset.Tables)
        {
            if (other.Name != table.Name) tables.Add(other);
        }

        if (!table.Chains.IsEmpty) tables.Add(table);
        tables.Sort((left, right) => left.Name.CompareTo(right.Name));
        return ruleset with { Tables = tables.ToSeq() };
    }
}
