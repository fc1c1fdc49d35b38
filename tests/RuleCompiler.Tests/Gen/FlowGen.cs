using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Tests.Gen;

/// <summary>
/// The flows that tell two behaviours of a node apart: every frontend and its near-misses, from one source of every kind
/// that a rule can tell from another (class, hairpin, each side of every range's edges).
/// </summary>
internal static class FlowGen
{
    private static readonly Protocol[] _protocols = [Protocol.Tcp, Protocol.Udp, Protocol.Sctp];

    public static IReadOnlyList<Flow> Covering(Scenario scenario, Family family) => Covering(scenario.Cluster, scenario.Node, family);

    public static IReadOnlyList<Flow> Covering(ClusterState cluster, NodeFacts node, Family family)
    {
        var sources = Sources(cluster, node, family).Distinct().ToArray();
        return (from destination in Destinations(cluster, node, family).Distinct()
                from source in sources
                where IsRoutable(node, source, destination.At.Address) && !IsBoundElsewhere(cluster, node, source)
                select new Flow(
                    source.Address, new Port(40000), destination.Protocol, destination.At.Address, destination.At.Port,
                    source.Interface)).ToArray();
    }

    private static IEnumerable<(Endpoint At, Protocol Protocol)> Destinations(ClusterState cluster, NodeFacts node, Family family)
    {
        var pool = Pool.Of(family);
        var local = node.Addresses.Where(ip => ip.Family == family).Append(Loopback(family)).ToArray();
        if (family == Family.Ipv4) local = [.. local, Ip.Parse("127.200.0.5")];
        foreach (var service in cluster.Services.AsEnumerable())
        {
            var addresses = service.ClusterIps.Concat(service.ExternalIps).Concat(service.LoadBalancerIps)
                .Where(ip => ip.Family == family).Distinct().ToArray();
            foreach (var port in service.Ports.AsEnumerable())
            {
                foreach (var address in addresses)
                {
                    yield return (new Endpoint(address, port.Port), port.Protocol);
                    yield return (new Endpoint(Ip.Create(family, address.Bits ^ 1), port.Port), port.Protocol);
                }

                if (addresses.Length > 0)
                {
                    yield return (new Endpoint(addresses[0], new Port((ushort)(port.Port.Value + 1))), port.Protocol);
                    yield return (new Endpoint(addresses[0], new Port((ushort)(port.Port.Value - 1))), port.Protocol);
                    var other = _protocols[(Array.IndexOf(_protocols, port.Protocol) + 1) % _protocols.Length];
                    yield return (new Endpoint(addresses[0], port.Port), other);
                    yield return (new Endpoint(pool.Unused, port.Port), port.Protocol);
                }

                if (port.NodePort is not { } nodePort) continue;
                foreach (var address in local) yield return (new Endpoint(address, nodePort), port.Protocol);
                foreach (var address in addresses) yield return (new Endpoint(address, nodePort), port.Protocol);
                yield return (new Endpoint(pool.OtherNode, nodePort), port.Protocol);
                yield return (new Endpoint(Ip.Create(family, local[0].Bits ^ 1), nodePort), port.Protocol);
                foreach (var address in local)
                    yield return (new Endpoint(address, new Port((ushort)(nodePort.Value + 1))), port.Protocol);
            }

            if (service.HealthCheckNodePort is { } health) yield return (new Endpoint(local[0], health), Protocol.Tcp);
        }
    }

    private static IEnumerable<(Ip Address, string? Interface)> Sources(ClusterState cluster, NodeFacts node, Family family)
    {
        var pool = Pool.Of(family);
        yield return At(pool, Ip.Create(family, pool.LocalPodCidr.Network.Bits + 77));
        yield return At(pool, Ip.Create(family, pool.RemotePodCidr.Network.Bits + 77));
        foreach (var stranger in pool.Strangers) yield return At(pool, stranger);
        foreach (var address in node.Addresses.Where(ip => ip.Family == family)) yield return (address, null);
        yield return (Loopback(family), null);
        foreach (var cidr in node.Config.ClusterCidrs.Concat(node.PodCidrs).Where(cidr => cidr.Family == family).Distinct())
        {
            foreach (var address in Edges(cidr)) yield return At(pool, address);
        }

        var endpoints = cluster.EndpointSlices.SelectMany(slice => slice.Endpoints).Select(endpoint => endpoint.Address);
        foreach (var address in endpoints.Where(ip => ip.Family == family)) yield return At(pool, address);

        // Almost an endpoint: each differs from it in one bit of one word of the header.
        foreach (var address in endpoints.Where(ip => ip.Family == family).Take(1))
        {
            yield return At(pool, Ip.Create(family, address.Bits ^ 1));
            for (var bit = 9; bit < family.AddressBits(); bit += 32)
                yield return At(pool, Ip.Create(family, address.Bits ^ (UInt128.One << bit)));
        }

        foreach (var service in cluster.Services.AsEnumerable())
        {
            foreach (var vip in service.LoadBalancerIps.Where(ip => ip.Family == family)) yield return (vip, null);
            foreach (var range in service.LoadBalancerSourceRanges.Where(range => range.Family == family && !range.IsAll))
            {
                foreach (var address in Edges(range)) yield return At(pool, address);
            }
        }
    }

    /// <summary>On both sides of a block's ends.</summary>
    private static IEnumerable<Ip> Edges(Prefix block)
    {
        var (first, last) = (block.Network.Bits, block.Network.Bits | (~block.Mask & block.Family.HostMask()));
        return new[] { first, last, first - 1, last + 1 }.Select(bits => Ip.Create(block.Family, bits));
    }

    /// <summary>Pods of this node arrive by its bridge, everybody else from outside.</summary>
    private static (Ip Address, string? Interface) At(Pool pool, Ip address) =>
        (address, pool.LocalPodCidr.Contains(address) ? "cni0" : "eth0");

    /// <summary>
    /// The kernel discards as martian what comes in with an address of the node as its source, or for loopback unless
    /// route_localnet is on (net/ipv4/route.c:ip_route_input_slow @v6.1). What loopback sends stays on loopback, and
    /// can be translated to elsewhere only with route_localnet (__mkroute_output).
    /// </summary>
    private static bool IsRoutable(NodeFacts node, (Ip Address, string? Interface) source, Ip destination)
    {
        if (source.Interface is null && !source.Address.IsLoopback) return true;
        var routeLocalnet = HostNetworks.For(node, destination.Family).RouteLocalnet;
        return source.Interface is null
            ? destination.IsLoopback || (routeLocalnet && node.IsLocal(destination))
            : !node.IsLocal(source.Address) && (!destination.IsLoopback || routeLocalnet);
    }

    /// <summary>In IPVS mode the addresses of Services are the node's own: what has one and comes from outside is a martian.</summary>
    private static bool IsBoundElsewhere(ClusterState cluster, NodeFacts node, (Ip Address, string? Interface) source) =>
        node.Config.Mode == ProxyMode.Ipvs && source.Interface is not null && cluster.Services.Any(service =>
            service.ClusterIps.Contains(source.Address) || service.ExternalIps.Contains(source.Address)
            || service.LoadBalancerIps.Contains(source.Address));

    private static Ip Loopback(Family family) => family switch
    {
        Family.Ipv4 => Ip.Parse("127.0.0.1"),
        Family.Ipv6 => Ip.Parse("::1"),
    };
}
