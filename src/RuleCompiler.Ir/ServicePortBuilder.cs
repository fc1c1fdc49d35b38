using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>One port of one Service for one family: its frontends, their verdicts, its endpoint sets.</summary>
internal sealed class ServicePortBuilder(
    Service service, ServicePortSpec port, NodeFacts node, Family family, LocalTraffic localTraffic, ClusterIpMasquerade masquerade)
{
    /// <summary>
    /// Empty where the feature gate is off; whether the Service is accessible does not ask it (§1.3).
    /// </summary>
    private readonly Ip[] _externalIps =
        node.Config.AllowServiceExternalIps ? OfFamily(service.ExternalIps, family) : [];

    private readonly Ip[] _loadBalancerIps = OfFamily(service.LoadBalancerIps, family);

    /// <param name="slices">Of the Service and the family, in ordinal order of their names.</param>
    public ServicePort Build(IReadOnlyList<EndpointSlice> slices, List<Diagnostic> diagnostics)
    {
        // Service-semantics §2.1. The external policy needs something external to apply to (§1.3).
        var accessible = port.NodePort is not null || _loadBalancerIps.Length > 0 ||
            service.ExternalIps.Any(ip => ip.Family == family);
        var internalLocal = service.InternalTrafficPolicy == TrafficPolicy.Local;
        var externalLocal = service.ExternalTrafficPolicy == TrafficPolicy.Local &&
            (service.Type != ServiceType.ClusterIp || !service.ExternalIps.IsEmpty);
        var selection = EndpointSelection.Of(
            port, slices, node,
            usesCluster: !internalLocal || accessible,
            usesLocal: internalLocal || (externalLocal && accessible));

        var name = new ServicePortName(service.Name, port.Name, port.Protocol);
        return new ServicePort(
            name, Frontends(selection, internalLocal, externalLocal, diagnostics), selection.ClusterSet, selection.LocalSet,
            selection.Candidates, selection.Topology, service.AffinityTimeoutSeconds, service.Annotations, port.Location);
    }

    private Seq<Frontend> Frontends(
        EndpointSelection selection, bool internalLocal, bool externalLocal, List<Diagnostic> diagnostics)
    {
        var internalVerdicts = InternalVerdicts(selection, internalLocal);
        var externalVerdicts = ExternalVerdicts(selection, externalLocal);
        var allowed = _loadBalancerIps.Length > 0 ? AllowedSources(diagnostics) : null;
        var frontends = new List<Frontend>
        {
            new(FrontendKind.ClusterIp, service.ClusterIps.First(ip => ip.Family == family), port.Port, internalVerdicts, null),
        };
        foreach (var ip in _externalIps)
            frontends.Add(new Frontend(FrontendKind.ExternalIp, ip, port.Port, externalVerdicts, null));
        foreach (var ip in _loadBalancerIps)
        {
            frontends.Add(new Frontend(
                FrontendKind.LoadBalancerIp, ip, port.Port, externalVerdicts, selection.HasAny ? allowed : null));
        }

        if (port.NodePort is { } nodePort)
            frontends.Add(new Frontend(FrontendKind.NodePort, null, nodePort, externalVerdicts, null));
        return frontends.ToSeq();
    }

    /// <summary>Service-semantics §2.4, with the masquerade rows 2 to 4 of §3.7.</summary>
    private Verdicts InternalVerdicts(EndpointSelection selection, bool internalLocal)
    {
        var set = internalLocal ? selection.LocalSet : selection.ClusterSet;
        if (set.IsEmpty)
            return Verdicts.Same(internalLocal && selection.HasAny ? new Verdict.Drop() : new Verdict.Reject());

        var over = internalLocal ? EndpointSet.Local : EndpointSet.Cluster;
        var plain = new Verdict.Balance(over, SourceNat: false);
        var masqueraded = new Verdict.Balance(over, SourceNat: true);
        return masquerade switch
        {
            ClusterIpMasquerade.None => Verdicts.Same(plain),
            ClusterIpMasquerade.AllButLocalPods => new Verdicts(plain, masqueraded, masqueraded),
            ClusterIpMasquerade.All => Verdicts.Same(masqueraded),
        };
    }

    /// <summary>Service-semantics §2.5, with the masquerade rows 5 to 7 of §3.7.</summary>
    private Verdicts ExternalVerdicts(EndpointSelection selection, bool externalLocal)
    {
        if (!selection.HasAny || selection.ClusterSet.IsEmpty) return Verdicts.Same(new Verdict.Reject());
        var masqueraded = new Verdict.Balance(EndpointSet.Cluster, SourceNat: true);
        if (!externalLocal) return Verdicts.Same(masqueraded);

        // A virtual server of IPVS has one set of real servers, whoever asks (§2.7).
        if (node.Config.Mode == ProxyMode.Ipvs && !selection.LocalSet.IsEmpty)
        {
            var plain = new Verdict.Balance(EndpointSet.Local, SourceNat: false);
            return new Verdicts(plain, new Verdict.Balance(EndpointSet.Local, SourceNat: true), plain);
        }

        Verdict external = selection.LocalSet.IsEmpty
            ? new Verdict.Drop()
            : new Verdict.Balance(EndpointSet.Local, SourceNat: false);
        var localPod = localTraffic is LocalTraffic.Undetected
            ? external
            : new Verdict.Balance(EndpointSet.Cluster, SourceNat: false);
        return new Verdicts(localPod, masqueraded, external);
    }

    /// <summary>Service-semantics §1.3 and §3.4; null admits everybody.</summary>
    private Seq<Prefix>? AllowedSources(List<Diagnostic> diagnostics)
    {
        if (service.LoadBalancerSourceRanges.IsEmpty) return null;
        var ranges = service.LoadBalancerSourceRanges.Where(range => range.Family == family).ToList();
        if (ranges.Count == 0)
        {
            diagnostics.Add(new Diagnostic(
                DiagnosticCatalog.SourceRangesOfOtherFamily, service.Location,
                $"Service {service.Name} has {family.ApiName()} load-balancer IPs but no {family.ApiName()} CIDR in " +
                "loadBalancerSourceRanges, so every source is admitted to them",
                $"add the {family.ApiName()} ranges that may use it"));
            return null;
        }

        if (ranges.Exists(range => range.IsAll)) return null;
        foreach (var ip in _loadBalancerIps.Intersect(_externalIps))
        {
            diagnostics.Add(new Diagnostic(
                DiagnosticCatalog.SourceRangesBypassed, service.Location,
                $"{ip} is both a load-balancer IP and an external IP of Service {service.Name}, and external IPs have no " +
                "source ranges, so every source is admitted",
                "remove it from externalIPs"));
        }

        if (node.Primary(family) is { } own && ranges.Exists(range => range.Contains(own)))
            ranges.AddRange(_loadBalancerIps.Select(Prefix.Host));
        return ranges.Distinct().Order().ToSeq();
    }

    private static Ip[] OfFamily(Seq<Ip> addresses, Family family) =>
        addresses.Where(ip => ip.Family == family).Distinct().Order().ToArray();
}
