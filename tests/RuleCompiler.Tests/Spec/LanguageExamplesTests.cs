using RuleCompiler.Backends;
using RuleCompiler.Ir;
using RuleCompiler.Spec;
using Xunit;

namespace RuleCompiler.Tests.Spec;

/// <summary>The examples of spec/LANGUAGE.md hold, and its errors are what a user sees.</summary>
public sealed class LanguageExamplesTests
{
    private static readonly ScenarioFolders s_scenarios = new();

    public static TheoryData<int> Good => new(Blocks("flow").Select(block => block.Line));

    public static TheoryData<int> Bad => new(Blocks("flow-error").Select(block => block.Line));

    [Theory]
    [MemberData(nameof(Good))]
    public void An_example_holds(int line)
    {
        var report = Run(Blocks("flow").Single(block => block.Line == line).Text);

        Assert.Empty(report);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void An_example_of_errors_gives_the_text_behind_it(int line)
    {
        var block = Blocks("flow-error").Single(block => block.Line == line);
        var expected = Blocks("text").First(text => text.Line > line).Text;

        Assert.Equal(expected, string.Concat(Run(block.Text).Select(message => message + "\n")));
    }

    [Fact]
    public void There_are_examples() => Assert.True(Good.Count >= 4 && Bad.Count >= 2);

    private static List<string> Run(string text)
    {
        var (file, diagnostics) = FlowReader.Read("a.flow", text);
        var all = diagnostics.IsEmpty
            ? FlowChecker.Check(file, s_scenarios, new EmulatorTarget(BackendRegistry.Of(ProxyMode.Iptables))).Diagnostics
            : diagnostics;
        return all.Select(diagnostic => diagnostic.ToString()).ToList();
    }

    /// <summary>Fenced blocks of a kind, with the line of their fence.</summary>
    private static IEnumerable<(int Line, string Text)> Blocks(string kind)
    {
        var lines = File.ReadAllLines(Checkout.PathOf("spec", "LANGUAGE.md"));
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i] != "```" + kind) continue;
            var end = Array.IndexOf(lines, "```", i);
            yield return (i + 1, string.Concat(lines[(i + 1)..end].Select(line => line + "\n")));
        }
    }
}
