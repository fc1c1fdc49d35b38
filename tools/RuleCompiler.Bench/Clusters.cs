using System.IO.Compression;
using System.Text;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;

namespace RuleCompiler.Bench;

/// <summary>The clusters that are measured: the recorded one, and plain ones of any size.</summary>
internal static class Clusters
{
    /// <summary>Of the recorded cluster (tools/RuleCompiler.Bench/k5000x10, from an API server 1.36).</summary>
    private const string RecordedClusterCidr = "10.64.0.0/14";

    public static string DataFolder => Path.Combine(AppContext.BaseDirectory, "k5000x10");

    public static string KubeProxySave => Path.Combine(DataFolder, "kube-proxy-iptables-save.txt.gz");

    public static string KubeProxyNft => Path.Combine(DataFolder, "kube-proxy-nft.txt.gz");

    public static byte[] RecordedYaml() => Encoding.UTF8.GetBytes(Unzip(Path.Combine(DataFolder, "cluster.yaml.gz")));

    public static string Unzip(string path)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }

    public static NodeFacts RecordedNode(ProxyMode mode)
    {
        var nodes = ClusterReader.Read([new InputFile("nodes.yaml", File.ReadAllBytes(Path.Combine(DataFolder, "nodes.yaml")))]);
        return NodeFacts.Create(
            nodes.Cluster.Nodes.Single(node => node.Name == "node-0"),
            new ProxyConfig { Mode = mode, ClusterCidrs = [Prefix.Parse(RecordedClusterCidr)] }, new KernelFacts());
    }

    public static ServiceGraph RecordedGraph(ProxyMode mode) => Graph(
        ClusterReader.Read([new InputFile("cluster.yaml", RecordedYaml())]).Cluster, RecordedNode(mode));

    public static ServiceGraph Graph(ClusterState cluster, NodeFacts node) =>
        ServiceGraphBuilder.Build(cluster, node, Family.Ipv4).Graph;

    /// <summary>Only the first Services of a graph.</summary>
    public static ServiceGraph First(ServiceGraph graph, int services) =>
        graph with { ServicePorts = graph.ServicePorts.Take(services).ToSortedSeq() };

    /// <summary>The graph with another port for the first endpoint of its first Service.</summary>
    public static ServiceGraph WithFirstPort(ServiceGraph graph, ushort port)
    {
        var first = graph.ServicePorts[0];
        var changed = first with
        {
            ClusterSet = [first.ClusterSet[0] with { Port = new Port(port) }, .. first.ClusterSet.Skip(1)],
        };
        return graph with { ServicePorts = [changed, .. graph.ServicePorts.Skip(1)] };
    }

    /// <summary>
    /// ClusterIP Services at 10.96.0.0 + 256 · i / 200 …, ten endpoints each of 10.64.1.0/24 on port 8080.
    /// </summary>
    public static ServiceGraph Plain(int services, NodeFacts node)
    {
        var ports = new ServicePort[services];
        for (var i = 0; i < services; i++)
        {
            var endpoints = Enumerable.Range(0, 10)
                .Select(n => new Endpoint(Ip.V4(0x0A400100u + 1 + (uint)(((i * 10) + n) % 250)), new Port(8080))).Order();
            var verdict = new Verdict.Balance(EndpointSet.Cluster, SourceNat: false);
            ports[i] = new ServicePort(
                new ServicePortName(new ObjectName("bench", $"plain-{i:D5}"), "http", Protocol.Tcp),
                [new Frontend(FrontendKind.ClusterIp, PlainIp(i), new Port(80), Verdicts.Same(verdict), null)],
                endpoints.ToSeq(), [], [], TopologyMode.None, null, [], default);
        }

        return new ServiceGraph(
            node,
            Family.Ipv4, new LocalTraffic.SourceIn(Prefix.Parse(RecordedClusterCidr)), new NodePortScope.AllLocal(false),
            ports.ToSortedSeq(), [], Enumerable.Range(0, services).Select(PlainIp).ToSortedSeq(), []);
    }

    public static Ip PlainIp(int service) => Ip.V4(0x0A600001u + (uint)service);
}
