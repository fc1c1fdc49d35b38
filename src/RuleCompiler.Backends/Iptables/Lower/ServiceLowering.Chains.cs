using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <content>The chains of a service-port: service-semantics §4.4, rows g to r, without a chain per endpoint.</content>
internal sealed partial class ServiceLowering
{
    /// <summary>
    /// The chain that carries out a frontend's verdicts, behind a question for the source where there are ranges.
    /// </summary>
    private string ExternalChain(DispatchKey key, Frontend frontend, ServiceChains chains)
    {
        var (external, isNew) = chains.External(frontend.Verdicts);
        if (isNew) FillExternal(_nat.Create(external), frontend.Verdicts, chains);
        if (frontend.AllowedSources is not { } allowed) return external;

        var (firewall, isNewFirewall) = chains.Firewall(frontend.Verdicts, allowed);
        if (isNewFirewall) FillFirewall(_nat.Create(firewall), external, allowed, chains);
        _refusals.Add(new Refusal(RefusalRoot.Firewall, new DispatchItem(
            key, key.To(new Target.Drop(), $"{chains.Name} traffic not accepted by {firewall}"))));
        return firewall;
    }

    /// <summary>Whoever is refused falls out untranslated and meets the filter table.</summary>
    private void FillExternal(List<Rule> chain, Verdicts verdicts, ServiceChains chains)
    {
        foreach (var (sources, verdict) in Cases(verdicts, static _ => false))
        {
            Seq<Match> matches = sources is null ? [] : [sources];
            var who = sources is null ? "" : sources == Matches.SourceIsLocal ? "LOCAL " : "pod ";
            if (verdict is Verdict.Balance balance)
            {
                if (balance.SourceNat)
                {
                    chain.Add(new Rule(matches, _markMasquerade, Comments.Clip(
                        $"masquerade {who}traffic for {chains.Name} external destinations")));
                }

                chain.Add(new Rule(
                    matches, new Target.Jump(chains.Use(balance.Over)),
                    RouteText(sources, who, chains.Name)));
            }
            else if (chains.Shadows)
            {
                chain.Add(new Rule(matches, new Target.Accept(), Comments.Clip(RefusalText(verdict, chains.Name))));
            }
            else if (sources is not null)
            {
                chain.Add(new Rule(matches, new Target.Return(), Comments.Clip(RefusalText(verdict, chains.Name))));
            }
        }
    }

    private static string? RouteText(Match? sources, string who, string name)
    {
        if (sources is null) return null;
        var verb = sources == Matches.SourceIsLocal ? "route " : "";
        return Comments.Clip($"{verb}{who}traffic for {name} external destinations");
    }

    private static void FillFirewall(List<Rule> chain, string external, Seq<Prefix> allowed, ServiceChains chains)
    {
        var comment = Comments.Clip($"{chains.Name} loadbalancer IP");
        foreach (var range in allowed)
            chain.Add(new Rule([Matches.From(range)], new Target.Jump(external), comment));
        chain.Add(new Rule(
            [], chains.Shadows ? new Target.Accept() : null,
            Comments.Clip($"other traffic to {chains.Name} will be dropped by {Names.ProxyFirewall}")));
    }

    private void AddBalance(ServiceChains chains, EndpointSet set)
    {
        var name = chains.Chain(set);
        var endpoints = chains.ServicePort.Set(set);
        var rules = _nat.Create(name);
        rules.AddRange(chains.MarkRules(set));
        if (chains.ServicePort.AffinityTimeoutSeconds is { } seconds)
        {
            foreach (var endpoint in endpoints) AddEndpointChain(chains, endpoint);
            AddMemory(rules, name, chains, endpoints, seconds);
        }

        var size = Shares.GroupSizeFor(endpoints.Count);
        if (size >= endpoints.Count)
        {
            AddRow(rules, chains, endpoints.Span);
            return;
        }

        for (var first = 0; first < endpoints.Count; first += size)
        {
            var left = endpoints.Count - first;
            var group = Names.Group(name, first / size);
            var members = endpoints.Span.Slice(first, Math.Min(size, left));
            Seq<Match> choice = members.Length == left ? [] : [new Match.Statistic(Shares.Threshold(members.Length, left))];
            rules.Add(new Rule(choice, new Target.Jump(group), Comments.Clip(chains.Name)));
            AddRow(_nat.Create(group), chains, members);
        }
    }

