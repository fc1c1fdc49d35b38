using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube.Kinds;

/// <summary>discovery.k8s.io/v1 EndpointSlice (service-semantics §1.4, §1.5).</summary>
internal static class EndpointSliceReader
{
    public const string ServiceNameLabel = "kubernetes.io/service-name";

    private static readonly (string, Protocol)[] Protocols =
        [("TCP", Protocol.Tcp), ("UDP", Protocol.Udp), ("SCTP", Protocol.Sctp)];

    public static string? FilterOf(Value root)
    {
        if (Metadata.HasLabel(root, "service.kubernetes.io/headless")) return "EndpointSlice of a headless Service";
        if (root["metadata"]["labels"][ServiceNameLabel] is var label && (!label.IsPresent || label.PeekText() is ""))
            return "EndpointSlice without a Service";
        return root["addressType"].PeekText() == "FQDN" ? "EndpointSlice of domain names" : null;
    }

    /// <summary>A wrong endpoint is left out alone; anything else that is wrong leaves the slice out.</summary>
    public static EndpointSlice? Read(Value root, ObjectName name)
    {
        var report = root.Report;
        var errors = report.Errors;
        var service = Metadata.Label(root, ServiceNameLabel).AsDnsLabel();
        var type = root["addressType"];
        if (!type.IsPresent) type.FailMissing("IPv4 or IPv6");
        var family = type.AsChoice<Family>(FamilyWords.All);
        var ports = PortsOf(root["ports"]);
        var list = root["endpoints"].Items();
        if (report.Errors > errors || service is null || family is null) return null;
        var endpoints = EndpointsOf(list, family.Value, name.Namespace);
        return new EndpointSlice(name, service, family.Value, ports, endpoints, root.Location);
    }

    /// <summary>Ports without a number mean "all ports", which kube-proxy does not implement: it drops them.</summary>
    private static Seq<SlicePort> PortsOf(Value list)
    {
        var ports = new List<SlicePort>();
        foreach (var item in list.Items())
        {
            var port = item.AsMap();
            var number = port["port"].AsPortOrZero();
            var name = port["name"].PeekText() is "" ? "" : port["name"].AsDnsLabel() ?? "";
            var protocol = port["protocol"].AsChoice<Protocol>(Protocols) ?? Protocol.Tcp;
            if (number is { } value) ports.Add(new SlicePort(name, protocol, value));
        }

        return ports.ToSeq();
    }

    private static Seq<SliceEndpoint> EndpointsOf(ItemList list, Family family, string ns)
    {
        var endpoints = new List<SliceEndpoint>();
        foreach (var item in list)
        {
            if (EndpointOf(item.AsMap(), family) is { } endpoint)
                endpoints.Add(endpoint with { Pod = PodOf(item["targetRef"], ns) });
        }

        return endpoints.ToSeq();
    }

    /// <summary>Only the first address counts; an endpoint without any is passed over.</summary>
    private static SliceEndpoint? EndpointOf(Value item, Family family)
    {
        var errors = item.Report.Errors;
        var conditions = item["conditions"].AsMap();
        var hints = item["hints"].AsMap();
        var endpoint = new SliceEndpoint(
            FirstAddressOf(item["addresses"], family) ?? default,
            Ready: conditions["ready"].AsFlag() ?? true,
            Serving: conditions["serving"].AsFlag() ?? true,
            Terminating: conditions["terminating"].AsFlag() ?? false,
            item["nodeName"].PeekText() is "" ? null : item["nodeName"].AsDnsSubdomain(),
            NamesOf(hints["forZones"]),
            NamesOf(hints["forNodes"]),
            item.Location);
        return item.Report.Errors == errors && !item["addresses"].Items().IsEmpty ? endpoint : null;
    }

    /// <summary>Never an error: kube-proxy does not read it (service-semantics §1.4).</summary>
    private static ObjectName? PodOf(Value target, string ns) =>
        target["kind"].PeekText() == "Pod" && target["name"].PeekText() is { Length: > 0 } name
            ? new ObjectName(target.Report.Strings.Intern(target["namespace"].PeekText() ?? ns), name)
            : null;

    private static Ip? FirstAddressOf(Value list, Family family)
    {
        foreach (var item in list.Items())
        {
            var address = item.AsAddress();
            if (address is { } found && found.Family != family)
                item.Fail(DiagnosticCatalog.FamilyMismatch, found.ToString(),
                    $"an {family.ApiName()} address, as addressType says");
            return address;
        }

        return null;
    }

    private static Seq<string> NamesOf(Value hints)
    {
        var list = hints.Items();
        if (list.IsEmpty) return [];
        var names = new List<string>();
        foreach (var hint in list)
        {
            if (hint.AsMap()["name"].AsText() is { Length: > 0 } name) names.Add(hint.Report.Strings.Intern(name));
        }

        return names.ToSeq();
    }
}
