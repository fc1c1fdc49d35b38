using RuleCompiler.Backends;
using System.Text;
using RuleCompiler.Ir.Text;
using RuleCompiler.Ir;
using RuleCompiler.Spec;
using Xunit;

namespace RuleCompiler.Tests.Spec;

/// <summary>Every flow of spec/ holds for every backend, in the emulator, on the text that ships.</summary>
public sealed class FlowFilesTests
{
    private static readonly ScenarioFolders s_scenarios = new();

    public static TheoryData<string> Files => new(Directory
        .EnumerateFiles(Path.Combine(Checkout.Root, "spec"), "*.flow", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Checkout.Root, file).Replace('\\', '/'))
        .Order(StringComparer.Ordinal));

    public static MatrixTheoryData<string, ProxyMode> FilesInEveryMode => new(
        Files.Select(row => row.Data), BackendRegistry.All.Select(mode => mode.Mode));

    [Theory]
    [MemberData(nameof(FilesInEveryMode))]
    public void Holds(string path, ProxyMode mode)
    {
        var (file, diagnostics) = FlowReader.Read(path, File.ReadAllText(Path.Combine(Checkout.Root, path)));
        Assert.True(diagnostics.IsEmpty, string.Join('\n', diagnostics));

        var report = FlowChecker.Check(file, s_scenarios, new EmulatorTarget(BackendRegistry.Of(mode)));

        Assert.True(report.IsGood, Describe(report));
        Assert.True(report.Passed > 0, "nothing was tried");
        Assert.All(report.Cases, one => Assert.NotEmpty(one.Results));
    }

    /// <summary>A line that is not for every mode has twins for the others, each with what these answer.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Every_mode_has_its_answer(string path)
    {
        foreach (var twins in Read(path).Cases.SelectMany(TwinsOf))
        {
            var modes = twins.SelectMany(step => step.Modes).Order().ToArray();
            Assert.True(
                modes.SequenceEqual(Enum.GetValues<ProxyMode>()),
                $"{twins[0].Location} {twins[0].Text}: only for {string.Join(", ", modes)}; say with 'in' what the others answer");
        }
    }

    /// <summary>Where a mode has an answer of its own, the one of the others would not do.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void An_answer_of_its_own_is_another_one(string path)
    {
        var file = Read(path);
        foreach (var one in file.Cases)
        {
            foreach (var twins in TwinsOf(one))
            {
                foreach (var (twin, mode) in twins.Skip(1).SelectMany(twin => twin.Modes.Select(mode => (twin, mode))))
                {
                    var common = twin with { Action = twin.Action.Expecting(twins[0].Action.Expectation!) };
                    var other = one with { Steps = one.Steps.Select(step => step == twin ? common : step).ToSeq() };
                    var report = FlowChecker.Check(
                        file with { Cases = [other] }, s_scenarios, new EmulatorTarget(BackendRegistry.Of(mode)));
                    Assert.True(
                        report.Cases[0].Results.Single(result => result.Location == twin.Location).Status == FlowStatus.Failed,
                        $"{twin.Location} {mode} answers like the others: leave the line out");
                }
            }
        }
    }

    /// <summary>The lines for some modes only: neighbours that differ in nothing but the modes and the answer.</summary>
    private static IEnumerable<List<FlowStep>> TwinsOf(FlowCase one)
    {
        var twins = new List<FlowStep>();
        foreach (var step in one.Steps.Where(step => !step.Modes.IsEmpty))
        {
            if (twins.Count > 0 && QuestionOf(twins[0]) != QuestionOf(step))
            {
                yield return twins;
                twins = [];
            }

            twins.Add(step);
        }

        if (twins.Count > 0) yield return twins;

        static FlowAction QuestionOf(FlowStep step) => step.Action.Expecting(new Expected.Drop());
    }

    private static FlowFile Read(string path) =>
        FlowReader.Read(path, File.ReadAllText(Path.Combine(Checkout.Root, path))).File;

    /// <summary>Goldens are only worth their flows: a scenario that nothing runs on proves nothing.</summary>
    [Fact]
    public void Every_scenario_has_a_flow()
    {
        var used = Files.Select(row => FlowReader.Read("", File.ReadAllText(Path.Combine(Checkout.Root, row.Data))).File.Scenario.Value);
        var scenarios = Checkout.Scenarios.Select(folder => "golden/" + Path.GetFileName(folder));

        Assert.Empty(scenarios.Except(used));
    }

    private static string Describe(FlowReport report)
    {
        var text = new StringBuilder();
        foreach (var problem in report.Diagnostics.Where(problem => problem.Rule.Severity == Severity.Error))
        {
            text.Append(problem).Append('\n');
        }

        foreach (var result in report.Cases.SelectMany(one => one.Results).Where(result => result.Status == FlowStatus.Failed).Take(3))
        {
            text.Append('\n').Append(result.Location).Append(' ').Append(result.Text).Append('\n');
            foreach (var rule in result.Rules) text.Append($"    {rule.Hook} {rule.Table} {rule.Chain} {rule.RuleText}  {rule.Effect}\n");
        }

        return text.ToString();
    }
}
