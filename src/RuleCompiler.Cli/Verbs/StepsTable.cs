using RuleCompiler.Cli.Documents;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>The rules that a packet met, for people.</summary>
internal static class StepsTable
{
    public static Block.Table Of(IEnumerable<TraceStep> steps) => new(
        Key: null,
        [
            new Column(null, "hook", Rank: 1),
            new Column(null, "table", Rank: 2),
            new Column(null, "chain"),
            new Column(null, "rule"),
            new Column(null, "then", Fit: Fit.Prose),
            new Column(null, "service", Rank: 3),
            new Column(null, "text", Fit: Fit.OwnLine),
        ],
        steps.Select(step => (Seq<Cell>)
        [
            step.Hook,
            step.Table,
            step.Chain,
            step.RuleNumber > 0 ? step.RuleNumber : Cell.None,
            step.Effect,
            step.Service,
            step.RuleText,
        ]).ToSeq());
}
