namespace RuleCompiler.Tests.Cli;

/// <summary>Inputs that verbs are run on, in a directory of their own that is gone afterwards.</summary>
internal sealed class SmallCluster : IDisposable
{
    public const string Node = "node-0";

    public SmallCluster()
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("rulec-test-").FullName;
        Path = Write("cluster.yaml", Yaml);
    }

    public string Directory { get; }

    /// <summary>The cluster's file.</summary>
    public string Path { get; }

    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    /// <summary>
    /// A TCP Service with three endpoints, one of them not ready, a UDP one, an SCTP one, and one without endpoints.
    /// </summary>
    public const string Yaml = """
        apiVersion: v1
        kind: Node
        metadata: {name: node-0}
        spec: {podCIDR: 10.64.0.0/24, podCIDRs: [10.64.0.0/24, "fd00:64::/64"]}
        status:
          addresses:
          - {type: InternalIP, address: 192.0.2.10}
          - {type: InternalIP, address: "2001:db8::10"}
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: node-1}
        status: {addresses: [{type: InternalIP, address: 192.0.2.11}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
        spec:
          type: NodePort
          clusterIP: 10.96.0.10
          clusterIPs: [10.96.0.10, "fd00:96::10"]
          ipFamilies: [IPv4, IPv6]
          ports: [{name: http, port: 80, nodePort: 30080}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: dns, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
        spec: {clusterIP: 10.96.0.53, ports: [{port: 53, protocol: UDP}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: signal, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
        spec: {clusterIP: 10.96.0.99, ports: [{port: 3868, protocol: SCTP}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: empty, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
        spec:
          clusterIP: 10.96.0.66
          clusterIPs: [10.96.0.66, "fd00:96::66"]
          ipFamilies: [IPv4, IPv6]
          ports: [{port: 80}]
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-a, namespace: shop, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints:
        - {addresses: [10.64.0.5], nodeName: node-0, targetRef: {kind: Pod, name: web-0}}
        - {addresses: [10.64.1.6], nodeName: node-1, targetRef: {kind: Pod, name: web-1, namespace: shop}}
        - {addresses: [10.64.1.7], nodeName: node-1, conditions: {ready: false}}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-b, namespace: shop, labels: {kubernetes.io/service-name: web}}
        addressType: IPv6
        ports: [{name: http, port: 8080}]
        endpoints: [{addresses: ["fd00:64:0:1::6"], nodeName: node-1}]
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: dns-a, namespace: shop, labels: {kubernetes.io/service-name: dns}}
        addressType: IPv4
        ports: [{port: 5353, protocol: UDP}]
        endpoints: [{addresses: [10.64.1.9], nodeName: node-1}]
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: signal-a, namespace: shop, labels: {kubernetes.io/service-name: signal}}
        addressType: IPv4
        ports: [{port: 13868, protocol: SCTP}]
        endpoints: [{addresses: [10.64.1.8], nodeName: node-1}]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: other, namespace: shop}
        """;
}
