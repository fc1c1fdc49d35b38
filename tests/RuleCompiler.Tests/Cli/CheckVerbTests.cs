using System.Text.Json;
using System.Xml.Linq;
using RuleCompiler.Ir;
using Xunit;

namespace RuleCompiler.Tests.Cli;

public sealed class CheckVerbTests : IDisposable
{
    private const string Good = """
        scenario small
        node node-0

        from pod 10.64.0.9 to tcp 10.96.0.10:80 expect { 10.64.0.5:8080, 10.64.1.6:8080 } evenly, source kept
        from pod 10.64.0.9 to tcp 10.96.0.66:80 expect reject

        """;

    private readonly SmallCluster _cluster = new();
    private readonly string _flow;

    public CheckVerbTests()
    {
        _cluster.Write("small/cluster.yaml", SmallCluster.Yaml);
        _cluster.Write("small/nodes.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: other}\n");
        _cluster.Write("small/kube-proxy-config.yaml", """
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            kind: KubeProxyConfiguration
            clusterCIDR: 10.64.0.0/16
            """);
        _flow = _cluster.Write("flows/deep/good.flow", Good);
    }

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void Flows_that_hold_are_counted()
    {
        var file = RulecRun.Of("check", _flow);
        var directory = RulecRun.Of("check", Path.Combine(_cluster.Directory, "flows"), "-v");

        Assert.Equal((0, "2 passed, 0 failed in 1 file\n"), (file.ExitCode, file.Output));
        Assert.Equal(0, directory.ExitCode);
        Assert.Contains("  passed  from pod 10.64.0.9 to tcp 10.96.0.66:80 expect reject\n", directory.Output);
    }

    [Fact]
    public void A_flow_that_fails_shows_what_was_expected_what_happened_and_the_rules()
    {
        var bad = _cluster.Write(
            "flows/bad.flow", Good.Replace("expect reject", "expect drop", StringComparison.Ordinal));
        var junit = Path.Combine(_cluster.Directory, "report.xml");
        var run = RulecRun.Of("check", bad, "--junit", junit);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"{bad}(5,", run.Output);
        Assert.Contains("  expected  drop", run.Output);
        Assert.Contains("  found     reject", run.Output);
        Assert.Contains("-j REJECT", run.Output);
        Assert.EndsWith("1 passed, 1 failed in 1 file\n", run.Output);
        var suite = Assert.Single(XDocument.Load(junit).Root!.Elements("testsuite").ToList());
        Assert.Equal("1", suite.Attribute("failures")?.Value);
    }

    [Fact]
    public void Results_and_diagnostics_come_as_json()
    {
        var bad = _cluster.Write(
            "flows/bad.flow", Good.Replace("expect reject", "expect drop", StringComparison.Ordinal));
        var run = RulecRun.Of("check", bad, "--json", "--diagnostics", "json");

        Assert.Equal(1, run.ExitCode);
        using var results = JsonDocument.Parse(run.Output);
        Assert.Equal(1, results.RootElement[0].GetProperty("failed").GetInt32());
        using var diagnostics = JsonDocument.Parse(run.Error);
        Assert.Contains(
            diagnostics.RootElement.EnumerateArray(),
            each => each.GetProperty("id").GetString() == DiagnosticCatalog.FlowExpectationFailed.Id);
    }

    [Theory]
    [InlineData("nonsense here\n", "error RC2")]
    [InlineData(
        "scenario nowhere\nnode node-0\nfrom node to tcp 10.96.0.10:80 expect reject\n",
        "error RC6002: cannot be read: no such file")]
    [InlineData(
        "scenario small\nnode node-7\nfrom node to tcp 10.96.0.10:80 expect reject\n",
        "expected a Node of the scenario")]
    public void Flows_that_cannot_run_exit_2(string text, string expected)
    {
        var run = RulecRun.Of("check", _cluster.Write("flows/wrong.flow", text));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error);
    }

    [Fact]
    public void Unknown_modes_and_empty_directories_exit_2()
    {
        var mode = RulecRun.Of("check", _flow, "--mode", "ebpf");
        var empty = RulecRun.Of("check", Path.Combine(_cluster.Directory, "small"));

        Assert.Equal(2, mode.ExitCode);
        Assert.Contains("RC6004", mode.Error);
        Assert.Equal(2, empty.ExitCode);
        Assert.Contains("found no *.flow in this directory", empty.Error);
    }
}
