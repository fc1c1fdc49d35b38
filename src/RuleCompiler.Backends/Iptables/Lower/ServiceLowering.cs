using System.Diagnostics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// The nat table's service chains, and the refusals for the filter table. Everything follows from the verdicts of the
/// frontends; policies are not looked at.
/// </summary>
internal sealed partial class ServiceLowering
{
    private static readonly Target _markMasquerade = new Target.Jump(Names.MarkMasquerade);

    private readonly ServiceGraph _graph;
    private readonly NodeFacts _node;
    private readonly TableBuilder _nat = new(TableName.Nat);
    private readonly List<DispatchItem> _dispatch = [];
    private readonly List<Refusal> _refusals = [];
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly HashSet<(Protocol, Port)> _nodePorts = [];
    private readonly Dictionary<(Protocol?, int), Seq<Match>> _choices = [];
    private readonly Match? _localPod;
    private readonly Match? _notLocalPod;
    private readonly AffinityBuckets _buckets;

    public ServiceLowering(ServiceGraph graph, NodeFacts node)
    {
        _graph = graph;
        _node = node;
        _localPod = Matches.LocalPod(graph.LocalTraffic, inverted: false);
        _notLocalPod = Matches.LocalPod(graph.LocalTraffic, inverted: true);
        var sticky = 0;
        foreach (var servicePort in graph.ServicePorts)
        {
            if (servicePort.AffinityTimeoutSeconds is not null)
                sticky += servicePort.ClusterSet.Union(servicePort.LocalSet).Count();
            foreach (var frontend in servicePort.Frontends)
            {
                if (frontend.Address is null) _nodePorts.Add((servicePort.Name.Protocol, frontend.Port));
            }
        }

        _buckets = AffinityBuckets.For(node.Kernel.RecentListEntries, sticky, graph.Family);
        if (sticky > 0 && _buckets.ShortOf(node) is { } diagnostic) _diagnostics.Add(diagnostic);
    }

    public IReadOnlyList<Refusal> Refusals => _refusals;

    public Seq<Diagnostic> Diagnostics => _diagnostics.ToSeq();

    public void Add(ServicePort servicePort)
    {
        var shadows = servicePort.Frontends.Any(frontend =>
            frontend.Address is not null && _nodePorts.Contains((servicePort.Name.Protocol, frontend.Port)));
        var chains = new ServiceChains(servicePort, shadows);
        foreach (var frontend in servicePort.Frontends) Add(frontend, chains);
        if (chains.UsesCluster) AddBalance(chains, EndpointSet.Cluster);
        if (chains.UsesLocal) AddBalance(chains, EndpointSet.Local);
    }

    /// <summary>
    /// The whole table: dispatch in front of the service chains that <see cref="Add(ServicePort)"/> made.
    /// </summary>
    public Table BuildNat()
    {
        FixedChains.FillNat(_nat, _graph, _node);
        var items = _dispatch.ToArray();
        Array.Sort(items, static (left, right) => left.Key.CompareTo(right.Key));
        var addressed = 0;
        while (addressed < items.Length && items[addressed].Key.Address is not null) addressed++;

        var services = _nat.Create(Names.Services);
        DispatchTree.FillByAddress(_nat, services, Names.ClusterPrefix, items.AsSpan(0, addressed));
        foreach (var matches in ScopeRules.Of(_graph.NodePorts, _graph.Family))
        {
            services.Add(new Rule(
                matches, new Target.Jump(Names.NodePorts),
                "kubernetes service nodeports; NOTE: this must be the last rule in this chain"));
        }

        DispatchTree.FillByPort(_nat, _nat.Create(Names.NodePorts), Names.ExternalPrefix, items.AsSpan(addressed));
        return _nat.Build();
    }

    private void Add(Frontend frontend, ServiceChains chains)
    {
        var key = new DispatchKey(frontend.Address, chains.Protocol, frontend.Port);
        var verdicts = frontend.Verdicts;
        if (verdicts.Any(static verdict => verdict is not Verdict.Balance)) AddRefusals(key, frontend, chains);
        if (verdicts.Any(static verdict => verdict is Verdict.Balance))
        {
            var target = frontend.Kind == FrontendKind.ClusterIp && frontend.AllowedSources is null &&
                verdicts.OneSet() is { } set
                    ? DirectChain(key, verdicts, set, chains)
                    : ExternalChain(key, frontend, chains);
            _dispatch.Add(new DispatchItem(key, key.To(new Target.Jump(target), RoleOf(frontend.Kind, chains.Name))));
        }
        else if (chains.Shadows && frontend.Address is not null)
        {
            _dispatch.Add(new DispatchItem(key, key.To(new Target.Accept(), RefusalText(verdicts.External, chains.Name))));
        }
    }

