using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>The sets of a graph's table, and what changes in them from one graph to the next.</summary>
internal sealed partial class TableLowering(ServiceGraph graph)
{
    /// <summary>Bindings that are remembered at once: 1 M of about 100 bytes.</summary>
    private const int AffinitySize = 1 << 20;

    /// <summary>
    /// Those of Services. Each has its map of endpoints, because nft takes a rule that translates by the map of a
    /// loaded table only where the map's ports are of a protocol that the rule asks for (README.md).
    /// </summary>
    private static readonly Seq<Protocol> _protocols = [Protocol.Tcp, Protocol.Udp, Protocol.Sctp];

    private readonly Words _words = new(graph.Family);

    /// <summary>The graph's node without a Service.</summary>
    public NftLowering WithoutServices()
    {
        var table = new NftTable(Names.Table, EmptySets().ToSortedSeq(), [.. HookChains(), .. FixedChains()]);
        return new NftLowering(graph.WithoutServices(), table, default, default, []);
    }

    /// <summary>The graph's table, from that of an earlier graph of the node.</summary>
    public NftLowering From(NftLowering before)
    {
        var (gone, come) = (new ServicePortElements(graph), new ServicePortElements(graph));
        var servicePorts = before.Graph.ServicePorts.ChangesTo(graph.ServicePorts);
        foreach (var servicePort in servicePorts.Removed) gone.Add(servicePort);
        foreach (var servicePort in servicePorts.Added) come.Add(servicePort);

        var hairpins = before.Hairpins.Update(gone.Hairpins, come.Hairpins);
        var choices = before.Choices.Update(gone.Choices, come.Choices);
        List<NftSet> oldSets = [.. gone.Owners.Select(Bindings)], newSets = [.. come.Owners.Select(Bindings)];
        foreach (var name in gone.Sets.Union(come.Sets)) Edit(name, gone.In(name), come.In(name));
        EditAddresses(Names.ClusterIps, before.Graph.ClusterIps.ChangesTo(graph.ClusterIps));
        Edit(Names.ServiceCidrs, CidrsOf(before.Graph), CidrsOf(graph));
        EditAddresses(Names.Hairpins, before.Hairpins.Items.ChangesTo(hairpins.Items));

        var chains = before.Choices.Items.ChangesTo(choices.Items);
        var table = before.Table with
        {
            Sets = before.Table.Sets.Update(oldSets, newSets),
            Chains = before.Table.Chains.Update(chains.Removed.Select(ChainOf), chains.Added.Select(ChainOf)),
        };
        return new NftLowering(graph, table, hairpins, choices, before.Notes.Update(gone.Notes, come.Notes));

        void Edit(string name, IEnumerable<Element> removed, IEnumerable<Element> added)
        {
            var set = before.Table.FindSet(name)!;
            oldSets.Add(set);
            newSets.Add(set with { Elements = set.Elements.Update(removed, added) });
        }

        void EditAddresses(string name, Changes<Ip> changes) =>
            Edit(
                name, changes.Removed.Select(address => AddressIn(name, address)),
                changes.Added.Select(address => AddressIn(name, address)));

        static Element AddressIn(string set, Ip address) =>
            new(set == Names.Hairpins ? [new(address.Bits), new(address.Bits)] : [new(address.Bits)], null);

        static IEnumerable<Element> CidrsOf(ServiceGraph of) =>
            Words.Disjoint(of.ServiceCidrs).Select(block => new Element([Words.Range(block)], null));
    }

    private IEnumerable<NftSet> EmptySets()
    {
        Seq<FieldType> key = [_words.Address, FieldType.InetProto, FieldType.InetService];
        var verdict = new DataType.Verdict();
        var slot = new DataType.Values([FieldType.ClassId]);
        var endpoint = new DataType.Values([_words.Address, FieldType.InetService]);
        yield return Set(Names.ClusterIps, [_words.Address]);
        yield return Set(Names.ServiceCidrs, [_words.Address], flags: SetFlags.Interval);
        yield return Set(Names.NodePortIps, [_words.Address]) with
        {
            Elements = graph.NodePorts is NodePortScope.Listed listed
                ? listed.Addresses.Select(address => new Element([new(address.Bits)], null)).ToSortedSeq()
                : [],
        };
        yield return Set(Names.Hairpins, [_words.Address, _words.Address]);
        yield return Set(Names.Services, key, verdict);
        yield return Set(Names.PodServices, key, verdict);
        yield return Set(Names.NodeServices, key, verdict);
        foreach (var protocol in _protocols.AsEnumerable())
        {
            yield return Set(
                Names.EndpointsOf(protocol), [_words.Address, FieldType.InetService, FieldType.Integer], endpoint) with
            {
                PortsOf = protocol,
            };
        }

        yield return Set(Names.StickyEndpoints, [.. key, FieldType.Integer], slot);
        yield return Set(Names.Slots, [.. key, FieldType.ClassId], endpoint);
        yield return Set(Names.LocalSlots, [.. key, FieldType.ClassId], endpoint);
        yield return Set(Names.Firewalled, key);
        yield return Set(Names.SourceRanges, [.. key, _words.Address], flags: SetFlags.Interval);
        yield return Set(Names.Refusals, key, verdict);
        if (graph.Family == Family.Ipv4)
        {
            yield return Set(
                Names.AffinityOf(null), [.. key, _words.Address], slot,
                SetFlags.Dynamic | SetFlags.Timeout, AffinitySize);
        }
    }

    private NftSet Bindings(string owner) => Set(
        Names.AffinityOf(owner), [_words.Address], new DataType.Values([FieldType.ClassId]),
        SetFlags.Dynamic | SetFlags.Timeout, NftSet.DynamicSize);

    private static NftSet Set(
        string name, Seq<FieldType> key, DataType? data = null, SetFlags flags = SetFlags.None, int? size = null) =>
        new(name, key, data, flags, TimeoutSeconds: null, size, []);
}
