using Xunit;

namespace RuleCompiler.Tests.Cli;

public sealed class ShowVerbTests : IDisposable
{
    private readonly SmallCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    /// <summary>
    /// golden/*/ipvsadm-Ln.txt: what ipvsadm 1.31 listed on Linux 6.1 (user-mode-linux) after ipvsadm -R had taken what
    /// rulec compile printed for both families.
    /// </summary>
    [Theory]
    [InlineData("dual-stack")]
    [InlineData("protocols")]
    [InlineData("session-affinity")]
    public void The_table_is_what_the_real_tool_lists(string scenario)
    {
        var folder = Checkout.PathOf("golden", scenario);
        var run = RulecRun.Of(
            "show", "-f", Path.Combine(folder, "cluster.yaml"), "-f", Path.Combine(folder, "nodes.yaml"),
            "--config", Path.Combine(folder, "kube-proxy-config.yaml"), "--node", "node-0", "--mode", "ipvs");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(File.ReadAllText(Path.Combine(folder, "ipvsadm-Ln.txt")), run.Output);
    }

    [Fact]
    public void One_family_is_shown_alone()
    {
        var run = Show("--mode", "ipvs", "--family", "ipv6");

        Assert.Equal(
            string.Join('\n',
                "IP Virtual Server version 1.2.1 (size=4096)",
                "Prot LocalAddress:Port Scheduler Flags",
                "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
                "TCP  [fd00:96::10]:80 rr",
                "  -> [fd00:64:0:1::6]:8080        Masq    1      0          0         ",
                "TCP  [fd00:96::66]:80 rr",
                "TCP  [2001:db8::10]:30080 rr",
                "  -> [fd00:64:0:1::6]:8080        Masq    1      0          0         ",
                ""),
            run.Output);
    }

    [Theory]
    [InlineData("iptables")]
    [InlineData("nftables")]
    public void Other_modes_have_no_such_table(string mode)
    {
        var run = Show("--mode", mode);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("show knows the table of mode ipvs only", run.Error);
    }

    private RulecRun Show(params string[] args) =>
        RulecRun.Of(["show", "-f", _cluster.Path, "--node", SmallCluster.Node, .. args]);
}
