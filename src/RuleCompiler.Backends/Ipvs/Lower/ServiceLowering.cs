using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>Virtual servers, addresses and sets of a graph, from those of an earlier graph of the node.</summary>
internal sealed class ServiceLowering(IpvsLowering before, ServiceGraph graph)
{
    private readonly ServerContents _gone = new(), _come = new();

    public IpvsLowering Build()
    {
        var (goneClaims, comeClaims) = (new ServicePortClaims(graph), new ServicePortClaims(graph));
        var servicePorts = before.Graph.ServicePorts.ChangesTo(graph.ServicePorts);
        foreach (var servicePort in servicePorts.Removed) goneClaims.Add(servicePort);
        foreach (var servicePort in servicePorts.Added) comeClaims.Add(servicePort);
        var claims = before.Claims.Update(goneClaims.Claims, comeClaims.Claims);
        foreach (var key in goneClaims.Claims.Concat(comeClaims.Claims).Select(claim => claim.Server.Key).Distinct())
        {
            var (old, now) = (OwnerOf(key, before.Claims), OwnerOf(key, claims));
            if (old == now) continue;
            if (old is not null) _gone.Add(old);
            if (now is not null) _come.Add(now);
        }

        var clusterIps = before.Graph.ClusterIps.ChangesTo(graph.ClusterIps);
        var checks = before.Graph.HealthChecks.ChangesTo(graph.HealthChecks);
        var lowering = before with
        {
            Graph = graph,
            Claims = claims,
            LocalEndpoints = before.LocalEndpoints.Update(goneClaims.LocalEndpoints, comeClaims.LocalEndpoints),
            Uses = before.Uses.Update(_gone.Uses, _come.Uses),
            HealthChecks = before.HealthChecks.Update(EntriesOf(checks.Removed), EntriesOf(checks.Added)),
            Addresses = before.Addresses.Update(
                [.. _gone.Addresses, .. clusterIps.Removed], [.. _come.Addresses, .. clusterIps.Added]),
            Notes = before.Notes.Update(goneClaims.Notes, comeClaims.Notes),
        };
        AddAddresses(lowering);
        AddHairpins(lowering);
        AddHealthChecks(lowering);
        var members = Names.All.ToDictionary(set => set, MembersOf);
        return lowering with
        {
            Members = members,
            Artifact = before.Artifact with
            {
                Sets = members.Select(set => SetOf(set.Key, set.Value.Items)).ToSortedSeq(),
                Addresses = lowering.Addresses.Items,
                Servers = before.Artifact.Servers.Update(_gone.Servers, _come.Servers),
            },
        };

        static List<IpSetEntry> EntriesOf(Seq<HealthCheckPort> checks) =>
            [.. checks.Select(check => EntryOf(check.Port))];
    }

    private Multiset<IpSetEntry> MembersOf(SetName set) => before.Members[set].Update(_gone.In(set), _come.In(set));

    private void AddAddresses(IpvsLowering after)
    {
        var changes = before.Addresses.Items.ChangesTo(after.Addresses.Items);
        foreach (var address in changes.Removed) _gone.Put(Names.IpvsIps, EntryOf(address));
        foreach (var address in changes.Added) _come.Put(Names.IpvsIps, EntryOf(address));
    }

    /// <summary>An endpoint of this node that reaches itself would answer itself, past the node.</summary>
    private void AddHairpins(IpvsLowering after)
    {
        var locals = before.LocalEndpoints.Items.ChangesTo(after.LocalEndpoints.Items);
        var touched = _gone.Uses.Concat(_come.Uses).Select(use => use.Address!.Value)
            .Concat(locals.Removed).Concat(locals.Added).ToHashSet();
        foreach (var address in touched)
        {
            foreach (var entry in HairpinsOf(before)) _gone.Put(Names.LoopBack, entry);
            foreach (var entry in HairpinsOf(after)) _come.Put(Names.LoopBack, entry);

            IEnumerable<IpSetEntry> HairpinsOf(IpvsLowering lowering) =>
                lowering.LocalEndpoints.Items.TryFind(address, out _)
                    ? lowering.Uses.Items.Range(use => use.Address!.Value.CompareTo(address))
                    : [];
        }
    }

    /// <summary>A NodePort of the same number has the packets (RC3002).</summary>
    private void AddHealthChecks(IpvsLowering after)
    {
        var (gone, come) = (_gone.In(Names.NodePortTcp), _come.In(Names.NodePortTcp));
        var checks = before.HealthChecks.Items.ChangesTo(after.HealthChecks.Items);
        var (portsBefore, portsAfter) = (before.Members[Names.NodePortTcp], MembersOf(Names.NodePortTcp));
        foreach (var port in gone.Concat(come).Concat(checks.Removed).Concat(checks.Added).ToHashSet())
        {
            if (Has(before.HealthChecks, port) && !Has(portsBefore, port)) _gone.Put(Names.HealthCheck, port);
            if (Has(after.HealthChecks, port) && !Has(portsAfter, port)) _come.Put(Names.HealthCheck, port);
        }

        static bool Has(Multiset<IpSetEntry> entries, IpSetEntry entry) => entries.Items.TryFind(entry, out _);
    }

    private static ServerClaim? OwnerOf(ServerKey key, SortedSeq<ServerClaim> claims)
    {
        var index = claims.FirstIndex(claim => claim.Server.Key >= key);
        return index < claims.Count && claims[index] is var first && first.Server.Key == key ? first : null;
    }

    private IpSet SetOf(SetName set, SortedSeq<IpSetEntry> entries) => new(
        set.In(graph.Family), set.Type, HashSizeOf(set.Type), MaxElementsOf(set.Type, entries.Count), entries);

    /// <summary>kube-proxy's, which is the kernel's least too (service-semantics §6.5); the kernel grows it.</summary>
    private static int HashSizeOf(IpSetType type) => type == IpSetType.BitmapPort ? 0 : IpvsBackend.HashSizeDefault;

    /// <summary>
    /// kube-proxy's 65536 (service-semantics §6.5), beyond which its restore fails. A set with more entries gets four
    /// times the room, and again, so that it is seldom made anew.
    /// </summary>
    private static int MaxElementsOf(IpSetType type, int count)
    {
        if (type == IpSetType.BitmapPort) return 0;
        var room = IpvsBackend.MaxElementsDefault;
        while (room < count) room *= 4;
        return room;
    }

    private static IpSetEntry EntryOf(Ip address) => new(address, null, null, null);

    private static IpSetEntry EntryOf(Port port) => new(null, null, port, null);
}
