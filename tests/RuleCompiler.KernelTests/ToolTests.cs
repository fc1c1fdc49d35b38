using System.Diagnostics;
using RuleCompiler.Ir.Net;
using RuleCompiler.Linux;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>The Linux kit: what real tools say and how real processes end.</summary>
public sealed class ToolTests
{
    private const string NoSuchTool = "rulec-no-such-tool";

    private static readonly TimeSpan _short = TimeSpan.FromMilliseconds(200);

    /// <summary>Far below the 60 s that the process would sleep.</summary>
    private static readonly TimeSpan _prompt = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public void Iptables_names_the_line_that_it_refuses(string kind)
    {
        KernelMachine.Require();
        var failure = Refused(
            RuleTool.Iptables(kind, Family.Ipv4), "*filter\n-A INPUT -j ACCEPT\n-A INPUT --nonsense\nCOMMIT\n");
        Assert.Equal(3, failure.Line);
        Assert.NotEqual(0, failure.ExitCode);
        Assert.Equal($"iptables-{kind}-restore", failure.Program);
    }

    [Fact]
    public void Nft_names_the_line_that_it_refuses()
    {
        KernelMachine.Require();
        var failure = Refused(
            RuleTool.Nftables(Family.Ipv4), "add table ip a\nadd chain ip a b\nadd rule ip a b nonsense\n");
        Assert.Equal((3, 1, "nft"), (failure.Line, failure.ExitCode, failure.Program));
    }

    [Fact]
    public void A_dump_after_a_restore_has_the_rules()
    {
        KernelMachine.Require();
        using var place = NetworkNamespace.Create(KernelMachine.Owner, "tool");
        var tool = RuleTool.Nftables(Family.Ipv6);
        place.Run(() => tool.Restore("add table ip6 only-here\n"));
        Assert.Contains("table ip6 only-here", place.Run(() => tool.Observe()).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("only-here", tool.Observe().Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_without_a_line_has_the_exit_code_and_standard_error()
    {
        var failure = Assert.Throws<ToolFailedException>(() => Tool.Run("ls", ["/nonexistent"]));
        Assert.Equal((2, null), (failure.ExitCode, failure.Line));
        Assert.Contains("/nonexistent", failure.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tool_that_is_missing_is_named()
    {
        var missing = Assert.Throws<ToolMissingException>(() => Tool.Run(NoSuchTool, []));
        Assert.Equal(NoSuchTool, missing.Program);
    }

    /// <summary>It does not read its input either, which is larger than a pipe holds.</summary>
    [Fact]
    public void A_tool_that_hangs_is_killed_at_its_limit()
    {
        var started = Stopwatch.GetTimestamp();
        Assert.Throws<ToolTimedOutException>(() => Tool.Run("sleep", ["60"], new string('x', 1 << 20), _short));
        Assert.True(Stopwatch.GetElapsedTime(started) < _prompt);
    }

    [Fact]
    public void Cancelling_kills_the_tool()
    {
        using var cancellation = new CancellationTokenSource(_short);
        var started = Stopwatch.GetTimestamp();
        Assert.Throws<OperationCanceledException>(
            () => Tool.Run("sleep", ["60"], cancellation: cancellation.Token));
        Assert.True(Stopwatch.GetElapsedTime(started) < _prompt);
    }

    /// <summary>More than a pipe holds, in both directions, and characters outside ASCII.</summary>
    [Fact]
    public void Input_and_output_arrive_whole()
    {
        var text = string.Concat(Enumerable.Repeat("Zürich – 東京\n", 100_000));
        Assert.Equal(text, Tool.Run("cat", [], text));
    }

    private static ToolFailedException Refused(RuleTool tool, string text)
    {
        using var place = NetworkNamespace.Create(KernelMachine.Owner, "tool");
        return Assert.Throws<ToolFailedException>(() => place.Run(() => tool.Restore(text)));
    }
}
