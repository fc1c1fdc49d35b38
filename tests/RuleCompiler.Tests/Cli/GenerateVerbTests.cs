using Xunit;

namespace RuleCompiler.Tests.Cli;

public sealed class GenerateVerbTests
{
    [Theory]
    [InlineData("all")]
    [InlineData("plain")]
    [InlineData("nodeports,dualstack,udp")]
    public void A_generated_cluster_is_the_same_each_time_and_compiles_without_a_word(string features)
    {
        string[] args = ["generate", "--services", "60", "--endpoints", "3", "--seed", "7", "--features", features];
        var once = RulecRun.Of(args);
        var again = RulecRun.Of(args);
        var compiled = RulecRun.WithInput(once.Output, "compile", "-f", "-", "--node", "node-1");

        Assert.Equal((0, ""), (once.ExitCode, once.Error));
        Assert.Equal(once.Output, again.Output);
        Assert.Equal(0, compiled.ExitCode);
        Assert.DoesNotContain("error", compiled.Error);
    }

    [Fact]
    public void Another_seed_gives_another_cluster() => Assert.NotEqual(
        RulecRun.Of("generate", "--seed", "1").Output, RulecRun.Of("generate", "--seed", "2").Output);

    [Theory]
    [InlineData("--services is '-1'; expected 0 to 100000", "--services", "-1")]
    [InlineData("--endpoints is 'many'; expected 0 to 5000", "--endpoints", "many")]
    [InlineData("--features is 'magic'; expected a comma-separated list of plain, all", "--features", "magic")]
    [InlineData("--services times --endpoints is 500000000", "--services", "100000", "--endpoints", "5000")]
    public void Sizes_out_of_range_exit_2(string expected, params string[] args)
    {
        var run = RulecRun.Of(["generate", .. args]);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error);
    }
}
