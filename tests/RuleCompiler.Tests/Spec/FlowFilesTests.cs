using System.Text;
using RuleCompiler.Emulator.Modes;
using RuleCompiler.Ir.Text;
using RuleCompiler.Ir;
using RuleCompiler.Spec;
using Xunit;

namespace RuleCompiler.Tests.Spec;

/// <summary>Every flow of spec/ holds for every room, in the emulator, on the text that ships.</summary>
public sealed class FlowFilesTests
{
    private static readonly ScenarioFolders s_scenarios = new();

    public static TheoryData<string> Files => new(Directory
        .EnumerateFiles(Path.Combine(Checkout.Root, "spec"), "*.flow", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Checkout.Root, file).Replace('\\', '/'))
        .Order(StringComparer.Ordinal));

    public static MatrixTheoryData<string, ProxyMode> FilesInEveryMode => new(
        Files.Select(row => row.Data), ProxyModes.All.Select(mode => mode.Mode));

    [Theory]
    [MemberData(nameof(FilesInEveryMode))]
    public void Holds(string path, ProxyMode mode)
    {
        var (file, diagnostics) = FlowReader.Read(path, File.ReadAllText(Path.Combine(Checkout.Root, path)));
        Assert.True(diagnostics.IsEmpty, string.Join('\n', diagnostics));

        var report = FlowChecker.Check(file, s_scenarios, new EmulatorTarget(ProxyModes.Of(mode)));

        Assert.True(report.IsGood, Describe(report));
        if (mode == ProxyMode.Iptables) Assert.True(report.Passed > 0, "nothing was tried");
        Assert.All(report.Cases, one => Assert.NotEmpty(one.Results));
    }

    /// <summary>Goldens are only worth their flows: a scenario that nothing runs on proves nothing.</summary>
    [Fact]
    public void Every_scenario_has_a_flow()
    {
        var used = Files.Select(row => FlowReader.Read("", File.ReadAllText(Path.Combine(Checkout.Root, row.Data))).File.Scenario.Value);
        var scenarios = Directory.EnumerateDirectories(Path.Combine(Checkout.Root, "golden"))
            .Where(folder => File.Exists(Path.Combine(folder, "nodes.yaml")))
            .Select(folder => "golden/" + Path.GetFileName(folder));

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
