using System.Diagnostics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>
/// The elements of a table. Everything follows from the verdicts of the frontends; policies are not looked at.
/// </summary>
internal sealed partial class TableLowering
{
    private static readonly NftVerdict _return = new NftVerdict.Return();

    /// <summary>
    /// Those of Services. Each has its map of endpoints, because nft takes a rule that translates by the map of a
    /// loaded table only where the map's ports are of a protocol that the rule asks for (README.md).
    /// </summary>
    private static readonly Seq<Protocol> _protocols = [Protocol.Tcp, Protocol.Udp, Protocol.Sctp];

    private readonly ServiceGraph _graph;
    private readonly NodeFacts _node;
    private readonly Words _words;
    private readonly bool _detects;
    private readonly HashSet<Choice> _choices = [];
    private readonly SortedSet<Ip> _hairpins = [];
    private readonly Dictionary<Protocol, SetBuilder> _endpoints = [];
    private readonly SortedSet<string> _owners = new(StringComparer.Ordinal);
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly SetBuilder _services, _podServices, _nodeServices, _stickyEndpoints, _slots, _localSlots;
    private readonly SetBuilder _firewalled, _sourceRanges, _refusals;

    public TableLowering(ServiceGraph graph, NodeFacts node)
    {
        (_graph, _node, _words) = (graph, node, new Words(graph.Family));
        _detects = graph.LocalTraffic is not LocalTraffic.Undetected;
        Seq<FieldType> key = [_words.Address, FieldType.InetProto, FieldType.InetService];
        var endpoint = new DataType.Values([_words.Address, FieldType.InetService]);
        _services = new(Names.Services, key, new DataType.Verdict());
        _podServices = new(Names.PodServices, key, new DataType.Verdict());
        _nodeServices = new(Names.NodeServices, key, new DataType.Verdict());
        foreach (var protocol in _protocols)
        {
            _endpoints.Add(protocol, new(
                Names.EndpointsOf(protocol), [_words.Address, FieldType.InetService, FieldType.Integer], endpoint,
                portsOf: protocol));
        }

        _stickyEndpoints = new(Names.StickyEndpoints, [.. key, FieldType.Integer], new DataType.Values([FieldType.ClassId]));
        _slots = new(Names.Slots, [.. key, FieldType.ClassId], endpoint);
        _localSlots = new(Names.LocalSlots, [.. key, FieldType.ClassId], endpoint);
        _firewalled = new(Names.Firewalled, key);
        _sourceRanges = new(Names.SourceRanges, [.. key, _words.Address], flags: SetFlags.Interval);
        _refusals = new(Names.Refusals, key, new DataType.Verdict());
    }

    public Seq<Diagnostic> Diagnostics => _diagnostics.ToSeq();

    public void Add(ServicePort servicePort)
    {
        foreach (var candidate in servicePort.Candidates)
        {
            if (candidate.IsLocal) _hairpins.Add(candidate.Endpoint.Address);
        }

        foreach (var frontend in servicePort.Frontends)
        {
            if (frontend.Address is { IsUnspecified: true })
                _diagnostics.Add(AtUnspecified(servicePort, frontend));
            else
                Add(frontend, servicePort);
        }
    }

    private void Add(Frontend frontend, ServicePort servicePort)
    {
        Seq<KeyField> key = [
            new(frontend.Address?.Bits ?? 0), new((byte)servicePort.Name.Protocol), new(frontend.Port.Value),
        ];
        AddDispatch(key, frontend, servicePort);
        AddEndpoints(key, frontend.Verdicts, servicePort);
        AddSources(key, frontend);
        AddRefusal(key, frontend.Verdicts, servicePort.Name);
    }

    /// <summary>
    /// What is the same for all has one element; a class of source that is different has one of its own.
    /// </summary>
    private void AddDispatch(Seq<KeyField> key, Frontend frontend, ServicePort servicePort)
    {
        var (pod, node, external) = (frontend.Verdicts.LocalPod, frontend.Verdicts.Node, frontend.Verdicts.External);
        var comment = Words.Comment(servicePort.Name);
        var owner = OwnerOf(frontend, servicePort);
        if (_detects && external is Verdict.Balance { SourceNat: true } all && node == external && pod == all with { SourceNat = false })
        {
            Put(_services, Translate(MasqueradeGuard.NotPods, all));
            return;
        }

        Put(_services, Of(external));
        if (node != external) Put(_nodeServices, Of(node) ?? _return);
        if (_detects && (node != external || pod != external)) Put(_podServices, Of(pod) ?? _return);

        // A refused address is nobody else's: a NodePort of its port must not take what is for it.
        NftVerdict? Of(Verdict verdict) => verdict is Verdict.Balance balance
            ? Translate(balance.SourceNat ? MasqueradeGuard.Everybody : MasqueradeGuard.Nobody, balance)
            : frontend.Address is null ? null : _return;

        NftVerdict.Goto Translate(MasqueradeGuard guard, Verdict.Balance balance)
        {
            var choice = new Choice(
                guard, servicePort.Set(balance.Over).Count, balance.Over == EndpointSet.Local, frontend.Address is null,
                servicePort.AffinityTimeoutSeconds, owner);
            if (owner is not null) _owners.Add(owner);
            _choices.Add(choice);
            _choices.Add(choice with { Guard = MasqueradeGuard.Nobody });
            return new NftVerdict.Goto(Names.Of(choice));
        }

        void Put(SetBuilder map, NftVerdict? verdict)
        {
            if (verdict is not null) map.Add(new Element(key, new ElementData.Verdict(verdict), comment));
        }
    }

