using System.Text.Json;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using Xunit;
using Trace = RuleCompiler.Cli.Verbs.Trace;

namespace RuleCompiler.Tests.Cli;

public sealed class TraceAndExplainTests : IDisposable
{
    private readonly SmallCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_trace_shows_rules_outcomes_and_exact_chances()
    {
        var run = Trace("--from", "10.64.0.9", "--to", "tcp/10.96.0.10:80");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("tcp 10.64.0.9:40000 -> 10.96.0.10:80, arrives on cni0", run.Output);
        Assert.Contains("PREROUTING", run.Output);
        Assert.Contains("shop/web:http", run.Output);
        Assert.Contains("10.64.0.5:8080", run.Output);
        Assert.Contains("50.00 %", run.Output);
        Assert.Contains("1/2", run.Output);
        Assert.Contains("matches the cluster's intent", run.Output);
        Assert.DoesNotContain("\e", run.Output);
    }

    /// <summary>The fractions of kube-proxy's chain of 50 probabilities are beyond a double; their shares are not.</summary>
    [Fact]
    public void A_long_chain_of_probabilities_has_its_shares_in_json()
    {
        var run = RulecRun.Of(
            "trace", "--rules", Checkout.PathOf("golden", "screens", "kube-proxy.iptables-save.txt"),
            "-f", Checkout.PathOf("golden", "screens", "fifty-endpoints.yaml"), "--node", "node-0",
            "--from", "203.0.113.9", "--to", "tcp/10.96.0.10:80", "--json");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        using var json = JsonDocument.Parse(run.Output);
        var outcomes = json.RootElement.GetProperty("outcomes").EnumerateArray().ToList();
        Assert.Equal(50, outcomes.Count);
        Assert.Equal(50, outcomes.Select(one => one.GetProperty("endpoint").GetString()).Distinct().Count());
        Assert.All(outcomes, one => Assert.Equal(0.02, one.GetProperty("chance").GetDouble(), 8));
        Assert.Contains(outcomes, one => one.GetProperty("exactly").GetString()!.Length > 400);
    }

    [Theory]
    [InlineData("tcp/10.96.0.10:80", "rulecompiler services: ip daddr . meta l4proto . th dport vmap @services")]
    [InlineData("tcp/[fd00:96::10]:80", "rulecompiler services: ip6 daddr . meta l4proto . th dport vmap @services")]
    public void A_trace_of_nftables_shows_the_rules_in_its_syntax(string to, string rule)
    {
        var run = Trace("--mode", "nftables", "--from", "node", "--to", to);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(rule, run.Output);
        Assert.DoesNotContain(" { ", run.Output);
        Assert.DoesNotContain(" = ", run.Output);
    }

    [Theory]
    [InlineData("pod/shop/web-0", "tcp/10.96.0.53:80", "10.64.0.5:40000", "cni0")]
    [InlineData("pod/shop/web-1", "udp/10.96.0.53:53", "10.64.1.6:40000", "eth0")]
    [InlineData("node", "udp/10.96.0.53:53", "192.0.2.10:40000", null)]
    [InlineData("node", "tcp/[fd00:96::10]:80", "[2001:db8::10]:40000", null)]
    [InlineData("203.0.113.9", "tcp/192.0.2.10:30080", "203.0.113.9:40000", "eth0")]
    public void Sources_are_found_and_arrive_where_answers_leave(
        string from, string to, string source, string? arrivesOn)
    {
        var run = Trace("--from", from, "--to", to, "--json");

        Assert.Equal(0, run.ExitCode);
        using var json = JsonDocument.Parse(run.Output);
        var packet = json.RootElement.GetProperty("packet");
        Assert.Equal(source, packet.GetProperty("source").GetString());
        Assert.Equal(arrivesOn, packet.TryGetProperty("arrivesOn", out var name) ? name.GetString() : null);
        Assert.True(json.RootElement.GetProperty("agreesWithCluster").GetBoolean());
    }

