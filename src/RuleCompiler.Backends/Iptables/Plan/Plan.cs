using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <content>From one state to another: README.md argues why no packet sees a third one.</content>
public sealed partial class IptablesBackend
{
    /// <summary>
    /// The fewest blocks that turn the observed rules into the desired ones: at most filter, nat, filter. Chains of other
    /// owners and their rules in built-in chains stay.
    /// </summary>
    public override Seq<TableBlock> Plan(IptablesRuleset observed, IptablesRuleset desired)
    {
        var nat = observed.Find(TableName.Nat) ?? new Table(TableName.Nat, []);
        var filter = observed.Find(TableName.Filter) ?? new Table(TableName.Filter, []);
        var desiredNat = desired.Find(TableName.Nat) ?? new Table(TableName.Nat, []);
        var desiredFilter = desired.Find(TableName.Filter) ?? new Table(TableName.Filter, []);

        var blocks = new List<TableBlock>();
        var between = Transition.FilterBetween(nat, filter, desiredNat, desiredFilter);
        filter = AddBlock(filter, between);
        AddBlock(nat, desiredNat);
        AddBlock(filter, desiredFilter);
        return blocks.ToSeq();

        Table AddBlock(Table from, Table to)
        {
            var planner = new TablePlanner(from, to);
            if (!planner.Block.Commands.IsEmpty) blocks.Add(planner.Block);
            return planner.Result;
        }
    }
}
