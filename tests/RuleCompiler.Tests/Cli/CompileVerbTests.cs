using System.Text.Json;
using RuleCompiler.Ir;
using Xunit;

namespace RuleCompiler.Tests.Cli;

public sealed class CompileVerbTests : IDisposable
{
    private readonly SmallCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void Both_families_go_to_standard_output_behind_comments()
    {
        var run = RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "--mode", "iptables");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("# ==== IPv4: for iptables-restore --noflush ====\n", run.Output);
        Assert.Contains("# ==== IPv6: for ip6tables-restore --noflush ====\n", run.Output);
        Assert.Contains("10.64.0.5:8080", run.Output);
        Assert.Contains("[fd00:64:0:1::6]:8080", run.Output);
    }

    [Fact]
    public void One_family_alone_is_only_what_its_tool_reads()
    {
        var run = RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "--family", "ipv4");

        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain("====", run.Output);
        Assert.DoesNotContain("fd00:", run.Output);
    }

    [Fact]
    public void Standard_input_files_and_directories_give_the_same_text()
    {
        var fromFile = RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node);
        var fromInput = RulecRun.WithInput(SmallCluster.Yaml, "compile", "-f", "-", "--node", SmallCluster.Node);
        var fromDirectory = RulecRun.Of(
            "compile", "-f", _cluster.Directory, "-f", _cluster.Path, "--node", SmallCluster.Node);

        Assert.Equal(fromFile.Output, fromInput.Output);
        Assert.Equal(fromFile.Output, fromDirectory.Output);
    }

    [Fact]
    public void Output_directories_are_made_and_hold_one_file_per_family()
    {
        var directory = Path.Combine(_cluster.Directory, "deep", "rules");
        var run = RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "-o", directory);

        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.Equal(
            ["ip6tables.rules", "iptables.rules"],
            Directory.GetFiles(directory).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Taking_over_deletes_kube_proxys_table_before_ours_comes()
    {
        string[] compile = ["compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "--mode", "nftables", "--family", "ipv6"];
        var run = RulecRun.Of([.. compile, "--take-over"]);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("table ip6 kube-proxy\ndelete table ip6 kube-proxy\n" + RulecRun.Of(compile).Output, run.Output);
    }

    [Theory]
    [InlineData("iptables")]
    [InlineData("ipvs")]
    public void Taking_over_goes_with_nftables_alone(string mode)
    {
        var run = RulecRun.Of(
            "compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "--mode", mode, "--take-over");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains($"RC6001: --take-over does not go with mode {mode}; expected nftables", run.Error);
    }

    [Fact]
    public void Verbose_counts_what_was_read_and_passed_over()
    {
        var run = RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "-v");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("4 Service", run.Error);
        Assert.Contains("passed over: 1 v1 ConfigMap", run.Error);
    }

    [Theory]
    [InlineData("RC6004: --mode is 'iptable'; expected one of iptables", "--mode", "iptable", "--node", "node-0")]
    [InlineData(
        "RC6005: --node is 'node-9', but there is no such Node among the input; did you mean 'node-0'?", "--node",
        "node-9")]
    [InlineData("RC6005: there are 2 Nodes, and none is named; give --node NAME; the input has node-0, node-1")]
    [InlineData("--family is 'ipv5'; expected ipv4 or ipv6", "--family", "ipv5")]
    [InlineData("--node-address is '300.1.1.1'; expected an IP address", "--node-address", "300.1.1.1")]
    [InlineData("--recent-list-entries is '0'; expected 1 to", "--recent-list-entries", "0")]
    [InlineData("'xt_nothing'", "--without", "xt_nothing")]
    public void Wrong_options_exit_2_and_name_what_there_is(string expected, params string[] args)
    {
        var run = RulecRun.Of(["compile", "-f", _cluster.Path, .. args]);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error);
    }

    [Fact]
    public void The_configuration_can_name_the_node_and_the_mode()
    {
        var config = _cluster.Write("config/proxy.yaml", """
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            kind: KubeProxyConfiguration
            hostnameOverride: NODE-1
            """);
        var named = RulecRun.Of("compile", "-f", _cluster.Path, "--node", "node-1");
        var configured = RulecRun.Of("compile", "-f", _cluster.Path, "--config", config);
        File.AppendAllText(config, "\nmode: nftables\n");
        var other = RulecRun.Of("compile", "-f", _cluster.Path, "--config", config);

        Assert.Equal((0, named.Output), (configured.ExitCode, configured.Output));
        Assert.Equal(0, other.ExitCode);
        Assert.Contains("for nft -f - ====", other.Output);
        Assert.Contains("table ip rulecompiler {", other.Output);
    }

    [Fact]
    public void A_node_without_an_object_needs_addresses()
    {
        var run = RulecRun.Of("compile", "-f", _cluster.Path, "--node", "node-9", "--node-address", "192.0.2.99");

        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public void An_unsound_Service_is_left_out_and_exits_1()
    {
        var bad = SmallCluster.Yaml.Replace(
            "clusterIP: 10.96.0.53", "clusterIP: 10.96.0.530", StringComparison.Ordinal);
        var run = RulecRun.WithInput(bad, "compile", "-f", "-", "--node", SmallCluster.Node);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("<stdin>(", run.Error);
        Assert.Contains("10.64.0.5:8080", run.Output);
        Assert.DoesNotContain("10.64.1.9", run.Output);
    }

    [Theory]
    [InlineData("")]
    [InlineData("just words")]
    [InlineData("a: [1, 2")]
    [InlineData("{\"kind\": \"Service\"")]
    public void Text_that_is_no_cluster_exits_2(string text)
    {
        var run = RulecRun.WithInput(text, "compile", "-f", "-", "--node", SmallCluster.Node);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("error RC1", run.Error);
        Assert.DoesNotContain("   at ", run.Error);
        Assert.DoesNotContain("internal error", run.Error);
    }

    [Fact]
    public void Files_that_cannot_be_read_exit_2()
    {
        var missing = RulecRun.Of(
            "compile", "-f", "/nowhere/at/all.yaml", "-f", _cluster.Path, "--node", SmallCluster.Node);
        var empty = Directory.CreateDirectory(Path.Combine(_cluster.Directory, "empty")).FullName;
        var nothing = RulecRun.Of("compile", "-f", empty, "--node", SmallCluster.Node);
        var unwritable = RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "-o", _cluster.Path);

        Assert.Equal(2, missing.ExitCode);
        Assert.Contains("/nowhere/at/all.yaml: error RC6002: cannot be read: no such file or directory", missing.Error);
        Assert.Equal(2, nothing.ExitCode);
        Assert.Contains(
            $"{empty}: error {DiagnosticCatalog.NoInput.Id}: found no *.yaml or *.yml or *.json", nothing.Error);
        Assert.Equal(2, unwritable.ExitCode);
        Assert.Contains("error RC6006: cannot be written", unwritable.Error);
    }

    [Fact]
    public void Sarif_lists_findings_with_their_places()
    {
        var bad = SmallCluster.Yaml.Replace(
            "clusterIP: 10.96.0.53", "clusterIP: 10.96.0.530", StringComparison.Ordinal);
        var path = _cluster.Write("bad.yaml", bad);
        var run = RulecRun.Of("compile", "-f", path, "--node", SmallCluster.Node, "--diagnostics", "sarif");

        using var json = JsonDocument.Parse(run.Error);
        var results = json.RootElement.GetProperty("runs")[0].GetProperty("results").EnumerateArray().ToList();
        var error = results.First(result => result.GetProperty("level").GetString() == "error");
        var place = error.GetProperty("locations")[0].GetProperty("physicalLocation");
        Assert.True(place.GetProperty("region").GetProperty("startLine").GetInt32() > 1);
    }
}
