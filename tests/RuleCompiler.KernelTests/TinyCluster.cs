using System.Text;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>Two pods on node-0 behind Services of each kind, for tests in which both sides really talk.</summary>
internal sealed record TinyCluster(ClusterState State)
{
    public static readonly Ip FirstPod = Ip.Parse("10.64.0.5"), SecondPod = Ip.Parse("10.64.0.6");
    public static readonly Ip FirstPod6 = Ip.Parse("fd00:64::5"), SecondPod6 = Ip.Parse("fd00:64::6");

    public static readonly NodeFacts Node = new(
        "node-0", null, [Prefix.Parse("10.64.0.0/24"), Prefix.Parse("fd00:64::/64")],
        [Ip.Parse("192.168.77.2"), Ip.Parse("fd00:77::2")], Ip.Parse("192.168.77.2"), Ip.Parse("fd00:77::2"),
        new ProxyConfig { ClusterCidrs = [Prefix.Parse("10.64.0.0/16"), Prefix.Parse("fd00:64::/32")] }, new KernelFacts());

    public static TinyCluster Read()
    {
        var text = new StringBuilder();
        Service(text, "web", "10.96.0.10", "IPv4", "type: NodePort", [FirstPod, SecondPod], nodePort: 30080);
        Service(text, "sticky", "10.96.0.11", "IPv4", "sessionAffinity: ClientIP", [FirstPod, SecondPod]);
        Service(text, "own", "10.96.0.12", "IPv4", "type: ClusterIP", [FirstPod]);
        Service(text, "empty", "10.96.0.13", "IPv4", "type: ClusterIP", []);
        Service(text, "closed", "10.96.0.14", "IPv4", "type: ClusterIP", [FirstPod], targetPort: 9);
        Service(text, "web6", "fd00:96::10", "IPv6", "type: NodePort", [FirstPod6, SecondPod6], nodePort: 30086);
        Service(text, "sticky6", "fd00:96::11", "IPv6", "sessionAffinity: ClientIP", [FirstPod6, SecondPod6]);
        Service(text, "own6", "fd00:96::12", "IPv6", "type: ClusterIP", [FirstPod6]);
        var read = ClusterReader.Read([new InputFile("tiny.yaml", Encoding.UTF8.GetBytes(text.ToString()))]);
        Assert.True(read.Diagnostics.IsEmpty, read.Diagnostics.ToString());
        return new TinyCluster(read.Cluster);
    }

    public TinyCluster Without(Ip endpoint) => new(State with
    {
        EndpointSlices = State.EndpointSlices
            .Select(slice => slice with { Endpoints = slice.Endpoints.Where(one => one.Address != endpoint).ToSeq() })
            .ToSortedSeq(),
    });

    private static void Service(
        StringBuilder text, string name, string ip, string family, string more, Ip[] pods,
        int? nodePort = null, int targetPort = 8080)
    {
        text.Append($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: {{name}}, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
            spec:
              clusterIP: "{{ip}}"
              clusterIPs: ["{{ip}}"]
              ipFamilies: [{{family}}]
              {{more}}
              ports:

            """);
        string[] protocols = ["TCP", "UDP"];
        foreach (var protocol in protocols)
        {
            text.Append($"  - {{name: {protocol.ToLowerInvariant()}, protocol: {protocol}, port: 80, targetPort: {targetPort}");
            text.Append(nodePort is { } port ? $", nodePort: {port}}}\n" : "}\n");
        }

        var endpoints = string.Join(
            ", ", pods.Select(pod => $"{{addresses: [\"{pod}\"], nodeName: node-0, conditions: {{ready: true}}}}"));
        text.Append($$"""
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: {{name}}-1, namespace: shop, labels: { kubernetes.io/service-name: {{name}} } }
            addressType: {{family}}
            ports:
            - {name: tcp, protocol: TCP, port: {{targetPort}}}
            - {name: udp, protocol: UDP, port: {{targetPort}}}
            endpoints: [{{endpoints}}]
            ---

            """);
    }
}