    /// <summary>
    /// nft 1.0.6 ends with an assertion where a packet adds an element to a map whose key is longer than 16 bytes
    /// (src/netlink_linearize.c:netlink_gen_map_stmt @v1.0.6), and an IPv6 client with its frontend has 40.
    /// </summary>
    private string? OwnerOf(Frontend frontend, ServicePort servicePort) =>
        servicePort.AffinityTimeoutSeconds is not null && _graph.Family == Family.Ipv6
            ? Names.Of(frontend, servicePort.Name.Protocol)
            : null;

    private void AddEndpoints(Seq<KeyField> key, Verdicts verdicts, ServicePort servicePort)
    {
        var isSticky = servicePort.AffinityTimeoutSeconds is not null;
        foreach (var set in Enum.GetValues<EndpointSet>())
        {
            if (!Uses(verdicts.LocalPod, set) && !Uses(verdicts.Node, set) && !Uses(verdicts.External, set)) continue;
            var endpoints = servicePort.Set(set);
            var first = set == EndpointSet.Local ? Choice.LocalOffset : 0;
            var slots = isSticky ? Slots.Of(endpoints) : [];
            for (var i = 0; i < endpoints.Count; i++)
            {
                var to = new ElementData.Values([endpoints[i].Address.Bits, endpoints[i].Port.Value]);
                Seq<KeyField> index = [.. key.Span, new(first + (uint)i)];
                if (!isSticky)
                {
                    _endpoints[servicePort.Name.Protocol].Add(new Element([key[0], key[2], index[^1]], to));
                    continue;
                }

                _stickyEndpoints.Add(new Element(index, new ElementData.Values([slots[i]])));
                (set == EndpointSet.Local ? _localSlots : _slots).Add(new Element([.. key.Span, new(slots[i])], to));
            }
        }

        static bool Uses(Verdict verdict, EndpointSet set) => verdict is Verdict.Balance balance && balance.Over == set;
    }

    private void AddSources(Seq<KeyField> key, Frontend frontend)
    {
        if (frontend.AllowedSources is not { } allowed) return;
        _firewalled.Add(new Element(key, null));
        foreach (var block in Disjoint(allowed))
            _sourceRanges.Add(new Element([.. key.Span, Words.Range(block)], null));
    }

    /// <summary>
    /// Whoever has an endpoint is translated before he is refused, so a refusal does not ask for the source.
    /// </summary>
    private void AddRefusal(Seq<KeyField> key, Verdicts verdicts, ServicePortName name)
    {
        NftVerdict? refusal = null;
        foreach (var verdict in (ReadOnlySpan<Verdict>)[verdicts.LocalPod, verdicts.Node, verdicts.External])
        {
            NftVerdict? own = verdict switch
            {
                Verdict.Balance => null,
                Verdict.Reject => new NftVerdict.Goto(Names.RejectChain),
                Verdict.Drop => new NftVerdict.Drop(),
                _ => throw new UnreachableException(),
            };
            if (own is null) continue;
            if (refusal is not null && refusal != own) throw new UnreachableException($"{name} refuses in two ways");
            refusal = own;
        }

        if (refusal is not null) _refusals.Add(new Element(key, new ElementData.Verdict(refusal), Words.Comment(name)));
    }

    /// <summary>Without the blocks inside others: an interval set refuses overlaps.</summary>
    private static IEnumerable<Prefix> Disjoint(Seq<Prefix> blocks)
    {
        Prefix? last = null;
        foreach (var block in blocks.Order())
        {
            if (last is { } outer && outer.Contains(block)) continue;
            last = block;
            yield return block;
        }
    }

    private static Diagnostic AtUnspecified(ServicePort servicePort, Frontend frontend) => new(
        DiagnosticCatalog.UnspecifiedFrontend, servicePort.Location,
        $"Service {servicePort.Name} asks for {new Endpoint(frontend.Address!.Value, frontend.Port)}, which is no host's address; it is left out",
        "give the Service an address that packets can be sent to");
}
