using System.Text.Json;
using Xunit;

namespace RuleCompiler.Tests.Cli;

public sealed class CompareVerbTests : IDisposable
{
    private const string Real = "golden/kubernetes-1.36";

    private readonly SmallCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_mode_does_what_it_does()
    {
        var run = Compare("--left", "iptables", "--right", "iptables");
        Assert.Equal(0, run.ExitCode);
        Assert.Matches("IPv4: iptables against iptables: [0-9]+ flows, no difference\nIPv6: .*, no difference\n", run.Output);
    }

    [Fact]
    public void A_drifted_node_is_a_finding_with_its_flow_and_both_outcomes()
    {
        var run = Compare("--left", "iptables", "--right", _cluster.Write("drift.txt", Rules.Replace(
            "--to-destination 10.64.1.6:8080", "--to-destination 10.64.1.8:8080", StringComparison.Ordinal)));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("UNINTENDED (unintended): endpoints, from pod", run.Output);
        Assert.Contains("to tcp 10.96.0.10:80 (shop/web:http)", run.Output);
        Assert.Contains("10.64.1.6:8080", run.Output);
        Assert.Contains("10.64.1.8:8080", run.Output);
    }

    [Fact]
    public void A_share_that_is_off_is_a_finding()
    {
        var run = Compare("--left", "iptables", "--right", _cluster.Write("drift.txt", Rules.Replace(
            "--probability 0.50000000000000", "--probability 0.25000000000000", StringComparison.Ordinal)));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("shares, from pod", run.Output);
        Assert.Contains("25.0000", run.Output);
    }

    /// <summary>kube-proxy 1.36 programmed these for the same cluster; what differs is a fix that the profile argues.</summary>
    [Theory]
    [InlineData("iptables", "iptables-save.txt")]
    [InlineData("iptables", "ip6tables-save.txt")]
    [InlineData("nftables", "nft-ip.txt")]
    [InlineData("nftables", "nft-ip6.txt")]
    public void Kube_proxy_does_the_same_but_for_what_is_argued(string mode, string dump)
    {
        var run = RulecRun.Of(
            "compare", "-f", Checkout.PathOf(Real, "cluster.yaml"), "-f", Checkout.PathOf(Real, "nodes.yaml"),
            "--config", Checkout.PathOf(Real, "kube-proxy-config.yaml"), "--node", "node-0",
            "--left", mode, "--right", Checkout.PathOf(Real, dump));
        Assert.True(run.ExitCode == 0, run.Output + run.Error);
    }

    [Fact]
    public void Json_says_of_every_difference_whether_it_is_intended()
    {
        var run = RulecRun.Of(
            "compare", "-f", Checkout.PathOf(Real, "cluster.yaml"), "-f", Checkout.PathOf(Real, "nodes.yaml"),
            "--config", Checkout.PathOf(Real, "kube-proxy-config.yaml"), "--node", "node-0",
            "--left", "iptables", "--right", Checkout.PathOf(Real, "iptables-save.txt"), "--json");
        Assert.Equal(0, run.ExitCode);
        using var json = JsonDocument.Parse(run.Output);
        var family = Assert.Single(json.RootElement.GetProperty("families").EnumerateArray());
        Assert.InRange(family.GetProperty("flows").GetInt32(), 500, int.MaxValue);
        var differences = family.GetProperty("differences").EnumerateArray().ToArray();
        Assert.Equal(3, differences.Length);
        Assert.All(differences, one => Assert.True(one.GetProperty("intended").GetBoolean()));
        Assert.All(differences, one => Assert.Equal("node-to-unserved", one.GetProperty("cause").GetString()));
    }

    [Fact]
    public void What_no_profile_lists_is_not_intended()
    {
        var run = RulecRun.Of(
            "compare", "-f", Checkout.PathOf(Real, "cluster.yaml"), "-f", Checkout.PathOf(Real, "nodes.yaml"),
            "--config", Checkout.PathOf(Real, "kube-proxy-config.yaml"), "--node", "node-0", "--profile",
            _cluster.Write("none.md", "# Nothing is intended\n"),
            "--left", "iptables", "--right", Checkout.PathOf(Real, "iptables-save.txt"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("UNINTENDED (node-to-unserved): verdict, from node: 3 flows", run.Output);
    }

    [Theory]
    [InlineData("## iptables, ebpf\n", "none.md(1,1)", "found 'iptables, ebpf'")]
    [InlineData("## iptables, ipvs\n- `localhost-node-ports` as it is\n", "none.md(2,1)", "localhost-node-port,")]
    [InlineData("## iptables, ipvs\n- as it is\n", "none.md(2,1)", "expected - `cause` reason")]
    public void A_broken_profile_is_named_with_its_line(string text, string place, string message)
    {
        var run = Compare(
            "--left", "iptables", "--right", "iptables", "--profile", _cluster.Write("none.md", text));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(place, run.Error);
        Assert.Contains("RC2020", run.Error);
        Assert.Contains(message, run.Error);
    }

    [Fact]
    public void Two_families_cannot_be_compared()
    {
        var other = RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "--family", "ipv6").Output;
        var run = Compare("--left", _cluster.Write("4.txt", Rules), "--right", _cluster.Write("6.txt", other));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("no address family in common", run.Error);
    }

    private string Rules =>
        RulecRun.Of("compile", "-f", _cluster.Path, "--node", SmallCluster.Node, "--family", "ipv4").Output;

    private RulecRun Compare(params string[] sides) =>
        RulecRun.Of(["compare", "-f", _cluster.Path, "--node", SmallCluster.Node, .. sides]);
}
