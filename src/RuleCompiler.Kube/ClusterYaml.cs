using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Kinds;

namespace RuleCompiler.Kube;

/// <summary>Writes a ClusterState as objects that kubectl and <see cref="ClusterReader"/> accept.</summary>
public static class ClusterYaml
{
    /// <summary>
    /// One document per object, in the state's order. Reading it gives an equal state but for locations, if the state
    /// is one
    /// that reading can give: each Service has a cluster IP, and annotations only if a backend reads them.
    /// </summary>
    public static string Write(ClusterState cluster)
    {
        var yaml = new YamlText();
        foreach (var service in cluster.Services) WriteService(yaml, service);
        foreach (var slice in cluster.EndpointSlices) WriteSlice(yaml, slice);
        foreach (var node in cluster.Nodes) WriteNode(yaml, node);
        foreach (var cidr in cluster.ServiceCidrs) WriteServiceCidr(yaml, cidr);
        return yaml.ToString();
    }

    private static void WriteService(YamlText yaml, Service service)
    {
        Head(yaml, "v1", "Service");
        yaml.Map("metadata", () =>
        {
            if (!service.Annotations.IsEmpty)
            {
                yaml.Map("annotations", () =>
                {
                    foreach (var annotation in service.Annotations) yaml.Field(annotation.Key, annotation.Value);
                });
            }

            if (service.CreationTimestamp is { } created) yaml.Field("creationTimestamp", TimeText(created));
            yaml.Field("name", service.Name.Name);
            yaml.Field("namespace", service.Name.Namespace);
        });
        yaml.Map("spec", () => WriteServiceSpec(yaml, service));
        if (service.LoadBalancerIps.IsEmpty) return;
        yaml.Map("status", () => yaml.Map("loadBalancer", () => yaml.List("ingress", service.LoadBalancerIps, ip =>
        {
            yaml.Field("ip", ip.ToString());
            yaml.Field("ipMode", "VIP");
        })));
    }

    private static void WriteServiceSpec(YamlText yaml, Service service)
    {
        var isLocal = service.ExternalTrafficPolicy == TrafficPolicy.Local;
        if (!service.ClusterIps.IsEmpty) yaml.Field("clusterIP", service.ClusterIps[0].ToString());
        yaml.List("clusterIPs", service.ClusterIps);
        yaml.List("externalIPs", service.ExternalIps);
        if (service.Type != ServiceType.ClusterIp || isLocal)
            yaml.Field("externalTrafficPolicy", Text(service.ExternalTrafficPolicy));
        if (service.HealthCheckNodePort is { } health) yaml.Field("healthCheckNodePort", health.Value);
        yaml.Field("internalTrafficPolicy", Text(service.InternalTrafficPolicy));
        yaml.List("ipFamilies", service.ClusterIps.Select(ip => ip.Family.ApiName()).ToSeq());
        yaml.Field("ipFamilyPolicy", service.ClusterIps.Count > 1 ? "RequireDualStack" : "SingleStack");
        yaml.List("loadBalancerSourceRanges", service.LoadBalancerSourceRanges);
        yaml.List("ports", service.Ports, port =>
        {
            if (port.Name.Length > 0) yaml.Field("name", port.Name);
            if (port.NodePort is { } nodePort) yaml.Field("nodePort", nodePort.Value);
            yaml.Field("port", port.Port.Value);
            yaml.Field("protocol", Text(port.Protocol));
        });
        yaml.Field("sessionAffinity", service.AffinityTimeoutSeconds is null ? "None" : "ClientIP");
        if (service.AffinityTimeoutSeconds is { } seconds)
            yaml.Map("sessionAffinityConfig", () => yaml.Map("clientIP", () => yaml.Field("timeoutSeconds", seconds)));
        yaml.Field("type", service.Type switch
        {
            ServiceType.ClusterIp => "ClusterIP",
            ServiceType.NodePort => "NodePort",
            ServiceType.LoadBalancer => "LoadBalancer",
        });
    }

    private static void WriteSlice(YamlText yaml, EndpointSlice slice)
    {
        Head(yaml, "discovery.k8s.io/v1", "EndpointSlice");
        yaml.Map("metadata", () =>
        {
            yaml.Map("labels", () => yaml.Field(EndpointSliceReader.ServiceNameLabel, slice.ServiceName));
            yaml.Field("name", slice.Name.Name);
            yaml.Field("namespace", slice.Name.Namespace);
        });
        yaml.Field("addressType", slice.AddressType.ApiName());
        yaml.List("endpoints", slice.Endpoints, endpoint => WriteEndpoint(yaml, endpoint));
        yaml.List("ports", slice.Ports, port =>
        {
            yaml.Field("name", port.Name);
            yaml.Field("port", port.Port.Value);
            yaml.Field("protocol", Text(port.Protocol));
        });
    }

    private static void WriteEndpoint(YamlText yaml, SliceEndpoint endpoint)
    {
        yaml.List<Ip>("addresses", [endpoint.Address]);
        yaml.Map("conditions", () =>
        {
            yaml.Field("ready", endpoint.Ready);
            yaml.Field("serving", endpoint.Serving);
            yaml.Field("terminating", endpoint.Terminating);
        });
        if (!endpoint.ZoneHints.IsEmpty || !endpoint.NodeHints.IsEmpty)
        {
            yaml.Map("hints", () =>
            {
                yaml.List("forNodes", endpoint.NodeHints, name => yaml.Field("name", name));
                yaml.List("forZones", endpoint.ZoneHints, name => yaml.Field("name", name));
            });
        }

        if (endpoint.NodeName is { } node) yaml.Field("nodeName", node);
        if (endpoint.Pod is not { } pod) return;
        yaml.Map("targetRef", () =>
        {
            yaml.Field("kind", "Pod");
            yaml.Field("name", pod.Name);
            yaml.Field("namespace", pod.Namespace);
        });
    }

    private static void WriteNode(YamlText yaml, Node node)
    {
        Head(yaml, "v1", "Node");
        yaml.Map("metadata", () =>
        {
            if (node.Zone is { } zone) yaml.Map("labels", () => yaml.Field(NodeReader.ZoneLabel, zone));
            yaml.Field("name", node.Name);
        });
        if (!node.PodCidrs.IsEmpty)
        {
            yaml.Map("spec", () =>
            {
                yaml.Field("podCIDR", node.PodCidrs[0].ToString());
                yaml.List("podCIDRs", node.PodCidrs);
            });
        }

        if (node.Addresses.IsEmpty) return;
        yaml.Map("status", () => yaml.List("addresses", node.Addresses, address =>
        {
            yaml.Field("address", address.ToString());
            yaml.Field("type", "InternalIP");
        }));
    }

    private static void WriteServiceCidr(YamlText yaml, ServiceCidr cidr)
    {
        Head(yaml, "networking.k8s.io/v1", "ServiceCIDR");
        yaml.Map("metadata", () => yaml.Field("name", cidr.Name));
        if (!cidr.Cidrs.IsEmpty) yaml.Map("spec", () => yaml.List("cidrs", cidr.Cidrs));
    }

    private static void Head(YamlText yaml, string apiVersion, string kind)
    {
        yaml.Document();
        yaml.Field("apiVersion", apiVersion);
        yaml.Field("kind", kind);
    }

    private static string TimeText(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static string Text(Protocol protocol) => protocol.KernelName().ToUpperInvariant();

    private static string Text(TrafficPolicy policy) => policy switch
    {
        TrafficPolicy.Cluster => "Cluster",
        TrafficPolicy.Local => "Local",
    };
}
