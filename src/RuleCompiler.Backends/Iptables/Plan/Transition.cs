using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// The filter table that fits the nat table before and after its change. Only the refusals need thought: they meet what
/// nat leaves alone, so a refusal of the new state would hit flows that the old nat table does not translate yet, and one
/// of the old state flows that the new nat table does not translate any more.
/// </summary>
internal static class Transition
{
    public static Table FilterBetween(Table nat, Table filter, Table desiredNat, Table desiredFilter)
    {
        var before = new State(nat, filter);
        var after = new State(desiredNat, desiredFilter);
        var builder = new TableBuilder(TableName.Filter);
        var roots = RefusalChains.Roots.Select(RefusalChains.ChainOf).ToHashSet(StringComparer.Ordinal);
        foreach (var chain in desiredFilter.Chains)
        {
            var isRefusals = roots.Contains(chain.Name) || (Ownership.IsOurs(TableName.Filter, chain.Name) &&
                chain.Name is not (Names.NodePorts or Names.Forward));
            if (chain.Name == Names.NodePorts)
                builder.Create(chain.Name).AddRange(HealthChecks(before, after, filter, chain));
            else if (!isRefusals)
                builder.Create(chain.Name).AddRange(chain.Rules.Span);
        }

        if (desiredFilter.Chains.IsEmpty) return desiredFilter;
        Hairpin.KeepForwarding(builder, filter, desiredFilter);
        var alsoIn = before.Scope is { } scope && !SameScope(scope, after.Scope ?? []) ? scope : (Seq<Seq<Match>>?)null;
        RefusalChains.Fill(builder, Between(before, after), after.Scope ?? [], alsoIn);
        return builder.Build();
    }

    /// <summary>
    /// For each frontend the refusals that are right with both nat tables. Where only one state translates anything,
    /// nothing of it is refused while it does, so the other's refusals fit. Where both translate something, what they
    /// refuse are some sources, silently; whoever either translates is not asked.
    /// </summary>
    private static List<Refusal> Between(State before, State after)
    {
        var contested = before.Addressed.Union(after.Addressed)
            .Where(key => IsContested(before, after, key)).ToHashSet();
        var between = contested.Order().SelectMany(key => Contested(before, after, key)).ToList();
        foreach (var refusal in after.Refusals)
        {
            if (contested.Contains(refusal.Item.Key)) continue;
            if (after.WayOf(refusal) != Way.Translated || before.WayOf(refusal) == Way.Translated) between.Add(refusal);
            else if (before.WayOf(refusal) == Way.NodePort) between.AddRange(Within(refusal, before.Scope ?? []));
        }

        foreach (var refusal in before.Refusals)
        {
            if (contested.Contains(refusal.Item.Key)) continue;
            if (before.WayOf(refusal) != Way.Translated)
            {
                if (after.WayOf(refusal) == Way.Translated || (after.WayOf(refusal) == Way.NodePort && !after.Has(refusal)))
                    between.Add(refusal);
            }
            else if (after.WayOf(refusal) == Way.Translated)
            {
                if (!after.Has(refusal)) between.Add(refusal);
            }
            else if (after.WayOf(refusal) == Way.NodePort)
            {
                between.AddRange(Within(refusal, after.Scope ?? []));
            }
        }

        return between;
    }

    /// <summary>
    /// An address that gets or loses a frontend, or one with another fate, while a NodePort of the same number refuses
    /// something: what holds there in between depends on both.
    /// </summary>
    private static bool IsContested(State before, State after, DispatchKey key) =>
        before.RefusalsOf(key with { Address = null }).Concat(after.RefusalsOf(key with { Address = null })).Any() &&
        (before.At(key, isLocal: true) != after.At(key, isLocal: true) ||
            before.At(key, isLocal: false) != after.At(key, isLocal: false));

    /// <summary>
    /// All that may be refused at such an address, first where it is the node's own, then where it is not. The
    /// NodePort's own refusals, which come behind those of addresses, pass it by.
    /// </summary>
    private static List<Refusal> Contested(State before, State after, DispatchKey key)
    {
        var local = RightWithBoth(before.At(key, isLocal: true), after.At(key, isLocal: true));
        var foreign = RightWithBoth(before.At(key, isLocal: false), after.At(key, isLocal: false));
        var nodePort = key with { Address = null };
        var passing = key.To(new Target.Return(), "its address decides, not the NodePort");
        List<Refusal> refusals = [];
        if (local != foreign)
        {
            refusals.AddRange(local.Select(refusal => With(refusal, Matches.DestinationIsLocal)));
            refusals.AddRange(RootsOf(foreign).Select(root =>
                With(new Refusal(root, new DispatchItem(key, passing)), Matches.DestinationIsLocal)));
        }

        refusals.AddRange(foreign);
        refusals.AddRange(RootsOf(before.RefusalsOf(nodePort).Concat(after.RefusalsOf(nodePort)))
            .Select(root => new Refusal(root, new DispatchItem(nodePort, passing))));
        return refusals;
    }

    private static IEnumerable<RefusalRoot> RootsOf(IEnumerable<Refusal> refusals) =>
        refusals.Select(refusal => refusal.Root).Distinct();

