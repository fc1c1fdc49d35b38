using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>
/// Which virtual servers of a node are ours to delete: those on addresses of kube-ipvs0, and those elsewhere that the
/// sets speak of. excludeCIDRs protect what is in them.
/// </summary>
internal sealed class ServerOwnership(IpvsArtifact observed, IpvsArtifact desired)
{
    private static readonly Seq<SetName> _setsOfFrontends =
        [Names.ClusterIp, Names.ExternalIp, Names.ExternalIpLocal, Names.LoadBalancerSet, Names.NodePortSctp];

    public bool IsOurs(ServerKey key)
    {
        foreach (var cidr in desired.ExcludeCidrs)
        {
            if (cidr.Contains(key.Address)) return false;
        }

        return observed.Addresses.TryFind(key.Address, out _) || desired.Addresses.TryFind(key.Address, out _) ||
            _setsOfFrontends.Any(set => Has(set, new IpSetEntry(key.Address, key.Protocol, key.Port, null))) ||
            (IsNodePort(key) && MayHaveNodePorts(key.Address));
    }

    private bool IsNodePort(ServerKey key) => key.Protocol is Protocol.Tcp or Protocol.Udp &&
        Has(Names.NodePorts(key.Protocol), new IpSetEntry(null, null, key.Port, null));

    /// <summary>kube-proxy has no set of them: then any address may have its NodePorts.</summary>
    private bool MayHaveNodePorts(Ip address) =>
        observed.Find(Names.NodePortIps.In(observed.Family)) is not { } addresses ||
        addresses.Entries.TryFind(new IpSetEntry(address, null, null, null), out _);

    private bool Has(SetName set, IpSetEntry entry) => observed.Has(set.In(observed.Family), entry);
}
