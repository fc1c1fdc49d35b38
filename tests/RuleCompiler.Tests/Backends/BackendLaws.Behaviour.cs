using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using RuleCompiler.Tests.Properties;
using Xunit;

namespace RuleCompiler.Tests.Backends;

/// <content>Laws 3 and 5, the way of a plan; 6, the order of input; 7, what packets meet.</content>
public abstract partial class BackendLaws<TArtifact, TStep>
{
    [Fact]
    public void Law_3_what_is_as_desired_needs_no_plan() => OnEveryArtifact((artifact, family) =>
        Backend.Plan(artifact, artifact) is { IsEmpty: false } plan
            ? $"{family}: {string.Join("\n", plan.Select(step => Backend.PrintStep(step, family)))}\nfor {Text(artifact)}"
            : null);

    /// <summary>In between, every flow meets what the judge allowed before, or what it allows after.</summary>
    [Fact]
    public void Law_5_no_step_shows_a_third_outcome() => Fuzz.Histories(6, history =>
    {
        foreach (var family in Enum.GetValues<Family>())
        {
            for (var i = 0; i + 1 < history.States.Count; i++)
            {
                if (ThirdOutcome(history.States[i], history.States[i + 1], NodeGen.In(history.Node, Mode), family) is { } difference)
                    return difference;
            }
        }

        return null;
    });

    [Fact]
    public void Law_6_the_order_of_input_does_not_matter() => Fuzz.Scenarios(20, any =>
    {
        var scenario = any.In(Mode);
        var shuffled = scenario.Cluster with
        {
            // Objects are in the order of their names whatever the input's; what is in them is not.
            EndpointSlices = scenario.Cluster.EndpointSlices
                .Select(slice => slice with { Endpoints = Pipeline.Shuffled(slice.Endpoints, 1) }).ToSortedSeq(),
        };
        foreach (var family in Enum.GetValues<Family>())
        {
            var (text, other) = (Text(Lower(scenario.Cluster, scenario.Node, family)), Text(Lower(shuffled, scenario.Node, family)));
            if (text != other) return $"{family}: {text}\nand, shuffled, {other}";
        }

        return null;
    });

    /// <summary>What is emulated is the text that ships: outcomes as the judge has them, shares within 2^-31.</summary>
    [Fact]
    public void Law_7_every_flow_meets_what_the_judge_allows() => Fuzz.Scenarios(30, any =>
    {
        var scenario = any.In(Mode);
        foreach (var family in Enum.GetValues<Family>())
        {
            var artifact = Lower(scenario.Cluster, scenario.Node, family);
            var node = Pipeline.Load(PacketPrograms.Translate(Backend.Parse(Backend.Print(artifact), family).Artifact), scenario.Node);
            foreach (var flow in FlowGen.Covering(scenario, family))
            {
                if (Pipeline.Differs(scenario, node, flow) is { } difference) return difference;
            }
        }

        return null;
    });

    /// <summary>
    /// In IPVS mode endpoints are in one table of the kernel and marks to masquerade in another, which nothing changes
    /// at once: for a moment old endpoints may be masqueraded as new ones are, or the other way round.
    /// </summary>
    private bool IsMixture(Expectation old, Expectation next, NetfilterMachine emulator, Flow flow)
    {
        if (Mode != ProxyMode.Ipvs) return false;
        var found = emulator.Explore(Pipeline.First(flow), trace: false).Outcomes.Select(one => one.Outcome);
        var known = old.Outcomes.Concat(next.Outcomes).OfType<Outcome.Translated>().Select(one => one.To).ToHashSet();
        return found.All(one => one is Outcome.Translated translated && known.Contains(translated.To));
    }

    /// <summary>
    /// In IPVS mode addresses are bound and unbound on the way. A process of the node has an address as its source only
    /// while it is bound, and from outside it comes only while it is not.
    /// </summary>
    private static bool IsPossibleThroughout(Flow flow, ClusterState old, ClusterState next, NodeFacts node) =>
        node.Config.Mode != ProxyMode.Ipvs || node.IsLocal(flow.Source) || !old.Services.Concat(next.Services).Any(service =>
            service.ClusterIps.Contains(flow.Source) || service.ExternalIps.Contains(flow.Source)
            || service.LoadBalancerIps.Contains(flow.Source));

    private string? ThirdOutcome(ClusterState old, ClusterState next, NodeFacts node, Family family)
    {
        var state = Lower(old, node, family);
        var flows = FlowGen.Covering(old, node, family).Union(FlowGen.Covering(next, node, family))
            .Where(flow => IsPossibleThroughout(flow, old, next, node)).ToArray();
        var before = Array.ConvertAll(flows, flow => Meaning.Of(old, node, flow));
        var after = Array.ConvertAll(flows, flow => Meaning.Of(next, node, flow));
        foreach (var step in Backend.Plan(state, Lower(next, node, family)))
        {
            state = Backend.Apply(state, step);
            var emulator = Pipeline.Load(PacketPrograms.Translate(state), node);
            for (var i = 0; i < flows.Length; i++)
            {
                if (IsMixture(before[i], after[i], emulator, flows[i])) continue;
                if (Pipeline.Differs(before[i], emulator, flows[i]) is { } fromOld &&
                    Pipeline.Differs(after[i], emulator, flows[i]) is { } fromNew)
                    return $"after the block\n{Backend.PrintStep(step, family)}\nold: {fromOld}\nnew: {fromNew}";
            }
        }

        return null;
    }
}
