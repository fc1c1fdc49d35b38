using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator.Comparison;

/// <summary>
/// The flows that two sides are compared by: every frontend of a graph from every class of source, and what lies beside
/// the frontends.
/// </summary>
public static class FlowUniverse
{
    /// <summary>Where the kernel picks ports from (net.ipv4.ip_local_port_range @v6.1).</summary>
    private static readonly Port _sourcePort = new(40000);

    /// <summary>TEST-NET-2 and the documentation prefix (RFC 5737, RFC 3849): nobody's addresses.</summary>
    private static readonly Ip[] _strangers = [Ip.Parse("198.51.100.99"), Ip.Parse("2001:db8:ffff::99")];

    public static IEnumerable<ComparedFlow> Of(ServiceGraph graph, NodeFacts node)
    {
        var network = HostNetworks.For(node, graph.Family);
        var taken = new HashSet<(Ip, Protocol, Port)>();
        foreach (var port in graph.ServicePorts.AsEnumerable())
        {
            foreach (var frontend in port.Frontends.AsEnumerable())
            {
                if (frontend.Address is { } address) taken.Add((address, port.Name.Protocol, frontend.Port));
            }
        }

        foreach (var port in graph.ServicePorts.AsEnumerable())
        {
            foreach (var frontend in port.Frontends.AsEnumerable())
            {
                foreach (var flow in Flows(port, frontend, graph, node, network))
                {
                    // An address of the node that is a frontend of its own with this port is no NodePort.
                    var key = (flow.Flow.Destination, flow.Flow.Protocol, flow.Flow.DestinationPort);
                    if (frontend.Address is not null || !taken.Contains(key)) yield return flow;
                }

                if (frontend.Address is not { } address) continue;
                if (Unused(taken, address, port, frontend) is not { } unused) continue;
                yield return Beside(Aim.UnusedPort, address, port.Name.Protocol, unused, node, network);
            }
        }

        foreach (var cidr in graph.ServiceCidrs.AsEnumerable())
        {
            if (Unallocated(graph, cidr) is { } free)
                yield return Beside(Aim.UnallocatedIp, free, Protocol.Tcp, new Port(80), node, network);
        }
    }

    private static IEnumerable<ComparedFlow> Flows(
        ServicePort port, Frontend frontend, ServiceGraph graph, NodeFacts node, HostNetwork network)
    {
        foreach (var destination in Destinations(frontend, graph.Family, node))
        {
            foreach (var (kind, source) in Sources(port, frontend, graph, node))
            {
                // What comes from loopback stays there, and from outside nothing can be sent to it.
                var fromLoopback = kind == SourceKind.Localhost;
                if (fromLoopback != destination.IsLoopback) continue;
                var flow = new Flow(
                    source, _sourcePort, port.Name.Protocol, destination, frontend.Port,
                    ArrivalOf(kind, source, network));
                yield return new ComparedFlow(Aim.Frontend, port, frontend, kind, flow);
            }
        }
    }

    private static IEnumerable<Ip> Destinations(Frontend frontend, Family family, NodeFacts node)
    {
        if (frontend.Address is { } address) return [address];
        var own = node.Addresses.Where(one => one.Family == family);
        return family == Family.Ipv4 ? own.Append(Ip.V4(0x7F000001)) : own;
    }

