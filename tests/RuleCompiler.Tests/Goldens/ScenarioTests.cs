using RuleCompiler.Kube;
using RuleCompiler.Tests.Cli;
using Xunit;

namespace RuleCompiler.Tests.Goldens;

/// <summary>
/// Every folder of golden/ that has nodes is a scenario: a cluster, its nodes, perhaps a KubeProxyConfiguration. What <c>rulec</c> makes of
/// it for node-0 stands beside them: each artifact, the explanation of each Service, and what was said about the input.
/// </summary>
public sealed class ScenarioTests
{
    private const string NodeName = "node-0";

    private static readonly (string Mode, string Ipv4, string Ipv6)[] _files =
    [
        ("iptables", "iptables.txt", "ip6tables.txt"),
        ("nftables", "nftables.txt", "nftables6.txt"),
        ("ipvs", "ipvs.txt", "ipvs6.txt"),
    ];

    /// <summary>Issue 2 asks for this many, one feature each.</summary>
    private const int ScenariosMin = 25;

    public static TheoryData<string> Scenarios =>
        [.. Checkout.Scenarios.Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void There_are_enough_scenarios() => Assert.True(Scenarios.Count >= ScenariosMin, $"{Scenarios.Count} scenarios");

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Everything_that_is_made_of_a_scenario_is_as_agreed(string scenario)
    {
        var folder = Checkout.PathOf("golden", scenario);
        string[] input = ["-f", Path.Combine(folder, "cluster.yaml"), "-f", Path.Combine(folder, "nodes.yaml"), "--node", NodeName];
        var config = Path.Combine(folder, "kube-proxy-config.yaml");
        if (File.Exists(config)) input = [.. input, "--config", config];

        var said = "";
        var texts = new Dictionary<string, string>
        {
            ["explain.txt"] = Explain(folder, input).Replace(Checkout.Root, "", StringComparison.Ordinal),
        };
        foreach (var (mode, ipv4, ipv6) in _files)
        {
            texts[ipv4] = Compile(mode, "ipv4");
            texts[ipv6] = Compile(mode, "ipv6");
        }

        if (said.Length > 0) texts["diagnostics.txt"] = said;
        Golden.In(folder).Verify(texts);

        // What every mode says stands there once.
        string Compile(string mode, string family)
        {
            var run = RulecRun.Of(["compile", "--mode", mode, "--family", family, .. input]);
            foreach (var line in run.Error.Replace(Checkout.Root, "", StringComparison.Ordinal).Split('\n'))
            {
                if (line.Length > 0 && !said.Contains(line, StringComparison.Ordinal)) said += line + "\n";
            }

            return run.Output;
        }
    }

    private static string Explain(string folder, string[] input)
    {
        var cluster = ClusterReader.Read(
            [new InputFile("cluster.yaml", File.ReadAllBytes(Path.Combine(folder, "cluster.yaml")))]).Cluster;
        var explanations = cluster.Services
            .Select(service => service.Name).Order()
            .Select(name => RulecRun.Of(["explain", name.ToString(), "-v", .. input]).Output);
        return string.Join('\n', explanations);
    }
}
