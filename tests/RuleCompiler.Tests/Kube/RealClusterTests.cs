using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Kube;
using Xunit;

namespace RuleCompiler.Tests.Kube;

/// <summary>A dump of a real API server 1.36.</summary>
public sealed class RealClusterTests
{
    private static readonly ReadResult Result = ClusterReader.Read(
        [Input.File("golden/kubernetes-1.36/cluster.yaml"), Input.File("golden/kubernetes-1.36/nodes.yaml")]);

    [Fact]
    public void Its_only_finding_is_true()
    {
        var finding = Assert.Single(Result.Diagnostics);
        Assert.Equal(
            "golden/kubernetes-1.36/cluster.yaml(3,3): warning RC1041: found no EndpointSlice of Service default/kubernetes, " +
            "expected at least one; add one with label kubernetes.io/service-name: kubernetes",
            finding.ToString());
        Assert.False(Result.Unreadable);
    }

    [Fact]
    public void Every_object_is_accounted_for()
    {
        Assert.Equal(
            "Service 39, EndpointSlice 62, Node 3, ServiceCIDR 0",
            string.Join(", ", Result.Summary.Read.Select(row => $"{row.Kind} {row.Count}")));
        Assert.Equal("headless Service 2", string.Join(", ", Result.Summary.Filtered.Select(row => $"{row.Kind} {row.Count}")));
        Assert.Equal("", string.Join(", ", Result.Summary.PassedOver.Select(row => $"{row.Kind} {row.Count}")));
    }

    [Fact]
    public void A_load_balancer_has_all_its_fields()
    {
        var service = Result.Cluster.Services.Single(service => service.Name.Name == "catalog-2");
        Assert.Equal(ServiceType.LoadBalancer, service.Type);
        Assert.Equal([Ip.Parse("10.98.143.164"), Ip.Parse("fd00:10:96::f11e")], service.ClusterIps);
        Assert.Equal([Ip.Parse("198.18.0.1")], service.LoadBalancerIps);
        Assert.Equal([Prefix.Parse("198.51.100.0/24")], service.LoadBalancerSourceRanges);
        Assert.Equal(TrafficPolicy.Local, service.ExternalTrafficPolicy);
        Assert.Equal(new Port(31312), service.HealthCheckNodePort);
        var port = Assert.Single(service.Ports);
        Assert.Equal(("http", Protocol.Udp, new Port(80), (Port?)new Port(30182)), (port.Name, port.Protocol, port.Port, port.NodePort));
    }

    [Fact]
    public void A_node_has_its_zone_pod_ranges_and_addresses()
    {
        var node = Result.Cluster.Nodes[0];
        Assert.Equal(("node-0", "zone-a"), (node.Name, node.Zone));
        Assert.Equal([Prefix.Parse("10.64.0.0/24"), Prefix.Parse("fd00:10:64:1::/64")], node.PodCidrs);
        Assert.Equal([Ip.Parse("192.168.77.2"), Ip.Parse("fd00:77::2")], node.Addresses);
        Assert.Equal(("golden/kubernetes-1.36/nodes.yaml", 3, 3), (node.Location.Path, node.Location.Line, node.Location.Column));
    }
}