    private static Seq<Refusal> RightWithBoth(Treatment before, Treatment after) =>
        !after.Translates ? after.Refusals
        : !before.Translates ? before.Refusals
        : after.Refusals.Union(before.Refusals).ToSeq();

    private static Refusal With(Refusal refusal, Match match)
    {
        var (key, rule) = refusal.Item;
        return refusal with { Item = new(key, rule with { Matches = [.. rule.Matches, match] }) };
    }

    /// <summary>A refusal that holds only where NodePorts are.</summary>
    private static IEnumerable<Refusal> Within(Refusal refusal, Seq<Seq<Match>> scope)
    {
        if (scope.Any(matches => matches.Contains(Matches.DestinationIsLocal)))
            yield return With(refusal, Matches.DestinationIsLocal);
        else if (scope.Any(matches => matches.Contains(Matches.To(refusal.Item.Key.Address!.Value))))
            yield return refusal;
    }

    /// <summary>
    /// Health checks of the new state, but where a NodePort of the same number (RC3002) is still to come to nat: there
    /// those of the old one.
    /// </summary>
    private static IEnumerable<Rule> HealthChecks(State before, State after, Table filter, Chain desired)
    {
        var old = filter.Chains.FirstOrDefault(chain => chain.Name == desired.Name)?.Rules ?? [];
        return desired.Rules.Where(rule => !IsToCome(rule)).Concat(old.Where(IsToCome));

        bool IsToCome(Rule rule) =>
            FrontendReader.KeyOf(rule) is { } key && !before.Translates(key) && after.Translates(key);
    }

    private static bool SameScope(Seq<Seq<Match>> left, Seq<Seq<Match>> right) =>
        left.Count == right.Count && left.All(matches => right.AsEnumerable().Contains(matches));

    /// <summary>What nat does to a frontend.</summary>
    private enum Way
    {
        /// <summary>At least some sources go to endpoints.</summary>
        Translated,

        /// <summary>Nothing.</summary>
        Refused,

        /// <summary>
        /// Nothing of its own, but a NodePort of its number takes the packet if the address is the node's.
        /// </summary>
        NodePort,
    }

    /// <summary>Whether nat sends some packets on, and what refuses the others, in order.</summary>
    private readonly record struct Treatment(bool Translates, Seq<Refusal> Refusals);

    /// <summary>What the two tables of one state do to each frontend.</summary>
    private sealed class State
    {
        private readonly Dictionary<DispatchKey, bool> _dispatched;
        private readonly HashSet<(RefusalRoot, DispatchKey)> _refused;
        private readonly ILookup<DispatchKey, Refusal> _refusals;

        public State(Table nat, Table filter)
        {
            _dispatched = FrontendReader.Dispatched(nat);
            Scope = FrontendReader.NodePortScope(nat);
            Refusals = FrontendReader.Refusals(filter);
            _refused = Refusals.Select(refusal => (refusal.Root, refusal.Item.Key)).ToHashSet();
            _refusals = Refusals.ToLookup(refusal => refusal.Item.Key);
        }

        /// <summary>Frontends of one address.</summary>
        public IEnumerable<DispatchKey> Addressed =>
            _dispatched.Keys.Concat(Refusals.Select(refusal => refusal.Item.Key)).Where(key => key.Address is not null);

        public List<Refusal> Refusals { get; }

        /// <summary>Null when the state has no dispatch at all.</summary>
        public Seq<Seq<Match>>? Scope { get; }

        public Way WayOf(Refusal refusal)
        {
            var key = refusal.Item.Key;
            if (_dispatched.TryGetValue(key, out var translated)) return translated ? Way.Translated : Way.Refused;
            return key.Address is not null && _dispatched.GetValueOrDefault(key with { Address = null })
                ? Way.NodePort
                : Way.Refused;
        }

        /// <summary>What happens to packets for an address and port, the address being the node's own or not.</summary>
        public Treatment At(DispatchKey key, bool isLocal)
        {
            var own = _refusals[key].ToSeq();
            if (_dispatched.TryGetValue(key, out var translates)) return new Treatment(translates, own);
            var address = key.Address!.Value;
            if (!HasNodePorts(address, isLocal)) return new Treatment(false, own);
            var nodePort = key with { Address = null };
            return new Treatment(
                _dispatched.GetValueOrDefault(nodePort),
                [.. own, .. _refusals[nodePort].Select(refusal => refusal with { Item = new(key, At(address, refusal)) })]);
        }

        public IEnumerable<Refusal> RefusalsOf(DispatchKey key) => _refusals[key];

        public bool Translates(DispatchKey key) => _dispatched.GetValueOrDefault(key);

        public bool Has(Refusal refusal) => _refused.Contains((refusal.Root, refusal.Item.Key));

        private static Rule At(Ip address, Refusal refusal) =>
            refusal.Item.Rule with { Matches = Matches.InOrder([Matches.To(address), .. refusal.Item.Rule.Matches]) };

        private bool HasNodePorts(Ip address, bool isLocal) => Scope is { } scope && scope.Any(matches =>
            matches.Contains(Matches.To(address)) || (isLocal && matches.Contains(Matches.DestinationIsLocal)));
    }
}
