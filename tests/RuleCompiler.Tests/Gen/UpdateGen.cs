using FsCheck;
using FsCheck.Fluent;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Gen;

/// <summary>What a cluster goes through on one node: its states, one after the other.</summary>
internal sealed record History(Seq<ClusterState> States, NodeFacts Node)
{
    public IEnumerable<History> Shrink()
    {
        // A failure is between two states: first keep just those.
        for (var i = 0; i + 1 < States.Count && States.Count > 2; i++)
            yield return this with { States = [States[i], States[i + 1]] };
        for (var i = 0; i < States.Count; i++)
        {
            var at = i;
            foreach (var smaller in ScenarioShrinker.Clusters(States[i]))
                yield return this with { States = States.Select((state, j) => j == at ? smaller : state).ToSeq() };
        }

        foreach (var node in ScenarioShrinker.Nodes(Node)) yield return this with { Node = node };
    }

    public override string ToString() =>
        string.Join("\n---- then\n", States.Select(state => new Scenario(state, Node).ToString()));
}

/// <summary>Histories of one edit a step: a Service comes, goes or changes as a whole, or only its endpoints do.</summary>
internal static class UpdateGen
{
    private const int Steps = 4;

    public static Gen<History> History { get; } =
        from node in NodeGen.Node
        from first in Pick.Sequence(Enumerable.Range(0, ClusterGen.Slots).Select(Maybe))
        from edits in Pick.Sequence(Enumerable.Range(0, Steps).Select(_ => Edit))
        select new History(StatesOf(first, edits), node);

    private sealed record Change(int Slot, GeneratedService? Fresh, string Kind, int Which);

    private static Gen<Change> Edit =>
        from slot in FsCheck.Fluent.Gen.Choose(0, ClusterGen.Slots - 1)
        from fresh in Maybe(slot)
        from kind in Pick.Weighted((3, "replace"), (4, "endpoints"), (4, "drain"), (3, "policy"))
        from which in FsCheck.Fluent.Gen.Choose(0, 7)
        select new Change(slot, fresh, kind, which);

    private static Gen<GeneratedService?> Maybe(int slot) =>
        from there in Pick.Weighted((2, true), (1, false))
        from service in ClusterGen.ServiceAt(slot)
        select there ? service : null;

    private static Seq<ClusterState> StatesOf(GeneratedService?[] first, Change[] edits)
    {
        var slots = first.ToArray();
        List<ClusterState> states = [ClusterGen.Assemble(slots.OfType<GeneratedService>())];
        foreach (var edit in edits)
        {
            slots[edit.Slot] = Apply(slots[edit.Slot], edit);
            states.Add(ClusterGen.Assemble(slots.OfType<GeneratedService>()));
        }

        return states.ToSeq();
    }

    private static GeneratedService? Apply(GeneratedService? now, Change change)
    {
        if (now is null || change.Kind == "replace") return change.Fresh;
        if (change.Kind == "policy") return now with { Service = OtherPolicy(now.Service, change.Which) };
        if (now.Slices.IsEmpty || change.Kind == "endpoints") return change.Fresh is { } fresh ? Grafted(now, fresh) : now;
        var at = change.Which % now.Slices.Count;
        return now with { Slices = now.Slices.Select((slice, i) => i == at ? Drained(slice, change.Which) : slice).ToSeq() };
    }

    private static Service OtherPolicy(Service service, int which) => (which % 3) switch
    {
        0 => service with { InternalTrafficPolicy = Other(service.InternalTrafficPolicy) },
        1 => service with { ExternalTrafficPolicy = Other(service.ExternalTrafficPolicy), HealthCheckNodePort = null },
        _ => service with { AffinityTimeoutSeconds = service.AffinityTimeoutSeconds is null ? 60 : null },
    };

    private static TrafficPolicy Other(TrafficPolicy policy) => policy switch
    {
        TrafficPolicy.Cluster => TrafficPolicy.Local,
        TrafficPolicy.Local => TrafficPolicy.Cluster,
    };

    /// <summary>The fresh slices' endpoints behind the ports that the Service has now.</summary>
    private static GeneratedService Grafted(GeneratedService now, GeneratedService fresh) => now with
    {
        Slices = fresh.Slices.Select(slice => slice with
        {
            Ports = now.Service.Ports.Select(port => new SlicePort(port.Name, port.Protocol, new(8080))).ToSeq(),
        }).ToSeq(),
    };

    /// <summary>One endpoint leaves: first it terminates, the next time it is gone.</summary>
    private static EndpointSlice Drained(EndpointSlice slice, int which)
    {
        if (slice.Endpoints.IsEmpty) return slice;
        var at = which % slice.Endpoints.Count;
        return slice with
        {
            Endpoints = slice.Endpoints[at].Terminating
                ? slice.Endpoints.Where((_, i) => i != at).ToSeq()
                : slice.Endpoints.Select((one, i) => i == at ? one with { Ready = false, Terminating = true } : one).ToSeq(),
        };
    }
}