    [Theory]
    [InlineData(
        "RC6007: --from: no EndpointSlice has an IPv4 endpoint whose targetRef is Pod shop/gone", "pod/shop/gone",
        "tcp/10.96.0.10:80")]
    [InlineData(
        "RC6007: --from: 10.64.0.9 is no address of the destination's family", "10.64.0.9", "tcp/[fd00:96::10]:80")]
    [InlineData(
        "--from is 'pod/web'; expected an IP address, pod/NAMESPACE/NAME or node", "pod/web", "tcp/10.96.0.10:80")]
    [InlineData("--to is '10.96.0.10:80'; expected PROTOCOL/ADDRESS:PORT", "node", "10.96.0.10:80")]
    [InlineData("--to is 'icmp/10.96.0.10:80'; expected", "node", "icmp/10.96.0.10:80")]
    public void Sources_and_targets_that_make_no_packet_exit_2(string expected, string from, string to)
    {
        var run = Trace("--from", from, "--to", to);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error);
    }

    [Fact]
    public void Rules_can_be_traced_without_a_cluster()
    {
        var rules = RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "--family", "ipv4").Output;
        var onCluster = Trace("--from", "10.64.0.9", "--to", "tcp/10.96.0.66:80", "--json");
        var onRules = RulecRun.WithInput(
            rules, "trace", "--rules", "-", "--node-address", "192.0.2.10", "--pod-cidr", "10.64.0.0/24",
            "--from", "10.64.0.9", "--to", "tcp/10.96.0.66:80", "--json");

        Assert.Equal(0, onRules.ExitCode);
        using var json = JsonDocument.Parse(onRules.Output);
        Assert.Equal("reject", json.RootElement.GetProperty("outcomes")[0].GetProperty("outcome").GetString());
        Assert.False(json.RootElement.TryGetProperty("agreesWithCluster", out _));
        Assert.Contains(onRules.Output[..(onRules.Output.LastIndexOf(']') + 1)], onCluster.Output);
    }

    [Fact]
    public void Rules_that_cannot_be_read_exit_2()
    {
        var run = RulecRun.WithInput(
            "*nat\n-A PREROUTING -m unheard --of 1 -j ACCEPT\nCOMMIT\n",
            "trace", "--rules", "-", "--from", "10.0.0.1", "--to", "tcp/10.96.0.1:443");
        var neither = RulecRun.Of("trace", "--from", "10.0.0.1", "--to", "tcp/10.96.0.1:443");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("<stdin>(2,", run.Error);
        Assert.Contains("unheard", run.Error);
        Assert.Equal(2, neither.ExitCode);
        Assert.Contains("RC6003: neither a cluster nor rules were given", neither.Error);
    }

    /// <summary>What a tool that failed leaves in a pipe.</summary>
    [Theory]
    [InlineData("")]
    [InlineData(" \n\n")]
    public void No_rules_at_all_exit_2(string rules)
    {
        var run = RulecRun.WithInput(rules, "trace", "--rules", "-", "--from", "10.0.0.1", "--to", "tcp/10.96.0.1:443");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("<stdin>: error RC6003: found nothing, expected a dump of rules", run.Error);
    }

    [Fact]
    public void Rules_with_too_many_random_choices_exit_2()
    {
        var rules = string.Concat(Enumerable.Range(0, 24).Select(i =>
            $"-A PREROUTING -m statistic --mode random --probability 0.5 -j MARK --set-xmark 0x{1 << i:x}\n"));
        var run = RulecRun.WithInput(
            $"*mangle\n{rules}COMMIT\n", "trace", "--rules", "-", "--from", "10.0.0.1", "--to", "tcp/10.96.0.1:443");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("RC6012", run.Error);
    }

    [Fact]
    public void Rules_that_do_something_else_than_the_cluster_means_are_a_finding()
    {
        var tuple = new FlowTuple(
            Ip.Parse("10.0.0.1"), new Port(1), Protocol.Tcp, Ip.Parse("10.0.0.2"), new Port(2));
        var passage = new Passage(new Fate.Dropped(), Packet.First(tuple, "eth0"), null, []);
        var dropped = new Distribution([new WeightedOutcome(new Outcome.Dropped(), 1, 1, passage)]);

        Assert.Null(new Trace(passage.Sent, dropped, [new Outcome.Dropped()]).Disagreement);
        Assert.Null(new Trace(passage.Sent, dropped, null).Disagreement);
        var one = new Trace(passage.Sent, dropped, [new Outcome.Dropped(), new Outcome.Rejected()]).Disagreement;
        Assert.Equal(DiagnosticCatalog.MeaningDiffers, one?.Rule);
        Assert.Contains("the rules give { drop }, the cluster's objects mean { drop, reject }", one?.Message);
    }

    [Fact]
    public void An_explanation_names_frontends_verdicts_and_what_left_endpoints_out()
    {
        var run = Explain("shop/web");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("shop/web:http tcp IPv4", run.Output);
        Assert.Contains("shop/web:http tcp IPv6", run.Output);
        Assert.Contains("any local address:30080", run.Output);
        Assert.Contains("2 endpoints, masqueraded", run.Output);
        var leftOut = Assert.Single(
            run.Output.Split('\n'), line => line.Contains("10.64.1.7:8080", StringComparison.Ordinal));
        Assert.Contains("not ready", leftOut);
        Assert.Contains("out", leftOut);
    }

    [Fact]
    public void An_explanation_as_json_has_the_same_parts()
    {
        var run = Explain("shop/web:80", "--json", "--family", "ipv4");

        Assert.Equal(0, run.ExitCode);
        using var json = JsonDocument.Parse(run.Output);
        var port = Assert.Single(json.RootElement.EnumerateArray().ToList());
        Assert.Equal(
            ["10.64.0.5:8080", "10.64.1.6:8080"],
            port.GetProperty("clusterSet").EnumerateArray().Select(each => each.GetString()!));
        Assert.Equal(3, port.GetProperty("candidates").GetArrayLength());
    }

    [Theory]
    [InlineData("shop/wep", "did you mean shop/web?")]
    [InlineData("web", "did you mean shop/web?")]
    [InlineData("nothing/like-it", "RC6008")]
    public void An_unknown_Service_exits_2(string word, string expected)
    {
        var run = Explain(word);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error);
    }

    private RulecRun Trace(params string[] args) =>
        RulecRun.Of(["trace", "-f", _cluster.Path, "--node", SmallCluster.Node, .. args]);

    private RulecRun Explain(string service, params string[] args) =>
        RulecRun.Of(["explain", service, "-f", _cluster.Path, "--node", SmallCluster.Node, .. args]);
}
