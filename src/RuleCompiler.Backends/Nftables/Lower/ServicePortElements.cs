using System.Diagnostics;
using System.Runtime.InteropServices;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>
/// What some service-ports put into a table. Everything follows from the verdicts of their frontends, and nothing from
/// other service-ports; policies are not looked at.
/// </summary>
internal sealed class ServicePortElements(ServiceGraph graph)
{
    private static readonly NftVerdict _return = new NftVerdict.Return();

    private readonly bool _detects = graph.LocalTraffic is not LocalTraffic.Undetected;
    private readonly Dictionary<string, List<Element>> _elements = new(StringComparer.Ordinal);
    private readonly List<Ip> _hairpins = [];
    private readonly List<Choice> _choices = [];
    private readonly List<string> _owners = [];
    private readonly List<Noted<ServicePortName>> _notes = [];

    /// <summary>Local endpoints, which may reach themselves.</summary>
    public IReadOnlyCollection<Ip> Hairpins => _hairpins;

    public IReadOnlyCollection<Choice> Choices => _choices;

    /// <summary>Frontends with a map of bindings of their own.</summary>
    public IReadOnlyCollection<string> Owners => _owners;

    public IReadOnlyCollection<Noted<ServicePortName>> Notes => _notes;

    /// <summary>The sets that have elements.</summary>
    public IReadOnlyCollection<string> Sets => _elements.Keys;

    public IReadOnlyCollection<Element> In(string set) => _elements.GetValueOrDefault(set) ?? [];

    public void Add(ServicePort servicePort)
    {
        foreach (var candidate in servicePort.Candidates)
        {
            if (candidate.IsLocal) _hairpins.Add(candidate.Endpoint.Address);
        }

        var notes = new List<Diagnostic>();
        foreach (var frontend in servicePort.Frontends)
        {
            if (frontend.Address is { IsUnspecified: true })
                notes.Add(AtUnspecified(servicePort, frontend));
            else
                Add(frontend, servicePort);
        }

        if (notes.Count > 0) _notes.Add(new(servicePort.Name, notes.ToSeq()));
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

    private void Put(string set, Element element)
    {
        ref var elements = ref CollectionsMarshal.GetValueRefOrAddDefault(_elements, set, out _);
        (elements ??= []).Add(element);
    }

    /// <summary>
    /// What is the same for all has one element; a class of source that is different has one of its own.
    /// </summary>
    private void AddDispatch(Seq<KeyField> key, Frontend frontend, ServicePort servicePort)
    {
        var (pod, node, external) = (frontend.Verdicts.LocalPod, frontend.Verdicts.Node, frontend.Verdicts.External);
        var comment = Words.Comment(servicePort.Name);
        var owner = OwnerOf(frontend, servicePort);
        var isOwned = false;
        if (_detects && external is Verdict.Balance { SourceNat: true } all && node == external && pod == all with { SourceNat = false })
        {
            Lead(Names.Services, Translate(MasqueradeGuard.NotPods, all));
            return;
        }

        Lead(Names.Services, Of(external));
        if (node != external) Lead(Names.NodeServices, Of(node) ?? _return);
        if (_detects && (node != external || pod != external)) Lead(Names.PodServices, Of(pod) ?? _return);

        // A refused address is nobody else's: a NodePort of its port must not take what is for it.
        NftVerdict? Of(Verdict verdict) => verdict is Verdict.Balance balance
            ? Translate(balance.SourceNat ? MasqueradeGuard.Everybody : MasqueradeGuard.Nobody, balance)
            : frontend.Address is null ? null : _return;

        NftVerdict.Goto Translate(MasqueradeGuard guard, Verdict.Balance balance)
        {
            var choice = new Choice(
                guard, servicePort.Set(balance.Over).Count, balance.Over == EndpointSet.Local, frontend.Address is null,
                servicePort.AffinityTimeoutSeconds, owner);
            if (owner is not null && !isOwned) _owners.Add(owner);
            isOwned = true;
            _choices.Add(choice);
            _choices.Add(choice with { Guard = MasqueradeGuard.Nobody });
            return new NftVerdict.Goto(Names.Of(choice));
        }

        void Lead(string map, NftVerdict? verdict)
        {
            if (verdict is not null) Put(map, new Element(key, new ElementData.Verdict(verdict), comment));
        }
    }

    /// <summary>
    /// nft 1.0.6 ends with an assertion where a packet adds an element to a map whose key is longer than 16 bytes
    /// (src/netlink_linearize.c:netlink_gen_map_stmt @v1.0.6), and an IPv6 client with its frontend has 40.
    /// </summary>
    private string? OwnerOf(Frontend frontend, ServicePort servicePort) =>
        servicePort.AffinityTimeoutSeconds is not null && graph.Family == Family.Ipv6
            ? Names.Of(frontend, servicePort.Name.Protocol)
            : null;

    private void AddEndpoints(Seq<KeyField> key, Verdicts verdicts, ServicePort servicePort)
    {
        var isSticky = servicePort.AffinityTimeoutSeconds is not null;
        var endpointsOf = Names.EndpointsOf(servicePort.Name.Protocol);
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
                    Put(endpointsOf, new Element([key[0], key[2], index[^1]], to));
                    continue;
                }

                Put(Names.StickyEndpoints, new Element(index, new ElementData.Values([slots[i]])));
                Put(set == EndpointSet.Local ? Names.LocalSlots : Names.Slots, new Element([.. key.Span, new(slots[i])], to));
            }
        }

        static bool Uses(Verdict verdict, EndpointSet set) => verdict is Verdict.Balance balance && balance.Over == set;
    }

    private void AddSources(Seq<KeyField> key, Frontend frontend)
    {
        if (frontend.AllowedSources is not { } allowed) return;
        Put(Names.Firewalled, new Element(key, null));
        foreach (var block in Words.Disjoint(allowed))
            Put(Names.SourceRanges, new Element([.. key.Span, Words.Range(block)], null));
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

        if (refusal is not null)
            Put(Names.Refusals, new Element(key, new ElementData.Verdict(refusal), Words.Comment(name)));
    }

    private static Diagnostic AtUnspecified(ServicePort servicePort, Frontend frontend) => new(
        DiagnosticCatalog.UnspecifiedFrontend, servicePort.Location,
        $"Service {servicePort.Name} asks for {new Endpoint(frontend.Address!.Value, frontend.Port)}, which is no host's address; it is left out",
        "give the Service an address that packets can be sent to");
}
