using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Spec;
using RuleCompiler.Tests.Gen;
using RuleCompiler.Tests.Spec;
using Xunit;

namespace RuleCompiler.Tests.Mutation;

/// <summary>
/// Do the properties notice a wrong rule? Compiled rules get one random edit each, and every edit must break a property
/// or be shown to change nothing: each packet of the covering set, in every state of its flow, ends as before.
/// </summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_edit_of_a_compiled_rule_is_caught_or_changes_nothing()
    {
        var random = new SeededRandom(7);
        var perScenario = Fuzz.Cases(fast: 25);
        var equivalent = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var caught = new SortedDictionary<string, int>(StringComparer.Ordinal);
        List<string> survivors = [];
        foreach (var (scenario, family) in MutationScenarios.All)
        {
            var battery = new Battery(scenario, family);
            Assert.Null(battery.Catches(battery.Original));
            foreach (var mutant in Mutants.Of(battery.Original).OrderBy(_ => random.Next()).Take(perScenario).ToSeq())
            {
                if (battery.Catches(mutant.Ruleset) is { } property) Count(caught, property);
                else if (battery.DiffersBy(mutant.Ruleset) is { } difference) survivors.Add($"{mutant.What}\n    {difference}");
                else
                {
                    Count(equivalent, $"{mutant.Kind}: {Harmless.Why(mutant)}");
                    if (Harmless.Why(mutant) == Harmless.Unknown) output.WriteLine(mutant.What);
                }
            }
        }

        Report(caught, equivalent, survivors);
    }

    /// <summary>The same for the scenarios of spec/, where their own flows have the first word.</summary>
    [Fact]
    public void Every_edit_is_caught_by_flows_or_properties_or_changes_nothing()
    {
        var equivalent = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var caught = new SortedDictionary<string, int>(StringComparer.Ordinal);
        List<string> survivors = [];
        var scenarios = new ScenarioFolders();
        foreach (var path in FlowFilesTests.Files.Select(row => row.Data))
        {
            var file = FlowReader.Read(path, File.ReadAllText(Path.Combine(Checkout.Root, path))).File;
            for (var i = 0; i < Fuzz.Cases(fast: 1); i++)
            {
                var family = i % 4 == 3 ? Family.Ipv6 : Family.Ipv4;
                var target = new MutatedTarget(family, Fuzz.Seed + (ulong)i);
                var report = FlowChecker.Check(file, scenarios, target);
                if (target.Edit is not var (scenario, mutant)) continue;
                if (!report.IsGood) Count(caught, "flows");
                else if (new Battery(scenario, family) is var battery && battery.Catches(mutant.Ruleset) is { } property)
                    Count(caught, property);
                else if (battery.DiffersBy(mutant.Ruleset) is { } difference)
                    survivors.Add($"{path}: {mutant.What}\n    {difference}");
                else Count(equivalent, $"{mutant.Kind}: {Harmless.Why(mutant)}");
            }
        }

        Report(caught, equivalent, survivors);
    }

    private void Report(
        SortedDictionary<string, int> caught, SortedDictionary<string, int> equivalent, List<string> survivors)
    {
        var total = caught.Values.Sum() + equivalent.Values.Sum() + survivors.Count;
        output.WriteLine($"{total} edits: {survivors.Count} survive; {caught.Values.Sum()} are caught:");
        Tell(caught);
        output.WriteLine($"{equivalent.Values.Sum()} change nothing that a packet could see:");
        Tell(equivalent);
        Assert.True(survivors.Count == 0, string.Join('\n', survivors));
    }

    private static void Count(SortedDictionary<string, int> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;

    private void Tell(SortedDictionary<string, int> counts)
    {
        foreach (var (what, count) in counts) output.WriteLine($"{count,6} {what}");
    }
}
