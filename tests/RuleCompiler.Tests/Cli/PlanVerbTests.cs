using Xunit;

namespace RuleCompiler.Tests.Cli;

public sealed class PlanVerbTests : IDisposable
{
    private readonly SmallCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Theory]
    [InlineData("iptables", "ipv4")]
    [InlineData("nftables", "ipv4")]
    [InlineData("nftables", "ipv6")]
    [InlineData("ipvs", "ipv4")]
    [InlineData("ipvs", "ipv6")]
    public void Nothing_is_planned_where_nothing_changed(string mode, string family)
    {
        var run = Plan(mode, family, SmallCluster.Yaml, "-v");

        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.Contains("nothing to change", run.Error);
    }

    [Theory]
    [InlineData("iptables", "COMMIT")]
    [InlineData("nftables", ": 10.64.1.7 . 8080")]
    [InlineData("ipvs", "-a -t 10.96.0.10:80 -r 10.64.1.7:8080 -m -w 1\n")]
    public void One_more_endpoint_is_planned_where_it_belongs(string mode, string expected)
    {
        var run = Plan(mode, "ipv4", SmallCluster.Yaml.Replace(
            "conditions: {ready: false}", "conditions: {ready: true}", StringComparison.Ordinal));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(expected, run.Output);
        Assert.Contains("10.64.1.7", run.Output);
        Assert.DoesNotContain("10.64.1.9", run.Output);
        Assert.DoesNotContain("10.96.0.53", run.Output);
    }

    /// <summary>Steps of IPVS are for several tools, so each says for which.</summary>
    [Fact]
    public void A_frontend_that_goes_takes_its_address_servers_and_sets_along()
    {
        var at = SmallCluster.Yaml.IndexOf("apiVersion: v1\nkind: Service\nmetadata: {name: empty", StringComparison.Ordinal);
        var end = SmallCluster.Yaml.IndexOf("---\n", at, StringComparison.Ordinal);
        var run = Plan("ipvs", "ipv4", SmallCluster.Yaml.Remove(at, end + 4 - at));

        Assert.Equal(
            """
            # ==== for ip -batch - ====
            address del 10.96.0.66/32 dev kube-ipvs0
            # ==== for ipvsadm -R ====
            -D -t 10.96.0.66:80
            # ==== for ipset restore ====
            del KUBE-IPVS-IPS 10.96.0.66
            del KUBE-CLUSTER-IP 10.96.0.66,tcp:80

            """.ReplaceLineEndings("\n"),
            run.Output);
    }

    /// <summary>ipvsadm -Ln and -Sn show whose addresses they hold.</summary>
    [Theory]
    [InlineData("TCP  203.0.113.9:80 rr\n", "-D -t 203.0.113.9:80", false)]
    [InlineData("-A --sctp-service [2001:db8::9]:80 -s rr\n", "[fd00:96::10]:80", true)]
    public void The_family_of_a_dump_is_seen(string dump, string expected, bool holds)
    {
        var run = RulecRun.WithInput(
            dump, "plan", "--from", "-", "-f", _cluster.Path, "--node", SmallCluster.Node, "--mode", "ipvs");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(holds, run.Output.Contains(expected, StringComparison.Ordinal));
        Assert.Equal(holds, run.Output.Contains("fd00:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nftables", "table ip rulecompiler {\n\tchain services {\n\t\tip daddr 10.0.0.1 accep", "RC4101")]
    [InlineData("nftables", "table ip rulecompiler {\n\tchain services {\n\t\tquota 5 accept\n\t}\n}\n", "RC4102")]
    [InlineData("nftables", "{\"nftables\": [{\"table\": {\"family\": \"ip\", \"na", "RC4101")]
    [InlineData("ipvs", "-A -t 10.96.0.10:80 -s rr\n-a -t 10.96.0.10:80 -r 10.64.0.5:80", "RC4014")]
    [InlineData("ipvs", "FWM  7 rr\n", "RC4008")]
    public void Dumps_that_cannot_be_read_exit_2(string mode, string dump, string id)
    {
        var run = RulecRun.WithInput(
            dump, "plan", "--from", "-", "-f", _cluster.Path, "--node", SmallCluster.Node, "--mode", mode);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(id, run.Error);
        Assert.Contains("<stdin>(", run.Error);
    }

    /// <summary>From what compile prints for the small cluster to what another one wants.</summary>
    private RulecRun Plan(string mode, string family, string desired, params string[] args)
    {
        string[] common = ["--node", SmallCluster.Node, "--mode", mode, "--family", family];
        var rules = RulecRun.Of(["compile", "-f", _cluster.Path, .. common]).Output;
        return RulecRun.WithInput(
            rules, ["plan", "--from", "-", "-f", _cluster.Write("desired.yaml", desired), .. common, .. args]);
    }
}
