using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using RuleCompiler.Tests.Properties;

namespace RuleCompiler.Tests.Backends.Iptables;

/// <summary>Laws 4 and 5 of a backend: a plan ends where it should, and no flow meets a third fate on the way.</summary>
internal static class PlanSafety
{
    /// <summary>Null, or what a plan from the one to the other shows that is neither.</summary>
    public static string? Flaw(Scenario before, Scenario after, Family family)
    {
        var old = Pipeline.Lower(before.Cluster, before.Node, family);
        var desired = Pipeline.Lower(after.Cluster, after.Node, family);
        var plan = IptablesBackend.Instance.Plan(old, desired);
        List<IptablesRuleset> states = [old];
        foreach (var block in plan) states.Add(IptablesBackend.Instance.Apply(states[^1], block));
        if (WithoutFirewall(states[^1]) != WithoutFirewall(desired) || !IptablesBackend.Instance.Plan(states[^1], desired).IsEmpty)
            return "the plan does not end where it should\n" + Text(plan, family);

        var flows = FlowGen.Covering(before, family).Concat(FlowGen.Covering(after, family)).Distinct().ToArray();
        return ThirdFate(states, before.Node, flows, family) is { } third ? $"{third}\n{Text(plan, family)}" : null;
    }

    /// <summary>
    /// Under policies that accept, and under such that drop, where rules of ours open FORWARD and INPUT. The host's
    /// network is that of before: its sysctls are not the plan's.
    /// </summary>
    private static string? ThirdFate(List<IptablesRuleset> states, NodeFacts node, Flow[] flows, Family family)
    {
        foreach (var policies in (Func<IptablesRuleset, IptablesRuleset>[])[state => state, Surroundings.Closed])
        {
            var fates = states.ConvertAll(state => FatesIn(policies(state), node, flows));
            for (var at = 1; at + 1 < states.Count; at++)
            {
                for (var i = 0; i < flows.Length; i++)
                {
                    var (first, now, last) = (fates[0][i], fates[at][i], fates[^1][i]);
                    if (now != first && now != last && !IsStoppedEarly(flows[i], now, states))
                        return $"{family} {flows[i]}\nbefore {first}\nthen   {now} (block {at})\nafter  {last}";
                }
            }
        }

        return null;
    }

    /// <summary>
    /// The exception: where localhost NodePorts are new, the block against strays for 127.0.0.0/8 comes before what
    /// it spares, because route_localnet must never be on without it.
    /// </summary>
    private static bool IsStoppedEarly(Flow flow, string now, List<IptablesRuleset> states) =>
        flow.Destination is { Family: Family.Ipv4, IsLoopback: true } && !flow.Source.IsLoopback
        && now == "dropped" && !HasFirewall(states[0]) && HasFirewall(states[^1]);

    private static bool HasFirewall(IptablesRuleset ruleset) =>
        ruleset.Find(TableName.Filter)?.Chains.Any(chain => chain.Name == Names.Firewall) == true;

    /// <summary>KUBE-FIREWALL belongs to the kubelet too, so it stays when our localhost NodePorts go.</summary>
    private static IptablesRuleset WithoutFirewall(IptablesRuleset ruleset) => ruleset with
    {
        Tables = ruleset.Tables.Select(table => table with
        {
            Chains = table.Chains.Where(chain => chain.Name != Names.Firewall).Select(chain => chain with
            {
                Rules = chain.Rules.Where(rule => rule.Target != new Target.Jump(Names.Firewall)).ToSeq(),
            }).ToSeq(),
        }).ToSeq(),
    };

    private static string[] FatesIn(IptablesRuleset ruleset, NodeFacts node, Flow[] flows)
    {
        var emulator = Pipeline.Load(Pipeline.Reread(ruleset), node);
        return Array.ConvertAll(flows, FateOf);

        string FateOf(Flow flow) => string.Join(
            " | ", emulator.Explore(Pipeline.First(flow), trace: false).Outcomes
                .Select(one => one.Example.Fate is Fate.Dropped ? "dropped" : one.Outcome.ToString()).Distinct()
                .Order(StringComparer.Ordinal));
    }

    private static string Text(Seq<TableBlock> plan, Family family) =>
        string.Concat(plan.Select(block => IptablesBackend.Instance.PrintStep(block, family)));
}
