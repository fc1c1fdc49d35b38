using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Properties;

/// <summary>Plans through the history of a cluster; <c>BackendLaws</c> looks at what is in between two states.</summary>
public sealed class UpdateProperties
{
    [Fact]
    public void Plans_lead_to_the_full_compile_and_an_equal_state_needs_none() => Fuzz.Histories(30, history =>
    {
        foreach (var family in Pipeline.Families)
        {
            var now = new IptablesRuleset(family, []);
            foreach (var state in history.States)
            {
                var desired = Pipeline.Lower(state, history.Node, family);
                foreach (var step in IptablesBackend.Instance.Plan(now, desired)) now = IptablesBackend.Instance.Apply(now, step);
                if (now != desired) return $"expected\n{Text(desired)}\nfound\n{Text(now)}";
                if (IptablesBackend.Instance.Plan(now, desired) is { IsEmpty: false } idle) return $"an idle plan: {idle}";
            }
        }

        return null;
    });

    /// <summary>Where only endpoints of one service-port change, and not what its frontends do, only its chains are written.</summary>
    [Fact]
    public void A_change_of_endpoints_touches_only_its_service() => Fuzz.Histories(30, history =>
    {
        foreach (var family in Pipeline.Families)
        {
            for (var i = 0; i + 1 < history.States.Count; i++)
            {
                var old = ServiceGraphBuilder.Build(history.States[i], history.Node, family).Graph;
                var next = ServiceGraphBuilder.Build(history.States[i + 1], history.Node, family).Graph;
                if (ForeignChain(old, next, history.Node) is { } chain) return $"{family}: the plan writes {chain}";
            }
        }

        return null;
    });

    private static string? ForeignChain(ServiceGraph old, ServiceGraph next, NodeFacts node)
    {
        if (old.ServicePorts.Count != next.ServicePorts.Count || old.HealthChecks != next.HealthChecks) return null;
        var changed = old.ServicePorts.Zip(next.ServicePorts).Where(pair => !SameRules(pair.First, pair.Second)).ToArray();
        if (changed.Any(pair => pair.First.Name != pair.Second.Name || pair.First.Frontends != pair.Second.Frontends)) return null;
        var ours = new HashSet<string>();
        foreach (var (one, two) in changed)
        {
            var endpoints = one.ClusterSet.Concat(one.LocalSet).Concat(two.ClusterSet).Concat(two.LocalSet);
            ours.UnionWith(endpoints.Select(endpoint => Names.Endpoint(one.Name, endpoint)));
        }

        var plan = IptablesBackend.Instance.Plan(IptablesBackend.Instance.Lower(old).Artifact, IptablesBackend.Instance.Lower(next).Artifact);
        foreach (var chain in plan.SelectMany(step => step.Commands).Select(ChainOf))
        {
            var own = ours.Contains(chain)
                || ours.Any(sep => chain.StartsWith(sep + "-", StringComparison.Ordinal))
                || changed.Any(pair => chain.Contains(Names.HashOf(pair.First.Name), StringComparison.Ordinal));
            // Without xt_bpf each local endpoint has its own hairpin rule.
            if (!own && (node.Kernel.XtBpf || chain != Names.Hairpin)) return chain;
        }

        return null;
    }

    private static bool SameRules(ServicePort one, ServicePort two) => one.Frontends == two.Frontends && one.Name == two.Name
        && one.ClusterSet == two.ClusterSet && one.LocalSet == two.LocalSet
        && one.AffinityTimeoutSeconds == two.AffinityTimeoutSeconds;

    private static string ChainOf(RestoreCommand command) => command switch
    {
        RestoreCommand.Declare one => one.Chain,
        RestoreCommand.Append one => one.Chain,
        RestoreCommand.Insert one => one.Chain,
        RestoreCommand.Delete one => one.Chain,
        RestoreCommand.DeleteAt one => one.Chain,
        RestoreCommand.Replace one => one.Chain,
        RestoreCommand.Flush one => one.Chain,
        RestoreCommand.DeleteChain one => one.Chain,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string Text(IptablesRuleset ruleset) => string.Concat(IptablesBackend.Instance.Print(ruleset).Select(file => file.Text));
}
