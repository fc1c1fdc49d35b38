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
        var between = new List<Refusal>();
        foreach (var refusal in after.Refusals)
        {
            if (after.WayOf(refusal) != Way.Translated || before.WayOf(refusal) == Way.Translated) between.Add(refusal);
            else if (before.WayOf(refusal) == Way.NodePort) between.AddRange(Within(refusal, before.Scope ?? []));
        }

        foreach (var refusal in before.Refusals)
        {
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

    /// <summary>A refusal that holds only where NodePorts are.</summary>
    private static IEnumerable<Refusal> Within(Refusal refusal, Seq<Seq<Match>> scope)
    {
        var (key, rule) = refusal.Item;
        if (scope.Any(matches => matches.Contains(Matches.DestinationIsLocal)))
            yield return refusal with { Item = new(key, rule with { Matches = [.. rule.Matches, Matches.DestinationIsLocal] }) };
        else if (scope.Any(matches => matches.Contains(Matches.To(key.Address!.Value))))
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

    /// <summary>What the two tables of one state do to each frontend.</summary>
    private sealed class State
    {
        private readonly Dictionary<DispatchKey, bool> _dispatched;
        private readonly HashSet<(RefusalRoot, DispatchKey)> _refused;

        public State(Table nat, Table filter)
        {
            _dispatched = FrontendReader.Dispatched(nat);
            Scope = FrontendReader.NodePortScope(nat);
            Refusals = FrontendReader.Refusals(filter);
            _refused = Refusals.Select(refusal => (refusal.Root, refusal.Item.Key)).ToHashSet();
        }

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

        public bool Translates(DispatchKey key) => _dispatched.GetValueOrDefault(key);

        public bool Has(Refusal refusal) => _refused.Contains((refusal.Root, refusal.Item.Key));
    }
}
