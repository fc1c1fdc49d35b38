using System.Diagnostics;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>
/// A case with everything resolved that does not depend on what packets do: addresses, interfaces, and the cluster
/// after each change.
/// </summary>
internal sealed record CasePlan(FlowCase Case, ClusterState Cluster, NodeFacts Node, Seq<PlannedStep> Steps)
{
    /// <summary>Where ephemeral ports begin that the kernel would pick (net.ipv4.ip_local_port_range @v6.1).</summary>
    private const int FirstEphemeralPort = 32768;

    /// <summary>Whether some packet may depend on what an earlier one chose.</summary>
    public bool HasMemory => Steps.Any(step =>
        step.Step.Action is FlowAction.Again or FlowAction.More or FlowAction.Reply);

    /// <summary>Null when a line cannot be resolved; the diagnostics say why.</summary>
    public static CasePlan? Make(
        FlowCase one, Scenario scenario, NodeFacts node, IScenarioSource scenarios, List<Diagnostic> diagnostics)
    {
        var before = diagnostics.Count;
        var cluster = scenario.Cluster;
        var planned = new List<PlannedStep>();
        foreach (var step in one.Steps)
        {
            var sourcePort = new Port((ushort)(FirstEphemeralPort + (planned.Count % FirstEphemeralPort)));
            switch (step.Action)
            {
                case FlowAction.Open open:
                    var resolver = new PacketResolver(scenario.Cluster, node, step, diagnostics);
                    planned.Add(new PlannedStep(step, resolver.Resolve(open, sourcePort), null, sourcePort));
                    break;
                case FlowAction.Change change:
                    cluster = After(cluster, change.What, step, scenarios, diagnostics) ?? cluster;
                    planned.Add(new PlannedStep(step, null, cluster, sourcePort));
                    break;
                default:
                    planned.Add(new PlannedStep(step, null, null, sourcePort));
                    break;
            }
        }

        return diagnostics.Count > before ? null : new CasePlan(one, scenario.Cluster, node, planned.ToSeq());
    }

    /// <summary>Where a packet from an address arrives; null when a process of the node sends it.</summary>
    public static string? InterfaceOf(Ip source, NodeFacts node) =>
        node.IsLocal(source) ? null : HostNetworks.For(node, source.Family).InterfaceTowards(source);

    private static ClusterState? After(
        ClusterState cluster,
        ClusterChange change,
        FlowStep step,
        IScenarioSource scenarios,
        List<Diagnostic> diagnostics)
    {
        if (change is ClusterChange.Replace replace)
        {
            var reading = scenarios.ReadCluster(replace.Path);
            if (reading.Scenario is { } other) return ClusterChanges.Replace(cluster, other.Cluster);
            diagnostics.AddRange(reading.Diagnostics);
            diagnostics.Add(FlowChecker.Unusable(
                step.Location, $"cluster {replace.Path} cannot be read", "see the errors about the file"));
            return null;
        }

        if (ClusterChanges.Apply(cluster, change) is { } changed) return changed;
        diagnostics.Add(new Diagnostic(
            DiagnosticCatalog.FlowChangeImpossible, step.Location,
            $"found '{step.Text}', which changes nothing, expected {Wanted(change)}",
            "look at the scenario's cluster.yaml and at the when lines before"));
        return null;
    }

    private static string Wanted(ClusterChange change) => change switch
    {
        ClusterChange.RemoveEndpoint remove => $"an endpoint {remove.Address} in a slice",
        ClusterChange.AddEndpoint add => $"an endpoint {add.Beside} in a slice",
        ClusterChange.SetState set => $"an endpoint {set.Address} in another state",
        ClusterChange.RemoveService remove => $"a Service {remove.Name}",
        _ => throw new UnreachableException(),
    };
}

/// <param name="Packet">For <c>from</c>.</param>
/// <param name="Cluster">For <c>when</c>: what is true from here on.</param>
/// <param name="SourcePort">The one that a new flow of this line takes when the line names none.</param>
internal sealed record PlannedStep(FlowStep Step, Packet? Packet, ClusterState? Cluster, Port SourcePort);