    private static IEnumerable<(SourceKind Kind, Ip Source)> Sources(
        ServicePort port, Frontend frontend, ServiceGraph graph, NodeFacts node)
    {
        var family = graph.Family;
        if (PodOf(node, family, port) is { } pod) yield return (SourceKind.Pod, pod);
        if (RemotePodOf(graph, node) is { } remote) yield return (SourceKind.RemotePod, remote);
        if (OwnAddress(node, family) is { } own) yield return (SourceKind.Node, own);
        if (frontend.Kind == FrontendKind.NodePort && family == Family.Ipv4)
            yield return (SourceKind.Localhost, Ip.V4(0x7F000001));
        yield return (SourceKind.External, Stranger(family));
        foreach (var range in (frontend.AllowedSources ?? []).AsEnumerable())
        {
            var isService = port.Frontends.Any(one => one.Address == range.Network);
            if (!node.IsLocal(range.Network) && !isService) yield return (SourceKind.Allowed, range.Network);
        }

        foreach (var isLocal in new[] { true, false })
        {
            var endpoint = port.Candidates.FirstOrDefault(one =>
                one.IsLocal == isLocal && (one.InClusterSet || one.InLocalSet) && !node.IsLocal(one.Endpoint.Address));
            if (endpoint is not null)
                yield return (isLocal ? SourceKind.OwnEndpoint : SourceKind.RemoteEndpoint, endpoint.Endpoint.Address);
        }
    }

    private static ComparedFlow Beside(
        Aim aim, Ip address, Protocol protocol, Port port, NodeFacts node, HostNetwork network)
    {
        var source = Stranger(address.Family);
        return new ComparedFlow(
            aim, null, null, SourceKind.External,
            new Flow(source, _sourcePort, protocol, address, port, ArrivalOf(SourceKind.External, source, network)));
    }

    /// <summary>The port below the frontend's that nobody has, if there is one within reach.</summary>
    private static Port? Unused(HashSet<(Ip, Protocol, Port)> taken, Ip address, ServicePort port, Frontend frontend)
    {
        for (var number = frontend.Port.Value - 1; number > 0; number--)
        {
            var candidate = new Port((ushort)number);
            if (!taken.Contains((address, port.Name.Protocol, candidate))) return candidate;
        }

        return null;
    }

    private static Ip? Unallocated(ServiceGraph graph, Prefix cidr)
    {
        var used = graph.ServicePorts.SelectMany(port => port.Frontends)
            .Select(frontend => frontend.Address).OfType<Ip>().ToHashSet();
        return LastFree(cidr, used.Contains);
    }

    /// <summary>An address of this node's pods that no endpoint of the service-port has.</summary>
    private static Ip? PodOf(NodeFacts node, Family family, ServicePort port)
    {
        foreach (var cidr in node.PodCidrs)
        {
            if (cidr.Family == family && LastFree(cidr, IsEndpoint) is { } free) return free;
        }

        return null;

        bool IsEndpoint(Ip address) => port.Candidates.Any(one => one.Endpoint.Address == address);
    }

    private static Ip? RemotePodOf(ServiceGraph graph, NodeFacts node)
    {
        if (graph.LocalTraffic is not LocalTraffic.SourceIn { Cidr: var cidr }) return null;
        return LastFree(cidr, static _ => false) is { } last && !node.PodCidrs.Any(own => own.Contains(last))
            ? last
            : null;
    }

    /// <summary>The highest address below a block's last one that is not taken.</summary>
    private static Ip? LastFree(Prefix cidr, Func<Ip, bool> isTaken)
    {
        var size = ~cidr.Mask & cidr.Family.HostMask();
        for (UInt128 offset = 1; offset < size; offset++)
        {
            var candidate = Ip.Create(cidr.Family, cidr.Network.Bits + size - offset);
            if (!isTaken(candidate)) return candidate;
        }

        return null;
    }

    private static Ip? OwnAddress(NodeFacts node, Family family) => node.Addresses
        .Where(one => one.Family == family)
        .OrderByDescending(one => one == node.Primary(family))
        .Select(one => (Ip?)one).FirstOrDefault();

    private static Ip Stranger(Family family) => _strangers[(int)family];

    private static string? ArrivalOf(SourceKind kind, Ip source, HostNetwork network) => kind switch
    {
        SourceKind.Node or SourceKind.Localhost => null,
        SourceKind.Pod or SourceKind.RemotePod or SourceKind.External or SourceKind.Allowed or SourceKind.OwnEndpoint
            or SourceKind.RemoteEndpoint => network.InterfaceTowards(source) ?? HostNetworks.Uplink,
    };
}
