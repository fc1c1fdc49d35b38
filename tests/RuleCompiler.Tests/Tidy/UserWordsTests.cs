using System.Text.RegularExpressions;
using Xunit;

namespace RuleCompiler.Tests.Tidy;

/// <summary>Users read the API's words, never the names of our enums.</summary>
public sealed partial class UserWordsTests
{
    [Fact]
    public void No_golden_has_the_name_of_an_enum() => Findings.None(
        from file in Checkout.Files("golden", "*.verified.*")
        from word in EnumName().Matches(File.ReadAllText(file)).Select(match => match.Value).Distinct()
        select $"{Checkout.Relative(file)}: {word}");

    /// <summary>An interpolated family in a message would print the enum's name.</summary>
    [Fact]
    public void No_message_interpolates_a_family() => Findings.None(
        from file in Checkout.Files("src", "*.cs")
        from line in File.ReadLines(file).Select((text, index) => (text, index))
        where InterpolatedFamily().IsMatch(line.text) && !line.text.Contains("Unprintable(", StringComparison.Ordinal)
        select $"{Checkout.Relative(file)}:{line.index + 1}: {line.text.Trim()}");

    [Theory]
    [InlineData("has {family} IPs", true)]
    [InlineData("has {_graph.Family} IPs", true)]
    [InlineData("has {family.ApiName()} IPs", false)]
    public void An_interpolated_family_is_seen(string text, bool isSeen) => Assert.Equal(isSeen, InterpolatedFamily().IsMatch(text));

    [GeneratedRegex(@"\bIpv[46]\b|\bClusterIp\b|\bLoadBalancerIp\b")]
    private static partial Regex EnumName();

    [GeneratedRegex(@"\{(\w+\.)*_?[fF]amily\}")]
    private static partial Regex InterpolatedFamily();
}
