using System.Runtime.InteropServices;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>What some virtual servers come to: themselves, addresses of kube-ipvs0 and entries of sets.</summary>
internal sealed class ServerContents
{
    private readonly List<VirtualServer> _servers = [];
    private readonly List<Ip> _addresses = [];
    private readonly List<IpSetEntry> _uses = [];
    private readonly Dictionary<SetName, List<IpSetEntry>> _members = [];

    public IReadOnlyCollection<VirtualServer> Servers => _servers;

    public IReadOnlyCollection<Ip> Addresses => _addresses;

    /// <summary>Every endpoint, as an entry of <see cref="Names.LoopBack"/>.</summary>
    public IReadOnlyCollection<IpSetEntry> Uses => _uses;

    public IReadOnlyCollection<IpSetEntry> In(SetName set) => _members.GetValueOrDefault(set) ?? [];

    public void Add(ServerClaim claim)
    {
        var server = claim.Server;
        _servers.Add(server);
        if (claim.Binds is { } address) _addresses.Add(address);
        foreach (var member in claim.Members) Put(member.Set, member.Entry);
        foreach (var real in server.RealServers)
        {
            var (own, port) = (real.Endpoint.Address, real.Endpoint.Port);
            _uses.Add(new(own, server.Protocol, port, Prefix.Host(own)));
        }
    }

    public void Put(SetName set, IpSetEntry entry)
    {
        ref var entries = ref CollectionsMarshal.GetValueRefOrAddDefault(_members, set, out _);
        (entries ??= []).Add(entry);
    }
}
