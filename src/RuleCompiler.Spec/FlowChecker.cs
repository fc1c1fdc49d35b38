using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>Runs the cases of a flow file against a target and tells what each expectation came to.</summary>
public static class FlowChecker
{
    public static FlowReport Check(FlowFile file, IScenarioSource scenarios, IFlowTarget target)
    {
        var reading = scenarios.ReadScenario(file.Scenario.Value);
        if (reading.Scenario is not { } scenario)
        {
            var unusable = Unusable(
                file.Scenario.Location,
                $"scenario {file.Scenario.Value} cannot be read", "see the errors about its files");
            return new FlowReport(file.Path, target.Name, [], reading.Diagnostics.Append(unusable).ToSeq());
        }

        var found = scenario.Cluster.Nodes.FirstOrDefault(node => node.Name == file.Node.Value);
        if (found is null) return new FlowReport(file.Path, target.Name, [], [UnknownNode(file, scenario.Cluster)]);

        var node = NodeFacts.Create(found, scenario.Config with { Mode = target.Mode }, new KernelFacts());
        var diagnostics = new List<Diagnostic>();
        var cases = new List<CaseReport>();
        foreach (var one in file.Cases)
        {
            var plan = CasePlan.Make(one, scenario, node, scenarios, diagnostics);
            if (plan is null) continue;
            cases.Add(Run(plan, node, target, diagnostics));
        }

        diagnostics.AddRange(cases.SelectMany(one => one.Results)
            .Where(result => result.Status == FlowStatus.Failed)
            .Select(result => Failure(result)));
        return new FlowReport(file.Path, target.Name, cases.ToSeq(), diagnostics.ToSeq());
    }

    /// <summary>Once, or where later packets depend on a choice, until every choice was seen.</summary>
    private static CaseReport Run(CasePlan plan, NodeFacts node, IFlowTarget target, List<Diagnostic> diagnostics)
    {
        var choices = new Choices();
        FlowResult[]? merged = null;
        for (var seed = 0; seed < Math.Max(1, target.RunsMax); seed++)
        {
            var (started, problems) = target.Start(plan.Cluster, node, (ulong)seed);
            if (started is null)
            {
                diagnostics.AddRange(problems);
                diagnostics.Add(RulesUnusable(plan.Case.Location));
                break;
            }

            using var run = new CaseRun(started, plan, target.Mode, choices);
            var results = run.Run(diagnostics);
            merged = merged is null ? results : Merge(merged, results);
            if (!plan.HasMemory || choices.AllSeen) break;
        }

        return new CaseReport(plan.Case.Title, plan.Case.Location, (merged ?? []).ToSeq());
    }

    /// <summary>A result counts as failed when it failed in any run.</summary>
    private static FlowResult[] Merge(FlowResult[] first, FlowResult[] second) =>
        first.Zip(second, (one, other) => one.Status == FlowStatus.Passed ? other : one).ToArray();

    internal static Diagnostic RulesUnusable(Location location) => Unusable(
        location,
        "the rules made from the scenario cannot run",
        "this is a defect of the compiler; see the errors about its rules");

    internal static Diagnostic Unusable(Location location, string message, string hint) =>
        new(DiagnosticCatalog.FlowScenarioUnusable, location, message, hint);

    private static Diagnostic UnknownNode(FlowFile file, ClusterState cluster) => new(
        DiagnosticCatalog.FlowNodeUnknown, file.Node.Location,
        $"found node {file.Node.Value}, expected a Node of the scenario"
            + (cluster.Nodes.IsEmpty
                ? ", which has none"
                : $": {string.Join(", ", cluster.Nodes.Select(node => node.Name))}"),
        "correct the name, or add the Node to the scenario's nodes.yaml");

    private static Diagnostic Failure(FlowResult result) => new(
        DiagnosticCatalog.FlowExpectationFailed, result.Location,
        $"expected {result.Expected}, found {result.Happened}: {string.Join("; ", result.Reasons)}",
        "rulec trace shows the packet's way rule by rule");
}
