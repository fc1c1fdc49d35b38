using System.Text;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Kube;
using Xunit;

namespace RuleCompiler.Tests.Backends;

/// <summary>The library's way in: cluster, node and backend bound once.</summary>
public sealed class CompilationTests
{
    private const string Yaml = """
        kind: Service
        apiVersion: v1
        metadata: {name: web, namespace: shop}
        spec:
          type: NodePort
          clusterIP: 10.96.0.10
          clusterIPs: [10.96.0.10]
          ports: [{name: http, port: 80, nodePort: 30080}]
        ---
        kind: EndpointSlice
        apiVersion: discovery.k8s.io/v1
        metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints: [{addresses: [10.64.0.5], conditions: {ready: true}}]
        ---
        kind: Node
        apiVersion: v1
        metadata: {name: node-0}
        status: {addresses: [{type: InternalIP, address: 192.0.2.1}, {type: ExternalIP, address: 198.51.100.1}]}
        """;

    private static ClusterState Cluster { get; } =
        ClusterReader.Read([new InputFile("cluster.yaml", Encoding.UTF8.GetBytes(Yaml))]).Cluster;

    /// <summary>As configured for iptables, which answers on every local address.</summary>
    private static NodeFacts Node { get; } = NodeFacts.Create(Cluster.Nodes[0], new ProxyConfig(), new KernelFacts());

    public static TheoryData<Backend> Backends => [.. BackendRegistry.All];

    /// <summary>The program of README.md, "As a library".</summary>
    [Fact]
    public void Ten_lines_compile_a_cluster_and_plan_a_change()
    {
        var read = ClusterReader.Read([new InputFile("cluster.yaml", Encoding.UTF8.GetBytes(Yaml))]);
        var node = NodeFacts.Create(read.Cluster.Nodes[0], new ProxyConfig(), new KernelFacts());
        var compilation = Compilation.Create(read.Cluster, node, NftablesBackend.Instance);
        var output = new StringBuilder();
        foreach (var diagnostic in compilation.Diagnostics(Family.Ipv4)) output.Append(diagnostic).Append('\n');
        foreach (var file in compilation.Files(Family.Ipv4)) output.Append($"# {file.Tool}\n{file.Text}");
        var next = compilation.With(read.Cluster with { EndpointSlices = [] });
        foreach (var step in next.PlanFrom(compilation.Files(Family.Ipv4), Family.Ipv4).Steps!.Value)
            output.Append($"# {step.Tool}\n{step.Text}");

        var text = output.ToString();
        Assert.StartsWith("# nft -f -\n", text, StringComparison.Ordinal);
        Assert.Contains("10.64.0.5 . 8080", text, StringComparison.Ordinal);
        Assert.Contains("delete element ip rulecompiler ", text, StringComparison.Ordinal);
    }

    /// <summary>
    /// nftables answers NodePorts on primary addresses only, whatever mode the configuration was written for.
    /// </summary>
    [Fact]
    public void The_backend_decides_what_the_configuration_means()
    {
        Assert.Equal(ProxyMode.Iptables, Node.Config.Mode);
        var scope = Compilation.Create(Cluster, Node, NftablesBackend.Instance).Graph(Family.Ipv4).NodePorts;
        Assert.Equal(new NodePortScope.Listed([Ip.Parse("192.0.2.1")]), scope);
        scope = Compilation.Create(Cluster, Node, IptablesBackend.Instance).Graph(Family.Ipv4).NodePorts;
        Assert.IsType<NodePortScope.AllLocal>(scope);
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public void A_graph_of_another_mode_is_refused(Backend backend)
    {
        foreach (var other in BackendRegistry.All.Where(other => other != backend))
        {
            var graph = Compilation.Create(Cluster, Node, other).Graph(Family.Ipv4);
            Assert.Throws<ArgumentException>(() => backend.Lower(graph));
            Assert.Throws<ArgumentException>(() => backend.Print(other.Lower(graph)));
        }
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public void What_a_backend_prints_it_recognizes_and_can_follow(Backend backend)
    {
        var compilation = Compilation.Create(Cluster, Node, backend);
        foreach (var family in Compilation.Families)
        {
            var files = compilation.Files(family);
            Assert.Same(backend, BackendRegistry.Recognize(files));
            Assert.All(files, file => Assert.NotNull(file.Tool));
            var plan = compilation.PlanFrom(files, family);
            Assert.True(plan.Steps is { IsEmpty: true }, $"{plan.Steps} {plan.Diagnostics}");
            Assert.Equal(files, compilation.Follow(files, family));
        }
    }

    [Fact]
    public void A_backend_from_outside_is_compiled_planned_and_followed_like_ours()
    {
        var compilation = Compilation.Create(Cluster, Node, new ListingBackend());
        var files = compilation.Files(Family.Ipv4);
        Assert.Equal("10.96.0.10:80/tcp 10.64.0.5:8080\n", Assert.Single(files).Text);

        var without = compilation.With(Cluster with { EndpointSlices = [] });
        var step = Assert.Single(without.PlanFrom(files, Family.Ipv4).Steps!.Value);
        Assert.Equal(new PlannedStep("list", Waits: false, "delete 10.96.0.10:80/tcp 10.64.0.5:8080\n"), step);
        Assert.Equal("", Assert.Single(without.Follow(files, Family.Ipv4)).Text);
    }
}
