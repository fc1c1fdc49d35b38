using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator.Comparison;

/// <summary>Everything that differs between two sides in one family.</summary>
/// <param name="FlowCount">How many flows both sides were asked about.</param>
/// <param name="Groups">Unintended ones first; in the order in which they were met.</param>
public sealed record ComparisonReport(Family Family, int FlowCount, Seq<DifferenceGroup> Groups)
{
    public bool IsAsIntended => Groups.All(group => group.IsIntended);

    public static ComparisonReport Of(
        Ir.ServiceGraph graph, ComparedSide left, ComparedSide right, Profile profile)
    {
        var flows = FlowUniverse.Of(graph, left.Node).ToArray();
        var groups = Comparer.Compare(flows, left, right)
            .GroupBy(one => (one.Cause, one.Aspects, one.At.Source, one.At.Frontend?.Kind))
            .Select(group => Describe(group.Key.Cause, group.Key.Aspects, group.Key.Source, group.ToSeq()))
            .OrderBy(group => group.IsIntended);
        return new ComparisonReport(graph.Family, flows.Length, groups.ToSeq());

        DifferenceGroup Describe(Cause cause, Aspects aspects, SourceKind source, Seq<Difference> alike)
        {
            var reason = profile.ReasonFor(cause, left, right);
            return new DifferenceGroup(cause, reason is not null, reason ?? Seen(aspects), aspects, source, alike);
        }
    }

    private static string Seen(Aspects aspects)
    {
        if (aspects.HasFlag(Aspects.Verdict))
            return "One side serves what the other does not, or refuses it in another way.";
        if (aspects.HasFlag(Aspects.Affinity)) return "Clients keep their endpoints differently.";
        if (aspects.HasFlag(Aspects.Endpoints)) return "The sides send clients to different endpoints.";
        return aspects.HasFlag(Aspects.Shares)
            ? "The same endpoints have different shares."
            : "One side masquerades clients where the other does not.";
    }
}
