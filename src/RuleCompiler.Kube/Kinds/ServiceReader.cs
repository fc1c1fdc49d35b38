using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube.Kinds;

/// <summary>v1 Service (service-semantics §1.1 to §1.3).</summary>
internal static class ServiceReader
{
    /// <summary>sessionAffinityConfig.clientIP.timeoutSeconds: default and bounds (core/v1 types.go @v1.36).</summary>
    private const int AffinityTimeoutSecondsDefault = 10800;
    private const int AffinityTimeoutSecondsMax = 86400;

    private static readonly (string, ServiceType)[] Types =
    [
        ("ClusterIP", ServiceType.ClusterIp),
        ("NodePort", ServiceType.NodePort),
        ("LoadBalancer", ServiceType.LoadBalancer),
    ];

    private static readonly (string, TrafficPolicy)[] Policies =
        [("Cluster", TrafficPolicy.Cluster), ("Local", TrafficPolicy.Local)];

    private static readonly (string, bool)[] Affinities = [("None", false), ("ClientIP", true)];

    private static readonly (string, bool)[] IpModes = [("VIP", true), ("Proxy", false)];

    private static readonly (string, Protocol)[] Protocols =
        [("TCP", Protocol.Tcp), ("UDP", Protocol.Udp), ("SCTP", Protocol.Sctp)];

    /// <summary>Why a proxy never sees or ignores this Service; null when it programs it.</summary>
    public static string? FilterOf(Value root)
    {
        var spec = root["spec"];
        if (Metadata.HasLabel(root, "service.kubernetes.io/service-proxy-name")) return "Service of another proxy";
        if (spec["clusterIP"].PeekText() == "None") return "headless Service";
        if (spec["type"].PeekText() == "ExternalName") return "ExternalName Service";
        return null;
    }

    /// <summary>Null for a Service without a cluster IP and, after reporting, for one with anything wrong.</summary>
    public static Service? Read(Value root, ObjectName name)
    {
        var report = root.Report;
        var errors = report.Errors;
        var spec = root["spec"].AsMap();
        if (spec["clusterIP"].AsText() is null or "")
        {
            if (report.Errors == errors) WarnNoClusterIp(root);
            return null;
        }

        var type = spec["type"].AsChoice<ServiceType>(Types) ?? ServiceType.ClusterIp;
        var external = PolicyOf(spec["externalTrafficPolicy"]);
        var service = new Service(
            name,
            type,
            ClusterIpsOf(spec),
            AddressesOf(spec["externalIPs"]),
            LoadBalancerIpsOf(root["status"].AsMap()["loadBalancer"].AsMap()),
            PrefixesOf(spec["loadBalancerSourceRanges"]),
            PortsOf(spec),
            PolicyOf(spec["internalTrafficPolicy"]),
            external,
            AffinityTimeoutOf(spec),
            HealthCheckNodePortOf(spec, type, external),
            CreationTimeOf(root),
            AnnotationsOf(root),
            root.Location);
        return report.Errors == errors && !service.ClusterIps.IsEmpty ? service : null;
    }

    private static void WarnNoClusterIp(Value root) =>
        root["spec"]["clusterIP"].Fail(
            DiagnosticCatalog.NoClusterIp, "no address", "the cluster IP that the API server allots",
            "the Service is left out; dump it with kubectl get service -o yaml, or set spec.clusterIP");

    /// <summary>Per family, the address that service-semantics §1.2 picks, in the order of ipFamilies.</summary>
    private static Seq<Ip> ClusterIpsOf(Value spec)
    {
        var single = spec["clusterIP"];
        var first = single.AsAddress();
        var all = AddressesOf(spec["clusterIPs"]);
        if (all.IsEmpty && first is { } only) all = [only];
        if (first is not null && all[0] != first)
        {
            single.Fail(DiagnosticCatalog.ContradictoryClusterIps, first.ToString()!,
                $"the first of spec.clusterIPs, {all[0]}");
            return [];
        }

        var picked = new List<Ip>();
        var index = 0;
        foreach (var item in spec["ipFamilies"].Items())
        {
            if (index == all.Count) break;
            if (item.AsChoice<Family>(FamilyWords.All) is { } family && all[index].Family != family)
                item.Fail(DiagnosticCatalog.FamilyMismatch, family.ApiName(),
                    $"the family of its cluster IP {all[index]}");
            else if (!picked.Exists(ip => ip.Family == all[index].Family))
                picked.Add(all[index]);
            index++;
        }

        return index == 0 && first is { } sole ? [sole] : picked.ToSeq();
    }

