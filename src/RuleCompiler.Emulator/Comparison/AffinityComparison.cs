using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator.Comparison;

/// <summary>
/// Whether a client keeps its endpoint: at once, until just before its time is up, after it, and elsewhere.
/// </summary>
internal static class AffinityComparison
{
    public static IEnumerable<Difference> Of(
        IEnumerable<ComparedFlow> ofPort, int timeoutSeconds, ComparedSide left, ComparedSide right)
    {
        var flows = ofPort
            .Where(at => at.Source is SourceKind.Pod or SourceKind.External)
            .Where(at => !at.Flow.Destination.IsLoopback).ToArray();
        foreach (var at in flows)
        {
            var (one, other) = (Watch(left, at.Flow, timeoutSeconds), Watch(right, at.Flow, timeoutSeconds));
            if (one is null || other is null || one == other) continue;
            var cause = one.Keeps && other.Keeps
                ? Causes.OfAffinity(left, right, one.Forgets, other.Forgets)
                : Cause.Unknown;
            yield return new Difference(at, Aspects.Affinity, one.Text, other.Text, cause);
        }

        foreach (var at in flows)
        {
            var elsewhere = flows.FirstOrDefault(next => next.Source == at.Source && next.Frontend != at.Frontend);
            if (elsewhere is null) continue;
            var (one, other) = (Returns(left, at.Flow, elsewhere.Flow), Returns(right, at.Flow, elsewhere.Flow));
            if (one is not { } sticksLeft || other is not { } sticksRight || sticksLeft == sticksRight) continue;
            yield return new Difference(
                at, Aspects.Affinity, Told(sticksLeft, elsewhere.Flow), Told(sticksRight, elsewhere.Flow),
                Cause.AffinityAcrossFrontends);
        }
    }

    /// <summary>Null where there is nothing to choose.</summary>
    private static Watched? Watch(ComparedSide side, Flow flow, int timeoutSeconds)
    {
        var clock = new ManualClock();
        var node = side.Start(clock, 1);
        if (Choices(node, flow, 1) < 2) return null;
        node.Send(Comparer.First(flow));
        var keeps = Choices(node, flow, 2) == 1;
        clock.Advance(TimeSpan.FromSeconds(timeoutSeconds - 0.5));
        var stillKeeps = Choices(node, flow, 3) == 1;
        clock.Advance(TimeSpan.FromSeconds(1.5));
        var forgets = Choices(node, flow, 4) > 1;
        return new Watched(keeps && stillKeeps, forgets, (keeps, stillKeeps, forgets) switch
        {
            (true, true, true) => $"a client keeps its endpoint for {timeoutSeconds} s",
            (true, true, false) => $"a client keeps its endpoint for more than {timeoutSeconds} s",
            (true, false, _) => $"a client keeps its endpoint for less than {timeoutSeconds} s",
            (false, _, _) => "a client does not keep its endpoint",
        });
    }

    /// <param name="Keeps">Until just before its time is up.</param>
    private sealed record Watched(bool Keeps, bool Forgets, string Text);

    /// <summary>Null where the two have no endpoint in common, or nothing to choose.</summary>
    private static bool? Returns(ComparedSide side, Flow flow, Flow elsewhere)
    {
        var node = side.Start(new ManualClock(), 1);
        if (Choices(node, flow, 1) < 2 || Choices(node, elsewhere, 1) < 2) return null;
        node.Send(Comparer.First(flow));
        return Choices(node, elsewhere, 2) == 1;
    }

    private static int Choices(NetfilterMachine node, Flow flow, ushort visit)
    {
        var again = flow with { SourcePort = new Port((ushort)(flow.SourcePort.Value + visit)) };
        return Comparer.OutcomesOf(node, Comparer.First(again)).Count;
    }

    private static string Told(bool sticks, Flow elsewhere)
    {
        var place = new Endpoint(elsewhere.Destination, elsewhere.DestinationPort);
        return $"at {place} the client {(sticks ? "keeps" : "does not keep")} its endpoint";
    }
}
