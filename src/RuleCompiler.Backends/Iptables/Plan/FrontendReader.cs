using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// Reads from rules which frontends they translate and refuse. It understands our layout and kube-proxy's: a rule that
/// tests one protocol and one port is about a frontend, and any other leads on.
/// </summary>
internal static class FrontendReader
{
    /// <summary>Frontends that nat has a rule for: true where it sends them on, for at least some sources.</summary>
    public static Dictionary<DispatchKey, bool> Dispatched(Table nat)
    {
        var keys = new Dictionary<DispatchKey, bool>();
        foreach (var (key, rule) in FrontendRules(nat, Names.Services))
            keys[key] = NextOf(rule) is not null || keys.GetValueOrDefault(key);
        return keys;
    }

    /// <summary>The matches of the rules that lead to the NodePorts; null without a dispatch chain.</summary>
    public static Seq<Seq<Match>>? NodePortScope(Table nat)
    {
        foreach (var chain in nat.Chains)
        {
            if (chain.Name != Names.Services) continue;
            return chain.Rules.Where(rule => NextOf(rule) == Names.NodePorts).Select(rule => rule.Matches).ToSeq();
        }

        return null;
    }

    /// <summary>In the order in which a packet meets them.</summary>
    public static List<Refusal> Refusals(Table filter)
    {
        var refusals = new List<Refusal>();
        foreach (var root in RefusalChains.Roots)
        {
            foreach (var (key, rule) in FrontendRules(filter, RefusalChains.ChainOf(root)))
            {
                if (rule.Target is Target.Reject or Target.Drop)
                    refusals.Add(new Refusal(root, new DispatchItem(key, WithoutScope(key, rule))));
            }
        }

        return refusals;
    }

    /// <summary>
    /// Null unless the rule tests one protocol and one port. An address that is a block counts as any.
    /// </summary>
    public static DispatchKey? KeyOf(Rule rule)
    {
        Ip? address = null;
        Protocol? protocol = null;
        Port? port = null;
        foreach (var match in rule.Matches)
        {
            switch (match)
            {
                case Match.Destination { Inverted: false } to when to.Mask.Bits == to.Mask.Family.HostMask():
                    address = to.Address;
                    break;
                case Match.OfProtocol { Inverted: false } of:
                    protocol = of.Protocol;
                    break;
                case Match.DestinationPort { Inverted: false } ports when ports.First == ports.Last:
                    port = ports.First;
                    break;
            }
        }

        return protocol is { } knownProtocol && port is { } knownPort
            ? new DispatchKey(address, knownProtocol, knownPort)
            : null;
    }

    /// <summary>
    /// kube-proxy asks in every NodePort rule for a local address; here the way to the rule has asked.
    /// </summary>
    private static Rule WithoutScope(DispatchKey key, Rule rule) => key.Address is null
        ? rule with { Matches = rule.Matches.Where(match => match is not Match.DestinationIsLocal).ToSeq() }
        : rule;

    private static List<(DispatchKey Key, Rule Rule)> FrontendRules(Table table, string root)
    {
        var chains = new Dictionary<string, Chain>(StringComparer.Ordinal);
        foreach (var chain in table.Chains) chains[chain.Name] = chain;
        var found = new List<(DispatchKey, Rule)>();
        var seen = new HashSet<string>(StringComparer.Ordinal) { root };
        var waiting = new Stack<string>([root]);
        while (waiting.TryPop(out var name))
        {
            if (!chains.TryGetValue(name, out var chain)) continue;
            foreach (var rule in chain.Rules)
            {
                if (KeyOf(rule) is { } key) found.Add((key, rule));
                else if (NextOf(rule) is { } next && Ownership.IsOurs(table.Name, next) && seen.Add(next)) waiting.Push(next);
            }
        }

        return found;
    }

    private static string? NextOf(Rule rule) => rule.Target switch
    {
        Target.Jump jump => jump.Chain,
        Target.Goto jump => jump.Chain,
        _ => null,
    };
}