    /// <summary>Ingress entries with an IP, unless a proxy in front takes them (ipMode Proxy).</summary>
    private static Seq<Ip> LoadBalancerIpsOf(Value loadBalancer)
    {
        var addresses = new List<Ip>();
        foreach (var ingress in loadBalancer["ingress"].Items())
        {
            var ip = ingress.AsMap()["ip"];
            if (ip.PeekText() is "") continue;
            var isVip = ingress["ipMode"].AsChoice<bool>(IpModes) ?? true;
            if (ip.AsAddress() is { } address && isVip) addresses.Add(address);
        }

        return addresses.ToSeq();
    }

    private static Seq<ServicePortSpec> PortsOf(Value spec)
    {
        var ports = new List<ServicePortSpec>();
        foreach (var item in spec["ports"].Items())
        {
            if (PortOf(item.AsMap()) is not { } port) continue;
            var earlier = ports.FindIndex(other => other.Name == port.Name && other.Protocol == port.Protocol);
            if (earlier >= 0)
            {
                item.Fail(DiagnosticCatalog.DuplicatePort, $"{Words.Quote(port.Name)} a second time",
                    "another name or protocol", "rename it; the later one counts");
                ports.RemoveAt(earlier);
            }

            ports.Add(port);
        }

        return ports.ToSeq();
    }

    private static ServicePortSpec? PortOf(Value item)
    {
        var number = item["port"];
        if (!number.IsPresent) number.FailMissing("a port from 1 to 65535");
        var name = item["name"].PeekText() is "" ? "" : item["name"].AsDnsLabel() ?? "";
        var protocol = item["protocol"].AsChoice<Protocol>(Protocols) ?? Protocol.Tcp;
        var nodePort = item["nodePort"].AsPortOrZero();
        return number.AsPort() is { } port ? new ServicePortSpec(name, protocol, port, nodePort, item.Location) : null;
    }

    /// <summary>Absent and, for a Service without external access, "" are Cluster.</summary>
    private static TrafficPolicy PolicyOf(Value policy) =>
        policy.PeekText() is ""
            ? TrafficPolicy.Cluster
            : policy.AsChoice<TrafficPolicy>(Policies) ?? TrafficPolicy.Cluster;

    private static int? AffinityTimeoutOf(Value spec)
    {
        if (spec["sessionAffinity"].AsChoice<bool>(Affinities) is not true) return null;
        var timeout = spec["sessionAffinityConfig"].AsMap()["clientIP"].AsMap()["timeoutSeconds"];
        return (int)(timeout.AsInteger(1, AffinityTimeoutSecondsMax, "seconds") ?? AffinityTimeoutSecondsDefault);
    }

    private static Port? HealthCheckNodePortOf(Value spec, ServiceType type, TrafficPolicy external)
    {
        var port = spec["healthCheckNodePort"].AsPortOrZero();
        return type == ServiceType.LoadBalancer && external == TrafficPolicy.Local ? port : null;
    }

    private static DateTimeOffset? CreationTimeOf(Value root)
    {
        var created = root["metadata"]["creationTimestamp"];
        if (created.AsText() is not { } text) return null;
        if (DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
            return time;
        created.Fail(DiagnosticCatalog.InvalidTime, Words.Quote(text), "a time such as 2026-01-31T12:00:00Z");
        return null;
    }

    /// <summary>Those that a backend reads, by key. One of our own that nothing reads is a mistake: it warns.</summary>
    private static Seq<Annotation> AnnotationsOf(Value root)
    {
        var annotations = new List<Annotation>();
        foreach (var (key, value) in root["metadata"]["annotations"].AsMap().Members())
        {
            if (ServiceAnnotations.IsRead(key))
            {
                if (value.AsText() is { } text) annotations.Add(new Annotation(key, text));
            }
            else if (key.StartsWith(ServiceAnnotations.OwnPrefix, StringComparison.Ordinal))
            {
                var place = value.KeyLocation;
                root.Report.Add(
                    DiagnosticCatalog.UnknownAnnotation, place.Line, place.Column,
                    $"annotation {Words.Quote(key)} has no effect: nothing reads it",
                    $"the annotation that is read is {ServiceAnnotations.IpvsScheduler}");
            }
        }

        return annotations.OrderBy(annotation => annotation.Key, StringComparer.Ordinal).ToSeq();
    }

    /// <summary>Blank entries are passed over, as kube-proxy does.</summary>
    private static Seq<Ip> AddressesOf(Value list)
    {
        var addresses = new List<Ip>();
        foreach (var item in list.Items())
        {
            if (item.PeekText() is { } text && string.IsNullOrWhiteSpace(text)) continue;
            if (item.AsAddress() is { } address) addresses.Add(address);
        }

        return addresses.ToSeq();
    }

    internal static Seq<Prefix> PrefixesOf(Value list)
    {
        var prefixes = new List<Prefix>();
        foreach (var item in list.Items())
        {
            if (item.AsPrefix() is { } prefix) prefixes.Add(prefix);
        }

        return prefixes.ToSeq();
    }
}