    /// <summary>
    /// All sources go to one set: marks are set in its chain, whose other users have other addresses.
    /// </summary>
    private string DirectChain(DispatchKey key, Verdicts verdicts, EndpointSet set, ServiceChains chains)
    {
        // The chain of an only frontend has no other packets: less to load, and less for each connection to pass.
        var isOnlyUser = chains.ServicePort.Frontends.Count == 1;
        var comment = isOnlyUser ? null : Comments.Clip(RoleOf(FrontendKind.ClusterIp, chains.Name));
        Match[] destination = isOnlyUser
            ? []
            : [Matches.To(key.Address!.Value), Matches.Of(key.Protocol), Matches.Port(key.Port)];
        foreach (var sources in MasqueradedSources(verdicts))
        {
            chains.MarkRules(set).Add(new Rule(
                Matches.InOrder([.. sources, .. destination]), _markMasquerade, comment));
        }

        return chains.Use(set);
    }

    /// <summary>The sources that are masqueraded, as one list of matches for each rule.</summary>
    private IEnumerable<Match[]> MasqueradedSources(Verdicts verdicts)
    {
        var (pod, node, external) = (IsMasqueraded(verdicts.LocalPod), IsMasqueraded(verdicts.Node), IsMasqueraded(verdicts.External));
        if (_localPod is null || _notLocalPod is null)
        {
            if (node && external) yield return [];
            else if (node) yield return [Matches.SourceIsLocal];
            else if (external) yield return [Matches.SourceIsForeign];
            yield break;
        }

        if (pod && node && external)
        {
            yield return [];
            yield break;
        }

        if (pod) yield return [_localPod];
        if (node && external) yield return [_notLocalPod];
        else if (node) yield return [_notLocalPod, Matches.SourceIsLocal];
        else if (external) yield return [_notLocalPod, Matches.SourceIsForeign];
    }

    /// <summary>
    /// Refusals of the filter table. They do not ask for the class of source: whoever has an endpoint is translated when
    /// they are reached. Only where some sources are to be told and others not do they differ.
    /// </summary>
    private void AddRefusals(DispatchKey key, Frontend frontend, ServiceChains chains)
    {
        var root = frontend.Kind == FrontendKind.ClusterIp ? RefusalRoot.Services : RefusalRoot.External;
        foreach (var (sources, verdict) in Cases(frontend.Verdicts, static verdict => verdict is Verdict.Balance))
        {
            Target? target = verdict switch
            {
                Verdict.Reject => new Target.Reject(RejectKind.PortUnreachable),
                Verdict.Drop => new Target.Drop(),
                _ => null,
            };
            if (target is null) continue;
            var rule = key.To(target, RefusalText(verdict, chains.Name));
            if (sources is not null) rule = rule with { Matches = Matches.InOrder([sources, .. rule.Matches.Span]) };
            _refusals.Add(new Refusal(root, new DispatchItem(key, rule)));
        }
    }

    /// <summary>
    /// The classes of source in the order in which they are told apart, each with the match that finds it once the
    /// earlier ones are gone; null is everybody else. Classes whose verdict does not matter join their successor.
    /// </summary>
    private List<(Match? Sources, Verdict Verdict)> Cases(Verdicts verdicts, Predicate<Verdict> any)
    {
        var cases = new List<(Match? Sources, Verdict Verdict)>();
        if (_localPod is not null) cases.Add((_localPod, verdicts.LocalPod));
        cases.Add((Matches.SourceIsLocal, verdicts.Node));
        cases.Add((null, verdicts.External));
        while (cases.Count > 1)
        {
            var (here, rest) = (cases[^2].Verdict, cases[^1].Verdict);
            if (here != rest && !any(here) && !any(rest)) break;
            cases.RemoveRange(cases.Count - 2, 2);
            cases.Add((null, any(here) ? rest : here));
        }

        return cases;
    }

    private static bool IsMasqueraded(Verdict verdict) => verdict is Verdict.Balance { SourceNat: true };

    private static string RoleOf(FrontendKind kind, string name) => kind switch
    {
        FrontendKind.ClusterIp => name + " cluster IP",
        FrontendKind.ExternalIp => name + " external IP",
        FrontendKind.LoadBalancerIp => name + " loadbalancer IP",
        FrontendKind.NodePort => name,
    };

    private static string RefusalText(Verdict verdict, string name) => verdict switch
    {
        Verdict.Reject => name + " has no endpoints",
        Verdict.Drop => name + " has no local endpoints",
        _ => throw new UnreachableException(),
    };
}
