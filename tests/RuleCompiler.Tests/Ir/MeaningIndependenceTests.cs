using System.Reflection;
using Xunit;

namespace RuleCompiler.Tests.Ir;

/// <summary>A judge that shares code with what it judges is none.</summary>
public sealed class MeaningIndependenceTests
{
    private static readonly string _ir = Path.Combine(
        typeof(MeaningIndependenceTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!,
        "src", "RuleCompiler.Ir");

    private static string[] Files => Directory.GetFiles(_ir, "Meaning*.cs");

    [Theory]
    [InlineData("ServiceGraph")]
    [InlineData("ServicePortBuilder")]
    [InlineData("ServicePortName")]
    [InlineData("EndpointSelection")]
    [InlineData("FrontendCollisions")]
    [InlineData("NodePortScope")]
    [InlineData("LocalTraffic")]
    [InlineData("Verdict")]
    public void The_judge_knows_nothing_of_the_graph(string name) =>
        Assert.All(Files, file => Assert.DoesNotContain(name, File.ReadAllText(file), StringComparison.Ordinal));

    /// <summary>House §2: short enough to be checked against the tables by eye: 250 lines, and 70 for what modes do differently.</summary>
    [Fact]
    public void The_judge_is_short() => Assert.InRange(Files.Sum(file => File.ReadAllLines(file).Length), 1, 320);
}
