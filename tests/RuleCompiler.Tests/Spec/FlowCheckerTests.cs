using RuleCompiler.Backends;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Spec;
using Xunit;

namespace RuleCompiler.Tests.Spec;

/// <summary>What a run tells when a flow does not hold, or cannot run (RC2100 to RC2105).</summary>
public sealed class FlowCheckerTests
{
    private static readonly ScenarioFolders s_scenarios = new();

    [Theory]
    [InlineData(
        "from pod 10.64.0.100 to tcp 10.96.0.10:80 expect { 10.64.0.5:8080, 10.64.1.7:8080 } evenly",
        "expected { 10.64.0.5:8080, 10.64.1.7:8080 } evenly, found 10.64.0.5:8080 0.333333333489, 10.64.1.7:8080 0.333333333256, "
            + "10.64.2.9:8080 0.333333333256: 10.64.2.9:8080 is not expected; 10.64.0.5:8080 has the share 0.333333333489 instead of 1/2; "
            + "10.64.1.7:8080 has the share 0.333333333256 instead of 1/2")]
    [InlineData(
        "from pod 10.64.0.100 to tcp 10.96.0.11:5432 expect { 10.64.0.6:5432, 10.64.0.7:5432 }",
        "expected { 10.64.0.6:5432, 10.64.0.7:5432 }, found 10.64.0.6:5432: 10.64.0.7:5432 never gets a packet")]
    [InlineData(
        "from node to tcp 10.96.0.11:5432 expect 10.64.0.6:5432, source kept",
        "expected 10.64.0.6:5432, source kept, found 10.64.0.6:5432 masqueraded: "
            + "10.64.0.6:5432 sees an address of the node, not the client's")]
    [InlineData(
        "from pod 10.64.0.100 to tcp 10.96.0.11:5432 expect 10.64.0.6:5432, masqueraded",
        "expected 10.64.0.6:5432, masqueraded, found 10.64.0.6:5432: 10.64.0.6:5432 sees the client's address, not one of the node")]
    [InlineData(
        "from pod 10.64.0.100 to tcp 10.96.0.12:80 expect drop",
        "expected drop, found reject: found a reject with PortUnreachable instead of a silent drop")]
    [InlineData(
        "from pod 10.64.0.100 to tcp 10.96.0.12:80 expect untouched",
        "expected untouched, found reject: found a reject with PortUnreachable instead of no change")]
    [InlineData(
        "from pod 10.64.0.100 to tcp 10.96.0.99:80 expect reject",
        "expected reject, found untouched: found untouched instead of an answer of port-unreachable")]
    [InlineData(
        "from pod 10.64.0.100 to tcp 10.96.0.12:80 expect 10.64.0.6:8080",
        "expected 10.64.0.6:8080, found reject: some packets end in reject; 10.64.0.6:8080 never gets a packet")]
    public void A_difference_is_told_in_words(string line, string message)
    {
        var report = Check(line);

        Assert.Equal(
            $"a.flow(3,1): error RC2100: {message}; rulec trace shows the packet's way rule by rule",
            Assert.Single(report.Diagnostics).ToString());
        Assert.NotEmpty(report.Cases[0].Results[0].Reasons);
        Assert.False(report.IsGood);
    }

    [Fact]
    public void A_failed_expectation_shows_the_rules_of_what_should_not_be()
    {
        var result = Check("from pod 10.64.0.100 to tcp 10.96.0.12:80 expect drop").Cases[0].Results[0];

        Assert.Equal(FlowStatus.Failed, result.Status);
        Assert.Contains(result.Rules, rule => rule.Table == "filter" && rule.RuleText.Contains("10.96.0.12", StringComparison.Ordinal));
        Assert.Single(result.Distribution!.Outcomes);
    }

