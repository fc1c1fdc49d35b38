using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>A graph and what was wrong with the cluster it was built from.</summary>
public sealed record BuiltGraph(ServiceGraph Graph, Seq<Diagnostic> Diagnostics);

/// <summary>
/// Builds the intermediate representation of one family for one node: endpoint selection (service-semantics §2), the
/// verdict of every frontend for every class of source (§2.4, §2.5, §3.7) and the winner of each collision (§3.10).
/// </summary>
public static class ServiceGraphBuilder
{
    public static BuiltGraph Build(ClusterState cluster, NodeFacts node, Family family)
    {
        var diagnostics = new List<Diagnostic>();
        var localTraffic = LocalTrafficOf(node, family);
        var masquerade = MasqueradeOfClusterIp(node.Config, localTraffic);
        var slices = SlicesByService(cluster.EndpointSlices, family);
        var servicePorts = new List<ServicePort>();
        var healthChecks = new List<HealthCheckPort>();

        var services = cluster.Services.Where(service => service.ClusterIps.Any(ip => ip.Family == family)).ToArray();
        Array.Sort(services, static (left, right) => left.Name.CompareTo(right.Name));
        foreach (var service in services)
        {
            var serviceSlices = slices.TryGetValue(service.Name, out var found) ? found : [];
            foreach (var port in PortsOf(service))
            {
                var builder = new ServicePortBuilder(service, port, node, family, localTraffic, masquerade);
                servicePorts.Add(builder.Build(serviceSlices, diagnostics));
            }

            if (!node.Config.AllowServiceExternalIps && service.ExternalIps.Any(ip => ip.Family == family))
                diagnostics.Add(ExternalIpsNotServed(service, family));
            if (service.HealthCheckNodePort is { } healthPort) healthChecks.Add(new HealthCheckPort(service.Name, healthPort));
        }

        var arbitrated = FrontendCollisions.Resolve(servicePorts, services, healthChecks, diagnostics);
        var cidrs = cluster.ServiceCidrs.SelectMany(cidr => cidr.Cidrs).Where(cidr => cidr.Family == family);
        var clusterIps = services.Where(service => !service.Ports.IsEmpty)
            .Select(service => service.ClusterIps.First(ip => ip.Family == family));
        var graph = new ServiceGraph(
            node, family, localTraffic, NodePortScopes.Of(node, family, diagnostics), arbitrated, healthChecks.ToSeq(),
            clusterIps.Distinct().Order().ToSeq(), cidrs.Distinct().Order().ToSeq());
        return new BuiltGraph(graph, diagnostics.ToSeq());
    }

    /// <summary>Service-semantics §3.8: only the first CIDR of the family counts.</summary>
    private static LocalTraffic LocalTrafficOf(NodeFacts node, Family family) => node.Config.DetectLocalMode switch
    {
        DetectLocalMode.ClusterCidr => FirstOf(node.Config.ClusterCidrs, family),
        DetectLocalMode.NodeCidr => FirstOf(node.PodCidrs, family),
        DetectLocalMode.BridgeInterface => new LocalTraffic.ArrivesOn(node.Config.BridgeInterface),
        DetectLocalMode.InterfaceNamePrefix => new LocalTraffic.ArrivesOnPrefix(node.Config.InterfaceNamePrefix),
    };

    private static LocalTraffic FirstOf(Seq<Prefix> cidrs, Family family)
    {
        foreach (var cidr in cidrs)
        {
            if (cidr.Family == family) return new LocalTraffic.SourceIn(cidr);
        }

        return new LocalTraffic.Undetected();
    }

    /// <summary>Rows 2 to 4 of the masquerade table, service-semantics §3.7.</summary>
    private static ClusterIpMasquerade MasqueradeOfClusterIp(ProxyConfig config, LocalTraffic localTraffic) =>
        config.MasqueradeAll ? ClusterIpMasquerade.All
        : localTraffic is LocalTraffic.Undetected ? ClusterIpMasquerade.None
        : ClusterIpMasquerade.AllButLocalPods;

    private static Diagnostic ExternalIpsNotServed(Service service, Family family) => new(
        DiagnosticCatalog.ExternalIpsNotServed, service.Location,
        $"Service {service.Name} has {family.ApiName()} externalIPs, and the feature gate AllowServiceExternalIPs is off: " +
        "nothing answers there",
        "turn the gate on, or remove the externalIPs");

    /// <summary>Of two ports with one name and protocol the later counts (service-semantics §1.2).</summary>
    private static SortedDictionary<ServicePortName, ServicePortSpec>.ValueCollection PortsOf(Service service)
    {
        var ports = new SortedDictionary<ServicePortName, ServicePortSpec>();
        foreach (var port in service.Ports) ports[new ServicePortName(service.Name, port.Name, port.Protocol)] = port;
        return ports.Values;
    }

    private static Dictionary<ObjectName, List<EndpointSlice>> SlicesByService(Seq<EndpointSlice> slices, Family family)
    {
        var byService = new Dictionary<ObjectName, List<EndpointSlice>>();
        foreach (var slice in slices)
        {
            if (slice.AddressType != family) continue;
            var service = new ObjectName(slice.Name.Namespace, slice.ServiceName);
            if (!byService.TryGetValue(service, out var list)) byService[service] = list = [];
            list.Add(slice);
        }

        foreach (var list in byService.Values) list.Sort(static (left, right) => left.Name.CompareTo(right.Name));
        return byService;
    }
}

/// <summary>Which sources are masqueraded on their way through a ClusterIP.</summary>
internal enum ClusterIpMasquerade
{
    None,
    AllButLocalPods,
    All,
}
