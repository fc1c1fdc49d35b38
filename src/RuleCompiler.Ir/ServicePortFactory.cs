using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>Makes the service-ports of a Service for one node and family, as if there were no other Service.</summary>
internal sealed class ServicePortFactory(NodeFacts node, Family family)
{
    private readonly LocalTraffic _localTraffic = LocalTraffic.Of(node, family);

    /// <summary>The Service has an address of the family.</summary>
    public bool Serves(Service service) => service.ClusterIps.Any(ip => ip.Family == family);

    public Ip ClusterIpOf(Service service) => service.ClusterIps.First(ip => ip.Family == family);

    /// <param name="slices">Of the Service, in ordinal order of their names, both families.</param>
    public List<ServicePort> Build(Service service, IEnumerable<EndpointSlice> slices, List<Diagnostic> diagnostics)
    {
        var own = slices.Where(slice => slice.AddressType == family).ToArray();
        var servicePorts = new List<ServicePort>();
        foreach (var port in PortsOf(service))
        {
            var builder = new ServicePortBuilder(service, port, node, family, _localTraffic, MasqueradeOfClusterIp());
            servicePorts.Add(builder.Build(own, diagnostics));
        }

        if (!node.Config.AllowServiceExternalIps && service.ExternalIps.Any(ip => ip.Family == family))
            diagnostics.Add(ExternalIpsNotServed(service));
        return servicePorts;
    }

    /// <summary>Rows 2 to 4 of the masquerade table, service-semantics §3.7.</summary>
    private ClusterIpMasquerade MasqueradeOfClusterIp() =>
        node.Config.MasqueradeAll ? ClusterIpMasquerade.All
        : _localTraffic is LocalTraffic.Undetected ? ClusterIpMasquerade.None
        : ClusterIpMasquerade.AllButLocalPods;

    private Diagnostic ExternalIpsNotServed(Service service) => new(
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
}

/// <summary>Which sources are masqueraded on their way through a ClusterIP.</summary>
internal enum ClusterIpMasquerade
{
    None,
    AllButLocalPods,
    All,
}
