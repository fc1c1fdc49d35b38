using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>
/// Commands for sets: those before virtual servers change and those after (README.md). What refuses is tightened before
/// and loosened after.
/// </summary>
internal sealed class SetPlanner
{
    /// <summary>A set that is made anew under another size; ours alone, and gone again within the step.</summary>
    private const string Spare = "RULEC-SPARE";

    private readonly Family _family;
    private readonly Dictionary<string, IpSet> _observed;
    private readonly Dictionary<string, IpSet> _desired;
    private readonly BusyFrontends _busyBefore;
    private readonly BusyFrontends _busyAfter;

    public SetPlanner(IpvsArtifact observed, IpvsArtifact desired)
    {
        _family = desired.Family;
        _observed = observed.Sets.ToDictionary(set => set.Name, StringComparer.Ordinal);
        _desired = desired.Sets.ToDictionary(set => set.Name, StringComparer.Ordinal);
        (_busyBefore, _busyAfter) = (new BusyFrontends(observed), new BusyFrontends(desired));
        foreach (var set in desired.Sets) Create(set);

        // An allow-list comes before the set that makes it count, and goes behind it.
        var firewall = Names.LoadBalancerFirewall.In(_family);
        var ordered = desired.Sets.OrderBy(set => set.Name == firewall).ToArray();
        foreach (var set in ordered) Add(set);
        foreach (var set in ordered.Reverse()) Delete(set);
        foreach (var set in desired.Sets) Shrink(set);
    }

    public List<SetCommand> Before { get; } = [];

    public List<SetCommand> After { get; } = [];

    /// <summary>A set that is missing, of another type, or too small for what it is to hold.</summary>
    private void Create(IpSet set)
    {
        if (!_observed.TryGetValue(set.Name, out var old))
        {
            Before.Add(CreateOf(set, set.Name));
            return;
        }

        if (old.Type != set.Type)
        {
            Before.Add(new SetCommand.Destroy(set.Name));
            Before.Add(CreateOf(set, set.Name));
            _observed.Remove(set.Name);
        }
        else if (set.MaxElements > old.MaxElements)
        {
            Replace(Before, set, old.Entries);
        }
    }

    /// <summary>Not before what is superfluous has gone.</summary>
    private void Shrink(IpSet set)
    {
        if (_observed.TryGetValue(set.Name, out var old) && set.MaxElements < old.MaxElements)
            Replace(After, set, set.Entries);
    }

    /// <summary>The kernel cannot resize a set, but two can change their contents in one moment.</summary>
    private static void Replace(List<SetCommand> commands, IpSet set, SortedSeq<IpSetEntry> entries)
    {
        commands.Add(CreateOf(set, Spare));
        foreach (var entry in entries) commands.Add(new SetCommand.Add(Spare, entry));
        commands.Add(new SetCommand.Swap(Spare, set.Name));
        commands.Add(new SetCommand.Destroy(Spare));
    }

    private static SetCommand.Create CreateOf(IpSet set, string name) =>
        new(name, set.Type, set.HashSize, set.MaxElements);

    private void Add(IpSet set)
    {
        foreach (var entry in EntriesOf(_observed, set.Name).ChangesTo(set.Entries).Added)
            (IsAddedAfter(set.Name, entry) ? After : Before).Add(new SetCommand.Add(set.Name, entry));
    }

    private void Delete(IpSet set)
    {
        foreach (var entry in EntriesOf(_observed, set.Name).ChangesTo(set.Entries).Removed)
            (IsDeletedBefore(set.Name, entry) ? Before : After).Add(new SetCommand.Delete(set.Name, entry));
    }

    /// <summary>
    /// Policy Local leaves sources as they are, which is right only for endpoints here: behind the servers, where there
    /// are some. A source that ranges admit anew has the new servers from the start.
    /// </summary>
    private bool IsAddedAfter(string set, IpSetEntry entry) =>
        IsLocal(set, out var protocol) ? _busyBefore.Has(protocol, entry) : IsRange(set) && KeepsRanges(entry);

    /// <summary>The same from the other side.</summary>
    private bool IsDeletedBefore(string set, IpSetEntry entry) =>
        IsLocal(set, out var protocol) ? _busyAfter.Has(protocol, entry) : IsRange(set) && KeepsRanges(entry);

    private bool IsLocal(string set, out Protocol protocol)
    {
        protocol = set == Names.NodePortLocalUdp.In(_family) ? Protocol.Udp : Protocol.Tcp;
        return _localSets.Any(local => local.In(_family) == set);
    }

    private static readonly SetName[] _localSets =
    [
        Names.ExternalIpLocal, Names.LoadBalancerLocal, Names.NodePortLocalTcp, Names.NodePortLocalUdp,
        Names.NodePortLocalSctp,
    ];

    private bool IsRange(string set) =>
        set == Names.LoadBalancerSourceCidr.In(_family) || set == Names.LoadBalancerSourceIp.In(_family);

    /// <summary>The frontend has ranges before and after.</summary>
    private bool KeepsRanges(IpSetEntry entry)
    {
        var firewall = Names.LoadBalancerFirewall.In(_family);
        var frontend = entry with { Third = null };
        return EntriesOf(_observed, firewall).TryFind(frontend, out _)
            && EntriesOf(_desired, firewall).TryFind(frontend, out _);
    }

    private static SortedSeq<IpSetEntry> EntriesOf(Dictionary<string, IpSet> sets, string name) =>
        sets.TryGetValue(name, out var set) ? set.Entries : [];

    /// <summary>The frontends that have a real server for new flows.</summary>
    private sealed class BusyFrontends(IpvsArtifact artifact)
    {
        private HashSet<(Protocol, Port)>? _nodePorts;

        /// <param name="protocol">Of a set of ports.</param>
        public bool Has(Protocol protocol, IpSetEntry entry)
        {
            if (entry is { Address: { } address, Protocol: { } own, Port: { } port })
                return artifact.Find(new ServerKey(address, own, port)) is { } server && IsBusy(server);
            _nodePorts ??=
            [
                .. artifact.Servers
                    .Where(server => IsBusy(server) && !artifact.Addresses.TryFind(server.Address, out _))
                    .Select(server => (server.Protocol, server.Port)),
            ];
            return entry.Port is { } nodePort && _nodePorts.Contains((protocol, nodePort));
        }

        private static bool IsBusy(VirtualServer server) => server.RealServers.Any(real => real.Weight > 0);
    }
}
