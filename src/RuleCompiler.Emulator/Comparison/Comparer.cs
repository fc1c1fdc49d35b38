using System.Globalization;
using System.Numerics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator.Comparison;

/// <summary>Asks two sides about flows (<see cref="FlowUniverse"/>) and tells what differs, and why.</summary>
public static class Comparer
{
    public static Seq<Difference> Compare(IReadOnlyList<ComparedFlow> flows, ComparedSide left, ComparedSide right)
    {
        var (leftNode, rightNode) = (left.Start(new ManualClock(), 1), right.Start(new ManualClock(), 1));
        var differences = new List<Difference>();
        foreach (var at in flows)
        {
            var packet = First(at.Flow);
            var (one, other) = (OutcomesOf(leftNode, packet), OutcomesOf(rightNode, packet));
            if (AspectsOf(one, other) is not (var aspects and not Aspects.None)) continue;
            var cause = Causes.Of(at, aspects, left, right);
            differences.Add(new Difference(at, aspects, Text(one), Text(other), cause));
        }

        foreach (var ofPort in flows.Where(at => at.Service is not null).GroupBy(at => at.Service!.Name))
        {
            if (ofPort.First().Service!.AffinityTimeoutSeconds is { } timeout)
                differences.AddRange(AffinityComparison.Of(ofPort, timeout, left, right));
        }

        return differences.ToSeq();
    }

    internal static Packet First(Flow flow) => Packet.First(
        new FlowTuple(flow.Source, flow.SourcePort, flow.Protocol, flow.Destination, flow.DestinationPort),
        flow.InputInterface);

    internal static Seq<WeightedOutcome> OutcomesOf(NetfilterMachine node, Packet packet) =>
        node.Explore(packet, trace: false).Outcomes;

    private static Aspects AspectsOf(Seq<WeightedOutcome> left, Seq<WeightedOutcome> right)
    {
        var (one, other) = (Translations(left), Translations(right));
        if (one.Count != left.Count || other.Count != right.Count)
        {
            var isSame = left.Count == 1 && right.Count == 1 && left[0].Outcome == right[0].Outcome;
            return isSame ? Aspects.None : Aspects.Verdict;
        }

        var aspects = Aspects.None;
        if (!one.Keys.ToHashSet().SetEquals(other.Keys)) aspects |= Aspects.Endpoints;
        else if (one.Any(share => !IsSame(share.Value.Share, other[share.Key].Share))) aspects |= Aspects.Shares;
        if (aspects == Aspects.Endpoints)
        {
            var isSame = one.Values.Any(value => value.SourceNat) == other.Values.Any(value => value.SourceNat);
            return isSame ? aspects : aspects | Aspects.SourceNat;
        }

        var snatDiffers = one.Any(share => share.Value.SourceNat != other[share.Key].SourceNat);
        return snatDiffers ? aspects | Aspects.SourceNat : aspects;
    }

    private static Dictionary<Endpoint, (bool SourceNat, WeightedOutcome Share)> Translations(
        Seq<WeightedOutcome> outcomes)
    {
        var found = new Dictionary<Endpoint, (bool SourceNat, WeightedOutcome Share)>();
        foreach (var one in outcomes)
        {
            if (one.Outcome is Outcome.Translated to) found.TryAdd(to.To, (to.SourceNat, one));
        }

        return found;
    }

    /// <summary>Within the resolution of a probability in xt_statistic, 2^-31, on either side.</summary>
    private static bool IsSame(WeightedOutcome left, WeightedOutcome right)
    {
        var apart = BigInteger.Abs((left.Numerator * right.Denominator) - (right.Numerator * left.Denominator));
        return apart << 30 <= left.Denominator * right.Denominator;
    }

    private static string Text(Seq<WeightedOutcome> outcomes)
    {
        if (outcomes.Count == 1) return outcomes[0].Outcome.ToString()!;
        var even = outcomes.All(one => IsSame(one, outcomes[0]));
        var listed = outcomes.Select(one => even ? $"{one.Outcome}" : $"{one.Outcome} {Percent(one)}");
        return $"{{ {string.Join(", ", listed)} }}{(even ? " evenly" : "")}";
    }

    private static string Percent(WeightedOutcome one) =>
        ((double)one.Numerator / (double)one.Denominator).ToString("P4", CultureInfo.InvariantCulture);
}
