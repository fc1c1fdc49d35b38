using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>RC3000 to RC3099: building the graph. RC3100 and up: lowering, a hundred per backend.</summary>
public static partial class DiagnosticCatalog
{
    public static readonly DiagnosticRule FrontendCollision = Error(
        "RC3001", "Frontend claimed twice",
        "Two service-ports claim one address, protocol and port; only the older Service gets the traffic.");

    public static readonly DiagnosticRule HealthCheckPortCollision = Warning(
        "RC3002", "healthCheckNodePort is also a NodePort",
        "The NodePort takes the packets, so the load balancer's health check reaches the Service instead of the node.");

    public static readonly DiagnosticRule NodePortsOpenOnOtherFamily = Warning(
        "RC3003", "nodePortAddresses leaves a family open",
        "A family without a CIDR in nodePortAddresses serves NodePorts on all of its local addresses.");

    public static readonly DiagnosticRule LocalhostNodePortsUnsupported = Warning(
        "RC3004", "NodePorts cannot be served on loopback",
        "nodePortAddresses names loopback addresses, which need IPv4 and localhostNodePorts.");

    public static readonly DiagnosticRule SourceRangesOfOtherFamily = Warning(
        "RC3005", "loadBalancerSourceRanges leaves a family open",
        "A family without a CIDR in loadBalancerSourceRanges admits every source to its load-balancer IPs.");

    public static readonly DiagnosticRule SourceRangesBypassed = Warning(
        "RC3006", "loadBalancerSourceRanges does not apply",
        "The address is also one of the Service's externalIPs, which are open to every source.");

    public static readonly DiagnosticRule ExternalIpsNotServed = Warning(
        "RC3007", "externalIPs are not served",
        "The feature gate AllowServiceExternalIPs is off, so no Service answers on its external IPs.");

    public static readonly DiagnosticRule AffinityListsShort = Warning(
        "RC3101", "Session affinity forgets clients",
        "The kernel's recent lists are short, and as many as are sensible hold fewer than a thousand clients per endpoint.");

    public static readonly DiagnosticRule SchedulerUnknown = Warning(
        "RC3301", "Unknown IPVS scheduler",
        "A Service or the configuration asks for a scheduler that the kernel does not have; another one is used.");

    public static readonly DiagnosticRule UnspecifiedFrontend = Error(
        "RC3201", "A Service at the unspecified address",
        "No packet is for 0.0.0.0 or ::, and nftables mode keeps NodePorts under it.");
}
