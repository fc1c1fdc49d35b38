using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Kube;

public sealed class ClusterYamlTests
{
    [Fact]
    public void What_is_written_reads_back_to_the_same_state() => Fuzz.Scenarios(300, scenario =>
    {
        var result = Input.Read(ClusterYaml.Write(scenario.Cluster));
        if (scenario.Cluster == ClusterState.Empty) return null;
        if (result.Diagnostics.Any(diagnostic => diagnostic.Rule.Severity == Severity.Error)) return $"expected no error, found {result.Diagnostics}";
        return Placeless(result.Cluster) == scenario.Cluster ? null : $"expected the same, found {result.Cluster}";
    });

    [Fact]
    public void The_real_cluster_survives_writing()
    {
        var read = ClusterReader.Read(
            [Input.File("golden/kubernetes-1.36/cluster.yaml"), Input.File("golden/kubernetes-1.36/nodes.yaml")]).Cluster;
        var text = ClusterYaml.Write(read);
        var again = Input.Read(text).Cluster;
        Assert.Equal(Placeless(read), Placeless(again));
        Assert.Equal(text, ClusterYaml.Write(again));
    }

    [Fact]
    public void Text_that_looks_like_something_else_is_quoted()
    {
        string[] words = ["yes", "Null", "1", "0x10", "1.5", "12:30", "y", "~", "2026-01-01", "1e3", "a b", "é", "x:", "-", "#x", "\"", "\n"];
        var endpoint = new SliceEndpoint(Ip.Parse("10.0.0.1"), true, true, false, null, words.ToSeq(), [], default);
        var slice = new EndpointSlice(new("shop", "1"), "true", Family.Ipv4, [new("80", Protocol.Sctp, new(80))], [endpoint], default);
        var cluster = ClusterState.Empty with { EndpointSlices = [slice], Nodes = [new Node("1.5", "on", [], [], default)] };
        Assert.Equal(cluster, Placeless(Input.Read(ClusterYaml.Write(cluster)).Cluster));
    }

    [Fact]
    public void A_service_is_written_as_kubectl_would()
    {
        var state = Input.Read(Input.Service("ports:\n- {port: 80, nodePort: 30080}\ntype: NodePort")).Cluster;
        Assert.Equal(
            """
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: web
              namespace: shop
            spec:
              clusterIP: 10.96.0.1
              clusterIPs:
              - 10.96.0.1
              externalTrafficPolicy: Cluster
              internalTrafficPolicy: Cluster
              ipFamilies:
              - IPv4
              ipFamilyPolicy: SingleStack
              ports:
              - nodePort: 30080
                port: 80
                protocol: TCP
              sessionAffinity: None
              type: NodePort

            """,
            ClusterYaml.Write(state),
            ignoreLineEndingDifferences: true);
    }

    private static ClusterState Placeless(ClusterState cluster) => new(
        cluster.Services.Select(service => service with
        {
            Location = default,
            Ports = service.Ports.Select(port => port with { Location = default }).ToSeq(),
        }).ToSortedSeq(),
        cluster.EndpointSlices.Select(slice => slice with
        {
            Location = default,
            Endpoints = slice.Endpoints.Select(endpoint => endpoint with { Location = default }).ToSeq(),
        }).ToSortedSeq(),
        cluster.Nodes.Select(node => node with { Location = default }).ToSortedSeq(),
        cluster.ServiceCidrs.Select(cidr => cidr with { Location = default }).ToSortedSeq());
}
