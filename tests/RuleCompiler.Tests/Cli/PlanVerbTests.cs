using Xunit;

namespace RuleCompiler.Tests.Cli;

public sealed class PlanVerbTests : IDisposable
{
    private readonly SmallCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void Nothing_is_planned_where_nothing_changed()
    {
        var rules = RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "--family", "ipv4").Output;
        var run = RulecRun.WithInput(
            rules, "plan", "--from", "-", "-f", _cluster.Path, "--node", SmallCluster.Node, "-v");

        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.Contains("nothing to change", run.Error);
    }

    [Fact]
    public void One_more_endpoint_is_planned_in_its_own_chain()
    {
        var rules = RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "--family", "ipv4").Output;
        var after = SmallCluster.Yaml.Replace(
            "conditions: {ready: false}", "conditions: {ready: true}", StringComparison.Ordinal);
        var run = RulecRun.WithInput(
            rules, "plan", "--from", "-", "-f", _cluster.Write("after.yaml", after), "--node", SmallCluster.Node);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("10.64.1.7:8080", run.Output);
        Assert.DoesNotContain("10.64.1.9", run.Output);
        Assert.Contains("COMMIT", run.Output);
    }
}
