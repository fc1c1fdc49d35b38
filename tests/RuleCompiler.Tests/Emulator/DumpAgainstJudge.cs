using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Emulator;
using RuleCompiler.Tests.Properties;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

/// <summary>Somebody else's rules, asked about flows and held to the judge.</summary>
internal static class DumpAgainstJudge
{
    /// <summary>Every flow is as the judge says, but for <paramref name="knownCount"/> that are known to differ.</summary>
    /// <param name="isEven">Whether what was found is what was expected, with even shares.</param>
    /// <param name="isKnown">Whether a difference is one that is known.</param>
    /// <param name="flowsMin">So many flows at least: fewer prove nothing.</param>
    /// <param name="translatedShare">One flow in so many, at least, leads to an endpoint.</param>
    public static void Hold(
        NetfilterMachine emulator, ClusterState cluster, NodeFacts node, IEnumerable<Flow> all,
        Func<Seq<WeightedOutcome>, Seq<Outcome>, bool> isEven,
        Func<Flow, Seq<WeightedOutcome>, Seq<Outcome>, bool> isKnown,
        int knownCount, int flowsMin, int translatedShare)
    {
        var (flows, translated, known) = (0, 0, 0);
        var differences = new List<string>();
        foreach (var flow in all)
        {
            flows++;
            var found = emulator.Explore(Pipeline.First(flow), trace: false).Outcomes;
            var expected = Meaning.Of(cluster, node, flow).Outcomes;
            if (expected[0] is Outcome.Translated) translated++;
            if (isEven(found, expected)) continue;
            if (isKnown(flow, found, expected)) known++;
            else differences.Add($"{flow}: expected {expected}, found {found}");
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences.Prepend($"{differences.Count} of {flows}")));
        Assert.Equal(knownCount, known);
        Assert.True(
            flows >= flowsMin && translated > flows / translatedShare, $"{flows} flows, {translated} translated");
    }
}
