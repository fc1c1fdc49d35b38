using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>
/// Which virtual servers of a node are ours to delete: those on addresses of kube-ipvs0, and those elsewhere that the
/// sets speak of. excludeCIDRs protect what is in them.
/// </summary>
internal sealed class ServerOwnership
{
    private readonly Seq<Prefix> _excluded;
    private readonly HashSet<Ip> _bound;
    private readonly HashSet<IpSetEntry> _frontends = [];
    private readonly HashSet<(Protocol, Port)> _nodePorts = [];
    private readonly HashSet<Ip>? _nodePortAddresses;

    public ServerOwnership(IpvsArtifact observed, IpvsArtifact desired)
    {
        _excluded = desired.ExcludeCidrs;
        _bound = [.. observed.Addresses, .. desired.Addresses];
        var family = observed.Family;
        foreach (var set in (ReadOnlySpan<SetName>)
            [Names.ClusterIp, Names.ExternalIp, Names.ExternalIpLocal, Names.LoadBalancerSet, Names.NodePortSctp])
            _frontends.UnionWith(EntriesOf(set));
        foreach (var protocol in (ReadOnlySpan<Protocol>)[Protocol.Tcp, Protocol.Udp])
        {
            foreach (var entry in EntriesOf(Names.NodePorts(protocol)))
            {
                if (entry.Port is { } port) _nodePorts.Add((protocol, port));
            }
        }

        // kube-proxy has no such set: then any address may have its NodePorts.
        if (observed.Sets.Any(set => set.Name == Names.NodePortIps.In(family)))
            _nodePortAddresses = EntriesOf(Names.NodePortIps).Select(entry => entry.Address).OfType<Ip>().ToHashSet();

        Seq<IpSetEntry> EntriesOf(SetName name) =>
            observed.Sets.FirstOrDefault(set => set.Name == name.In(family))?.Entries ?? [];
    }

    public bool IsOurs(ServerKey key)
    {
        foreach (var cidr in _excluded)
        {
            if (cidr.Contains(key.Address)) return false;
        }

        return _bound.Contains(key.Address) ||
            _frontends.Contains(new IpSetEntry(key.Address, key.Protocol, key.Port, null)) ||
            (_nodePorts.Contains((key.Protocol, key.Port)) && _nodePortAddresses?.Contains(key.Address) != false);
    }
}