    /// <summary>
    /// One of these endpoints, each equally likely. Translations are the bulk of a node's rules and carry no comment: it
    /// takes 288 bytes in the kernel and nearly doubled the time of a legacy restore (README.md). Their chain says whose
    /// they are.
    /// </summary>
    private void AddRow(List<Rule> rules, ServiceChains chains, ReadOnlySpan<Endpoint> endpoints)
    {
        var sticky = chains.ServicePort.AffinityTimeoutSeconds is not null;
        for (var i = 0; i < endpoints.Length; i++)
        {
            Target target = sticky
                ? new Target.Jump(chains.EndpointChain(endpoints[i]))
                : new Target.Dnat(endpoints[i]);
            rules.Add(new Rule(
                Choice(sticky ? null : chains.Protocol, endpoints.Length - i), target,
                sticky ? ToText(chains, endpoints[i]) : null));
        }
    }

    /// <summary>One in <paramref name="of"/>; DNAT with a port needs the protocol to be tested.</summary>
    private Seq<Match> Choice(Protocol? protocol, int of)
    {
        if (_choices.TryGetValue((protocol, of), out var matches)) return matches;
        matches = [
            .. protocol is { } known ? [Matches.Of(known)] : (ReadOnlySpan<Match>)[],
            .. of > 1 ? [new Match.Statistic(Shares.Threshold(1, of))] : (ReadOnlySpan<Match>)[],
        ];
        return _choices[(protocol, of)] = matches;
    }

    /// <summary>Sends clients back to the endpoint that remembers them.</summary>
    private void AddMemory(
        List<Rule> rules, string name, ServiceChains chains, Seq<Endpoint> endpoints, int seconds)
    {
        if (_buckets.Count == 1)
        {
            AddBucket(rules, bucket: null);
            return;
        }

        for (var bucket = 0; bucket < _buckets.Count; bucket++)
        {
            var chain = Names.Bucket(name, bucket);
            rules.Add(new Rule([_buckets.Sources(bucket)], new Target.Jump(chain), Comments.Clip(chains.Name)));
            AddBucket(_nat.Create(chain), bucket);
        }

        void AddBucket(List<Rule> chain, int? bucket)
        {
            foreach (var endpoint in endpoints)
            {
                var memory = chains.EndpointChain(endpoint);
                chain.Add(new Rule(
                    [Recent(RecentAction.Check, ListOf(memory, bucket), seconds)], new Target.Jump(memory),
                    ToText(chains, endpoint)));
            }
        }
    }

    /// <summary>Remembers the client and translates. Both sets of a service-port share it, and so its memory.</summary>
    private void AddEndpointChain(ServiceChains chains, Endpoint endpoint)
    {
        if (!chains.TryAddEndpoint(endpoint, out var name)) return;
        var rules = _nat.Create(name);
        var comment = Comments.Clip(chains.Name);
        var target = new Target.Dnat(endpoint);
        for (var bucket = 0; bucket < _buckets.Count; bucket++)
        {
            int? part = _buckets.Count == 1 ? null : bucket;
            var remember = Recent(RecentAction.Set, ListOf(name, part), seconds: 0);
            rules.Add(new Rule(
                part is null
                    ? [Matches.Of(chains.Protocol), remember]
                    : [_buckets.Sources(bucket), Matches.Of(chains.Protocol), remember],
                target, comment));
        }
    }

    private static string ListOf(string chain, int? bucket) => bucket is { } part ? Names.Bucket(chain, part) : chain;

    /// <summary>
    /// One entry per source address; entries that have expired make room (--reap) when they are looked for.
    /// </summary>
    private Match.Recent Recent(RecentAction action, string list, int seconds) => new(
        action, list, seconds, HitCount: 0, Reap: seconds > 0, Ip.Create(_graph.Family, UInt128.MaxValue));

    private static string ToText(ServiceChains chains, Endpoint endpoint) =>
        Comments.Clip($"{chains.Name} -> {endpoint}");
}
