using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>The chains of the filter table that hold refusals.</summary>
internal enum RefusalRoot
{
    /// <summary>ClusterIPs: passed by FORWARD and OUTPUT.</summary>
    Services,

    /// <summary>External addresses and NodePorts.</summary>
    External,

    /// <summary>Sources outside the ranges of a load-balancer IP.</summary>
    Firewall,
}

/// <summary>Packets to a frontend that nat left alone, and what becomes of them.</summary>
internal readonly record struct Refusal(RefusalRoot Root, DispatchItem Item);

/// <summary>
/// Lays refusals out: a tree of addresses in each root, and NodePorts behind the addresses that they are on. Lowering
/// and planning share it.
/// </summary>
internal static class RefusalChains
{
    public static readonly RefusalRoot[] Roots = Enum.GetValues<RefusalRoot>();

    public static string ChainOf(RefusalRoot root) => root switch
    {
        RefusalRoot.Services => Names.Services,
        RefusalRoot.External => Names.ExternalServices,
        RefusalRoot.Firewall => Names.ProxyFirewall,
    };

    /// <param name="scope">The addresses of NodePorts, <see cref="ScopeRules.Of"/>.</param>
    /// <param name="alsoIn">A second scope that must hold too.</param>
    public static void Fill(
        TableBuilder filter, IReadOnlyList<Refusal> refusals, Seq<Seq<Match>> scope, Seq<Seq<Match>>? alsoIn = null)
    {
        // NodePorts on no address at all have nobody to refuse; their chain would hang in the air.
        var hasNodePorts = !scope.IsEmpty && alsoIn is not { IsEmpty: true };
        foreach (var root in Roots)
        {
            var items = new List<DispatchItem>();
            foreach (var refusal in refusals)
            {
                if (refusal.Root == root && (hasNodePorts || refusal.Item.Key.Address is not null)) items.Add(refusal.Item);
            }

            var chain = filter.Create(ChainOf(root));
            if (items.Count > 0) Fill(filter, chain, root, items, scope, alsoIn);
        }
    }

    private static void Fill(
        TableBuilder filter, List<Rule> chain, RefusalRoot root, List<DispatchItem> items, Seq<Seq<Match>> scope,
        Seq<Seq<Match>>? alsoIn)
    {
        // An endpoint may have the address and port of a frontend that refuses; whoever was sent there is not refused.
        chain.Add(new Rule([Matches.IsTranslated], new Target.Return()));

        var sorted = items.Select((item, index) => (item, index)).OrderBy(entry => entry.item.Key)
            .ThenBy(entry => entry.index).Select(entry => entry.item).ToArray().AsSpan();
        var addressed = 0;
        while (addressed < sorted.Length && sorted[addressed].Key.Address is not null) addressed++;
        DispatchTree.FillByAddress(filter, chain, PrefixOf(root), sorted[..addressed]);
        if (addressed == sorted.Length) return;

        if (alsoIn is { } second)
        {
            AddScope(chain, second, Names.RefusedNodePortsBothScopes);
            chain = filter.Create(Names.RefusedNodePortsBothScopes);
        }

        AddScope(chain, scope, Names.RefusedNodePorts);
        DispatchTree.FillByPort(
            filter, filter.Create(Names.RefusedNodePorts), Names.ExternalPrefix, sorted[addressed..]);
    }

    private static void AddScope(List<Rule> chain, Seq<Seq<Match>> scope, string target)
    {
        foreach (var matches in scope)
            chain.Add(new Rule(matches, new Target.Jump(target), "kubernetes service nodeports that refuse"));
    }

    private static string PrefixOf(RefusalRoot root) => root switch
    {
        RefusalRoot.Services => Names.ClusterPrefix,
        RefusalRoot.External => Names.ExternalPrefix,
        RefusalRoot.Firewall => Names.FirewallPrefix,
    };
}