    [Theory]
    [InlineData("scenario golden/none\nnode node-0\nfrom node to tcp node:1 expect drop",
        "a.flow(1,1): error RC2101: scenario golden/none cannot be read; see the errors about its files")]
    [InlineData("scenario golden/cluster-ip\nnode node-9\nfrom node to tcp node:1 expect drop",
        "a.flow(2,1): error RC2102: found node node-9, expected a Node of the scenario: node-0, node-1, node-2; "
            + "correct the name, or add the Node to the scenario's nodes.yaml")]
    [InlineData(Head + "from pod 192.168.77.2 to tcp node:1 expect drop",
        "a.flow(3,1): error RC2103: found pod 192.168.77.2, which is an address of node-0, expected a pod's address; correct the word or the address")]
    [InlineData(Head + "from pod 8.8.8.8 to tcp node:1 expect drop",
        "a.flow(3,1): error RC2103: found pod 8.8.8.8, expected an address in a node's podCIDRs or in clusterCIDR; correct the word or the address")]
    [InlineData(Head + "from external 10.64.1.1 to tcp node:1 expect drop",
        "a.flow(3,1): error RC2103: found external 10.64.1.1, which is a pod's address, expected one outside of the pod ranges; correct the word or the address")]
    [InlineData(Head + "from external 192.168.77.2 to tcp node:1 expect drop",
        "a.flow(3,1): error RC2103: found external 192.168.77.2, which is an address of node-0, expected one outside of the node; correct the word or the address")]
    [InlineData(Head + "from node 192.168.77.3 to tcp node:1 expect drop",
        "a.flow(3,1): error RC2103: found node 192.168.77.3, expected an address of node-0: 192.168.77.2, fd00:77::2; correct the word or the address")]
    [InlineData(Head + "from node via eth0 to tcp node:1 expect drop",
        "a.flow(3,1): error RC2103: found via eth0, expected none: a process's packets arrive on no interface; correct the word or the address")]
    [InlineData(Head + "when remove endpoint 10.64.0.99\nfrom node to tcp node:1 expect drop",
        "a.flow(3,1): error RC2104: found 'when remove endpoint 10.64.0.99', which changes nothing, expected an endpoint 10.64.0.99 in a slice; "
            + "look at the scenario's cluster.yaml and at the when lines before")]
    [InlineData(Head + "when remove service shop/none\nfrom node to tcp node:1 expect drop",
        "a.flow(3,1): error RC2104: found 'when remove service shop/none', which changes nothing, expected a Service shop/none; "
            + "look at the scenario's cluster.yaml and at the when lines before")]
    [InlineData(Head + "when cluster golden/none.yaml\nfrom node to tcp node:1 expect drop",
        "a.flow(3,1): error RC2101: cluster golden/none.yaml cannot be read; see the errors about the file")]
    public void What_cannot_run_is_told_with_its_place(string text, string message) =>
        Assert.Contains(message, Run(text).Diagnostics.Select(diagnostic => diagnostic.ToString()));

    [Fact]
    public void A_node_without_an_address_of_the_family_is_told()
    {
        var source = new OneFamily();

        var report = FlowChecker.Check(
            FlowReader.Read("a.flow", Head + "family ipv6\nfrom node to tcp node:1 expect drop").File, source, new EmulatorTarget(BackendRegistry.Of(ProxyMode.Iptables)));

        Assert.Equal(
            "a.flow(4,1): error RC2105: found 'node', expected node node-0 to have an IPv6 address; write the address, or choose the other family",
            report.Diagnostics[0].ToString());
    }

    [Fact]
    public void Lines_for_other_modes_are_skipped()
    {
        var report = Check("mode nftables\nfrom node to tcp 10.96.0.99:80 expect drop\nmode any\nfrom node to tcp 10.96.0.99:80 expect untouched");

        Assert.Equal((1, 0, 1), (report.Passed, report.Failed, report.Skipped));
        Assert.True(report.IsGood);
    }

    /// <summary>With one run only, a lie about one of three endpoints would pass two times out of three.</summary>
    [Fact]
    public void A_case_with_memory_runs_for_every_choice() => Assert.Equal(1, Check("""
        from pod 10.64.0.100 to tcp 10.96.0.10:80 expect { 10.64.0.5:8080, 10.64.1.7:8080, 10.64.2.9:8080 }
        then more expect { 10.64.0.5:8080 }
        """).Failed);

    /// <summary>A kernel shows where a packet went, not where it might have gone.</summary>
    [Fact]
    public void A_target_that_only_sends_is_judged_by_what_it_shows()
    {
        var line = "from pod 10.64.0.100 to tcp 10.96.0.10:80 expect { 10.64.0.5:8080, 10.64.1.7:8080, 10.64.2.9:8080 } evenly";
        var file = FlowReader.Read("a.flow", Head + line).File;

        Assert.True(FlowChecker.Check(file, s_scenarios, new Blind(new EmulatorTarget(BackendRegistry.Of(ProxyMode.Iptables)))).IsGood);
    }

    [Fact]
    public void Junit_shows_every_expectation_and_why_it_failed()
    {
        var report = Run(Head + """
            case "a < b"
            from pod 10.64.0.100 to tcp 10.96.0.12:80 expect reject
            from pod 10.64.0.100 to tcp 10.96.0.99:80 expect reject
            mode nftables
            from pod 10.64.0.100 to tcp 10.96.0.99:80 expect drop
            """);

        var xml = JUnit.Write([report, Run("scenario golden/none\nnode node-0\nfrom node to tcp node:1 expect drop")]);

        var document = System.Xml.Linq.XDocument.Parse(xml);
        var suites = document.Root!.Elements("testsuite").ToList();
        Assert.Equal(
            ["a.flow on iptables in the emulator", "3", "1", "0", "1"],
            suites[0].Attributes().Select(attribute => attribute.Value));
        var failed = suites[0].Elements("testcase").Single(test => test.Element("failure") is not null);
        Assert.Equal("a < b: from pod 10.64.0.100 to tcp 10.96.0.99:80 expect reject", failed.Attribute("name")!.Value);
        Assert.StartsWith("a.flow(5,1)\nexpected reject\nfound    untouched", failed.Element("failure")!.Value);
        Assert.Equal("2", suites[1].Attribute("errors")!.Value);
        Assert.Equal(xml, JUnit.Write([report, Run("scenario golden/none\nnode node-0\nfrom node to tcp node:1 expect drop")]));
    }

    private const string Head = "scenario golden/cluster-ip\nnode node-0\n";

    private static FlowReport Check(string lines) => Run(Head + lines);

    private static FlowReport Run(string text)
    {
        var (file, diagnostics) = FlowReader.Read("a.flow", text);
        Assert.Empty(diagnostics);
        return FlowChecker.Check(file, s_scenarios, new EmulatorTarget(BackendRegistry.Of(ProxyMode.Iptables)));
    }

    private sealed class OneFamily : IScenarioSource
    {
        public ScenarioReading ReadScenario(string folder)
        {
            var node = new Node("node-0", null, [], [RuleCompiler.Ir.Net.Ip.Parse("192.168.77.2")], default);
            return new ScenarioReading(new RuleCompiler.Spec.Scenario(ClusterState.Empty with { Nodes = [node] }, new ProxyConfig()), []);
        }

        public ScenarioReading ReadCluster(string file) => ReadScenario(file);
    }

    private sealed class Blind(IFlowTarget target) : IFlowTarget
    {
        public string Name => "blind";

        public ProxyMode Mode => target.Mode;

        public int RunsMax => 1;

        public (IFlowNode? Node, Seq<Diagnostic> Diagnostics) Start(ClusterState cluster, NodeFacts node, ulong seed) =>
            (new BlindNode(target.Start(cluster, node, seed).Node!), []);

        private sealed class BlindNode(IFlowNode node) : IFlowNode
        {
            public Distribution? Explore(Packet packet) => null;

            public Passage Send(Packet packet) => node.Send(packet);

            public Seq<Diagnostic> Load(ClusterState cluster) => node.Load(cluster);

            public void Advance(int seconds) => node.Advance(seconds);

            public void Dispose() => node.Dispose();
        }
    }
}
