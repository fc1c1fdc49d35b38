using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>
/// One block for each table whose part of ours is not as desired. Rules follow from the configuration alone, so this is
/// for a node's first plan and for a change of configuration.
/// </summary>
internal sealed class RulePlanner
{
    private readonly Table _observed;
    private readonly Table _desired;
    private readonly List<RestoreCommand> _declared = [];
    private readonly List<RestoreCommand> _jumps = [];
    private readonly List<RestoreCommand> _rules = [];
    private readonly List<RestoreCommand> _removed = [];

    private RulePlanner(Table observed, Table desired)
    {
        (_observed, _desired) = (observed, desired);
        foreach (var chain in desired.Chains)
        {
            if (!desired.Name.IsBuiltIn(chain.Name)) Fill(chain);
        }

        foreach (var chain in BuiltInChains()) Hook(chain);
        foreach (var chain in observed.Chains)
        {
            if (IsOurs(chain.Name) && Find(desired, chain.Name) is null) Remove(chain);
        }
    }

    public static Seq<TableBlock> Plan(IptablesRuleset observed, IptablesRuleset desired)
    {
        var blocks = new List<TableBlock>();
        foreach (var name in _tables)
        {
            var planner = new RulePlanner(
                observed.Find(name) ?? new Table(name, []), desired.Find(name) ?? new Table(name, []));
            Seq<RestoreCommand> commands =
                [.. planner._declared, .. planner._jumps, .. planner._rules, .. planner._removed];
            if (!commands.IsEmpty) blocks.Add(new TableBlock(name, commands));
        }

        return blocks.ToSeq();
    }

    /// <summary>Refusals first, then what masquerades.</summary>
    private static readonly TableName[] _tables = [TableName.Mangle, TableName.Filter, TableName.Nat];

    private static readonly string[] _chains =
    [
        Names.Services, Names.LoadBalancer, Names.NodePort, Names.MarkMasquerade, Names.Postrouting, Names.Forward,
        Names.IpvsFilter, Names.ProxyFirewall, Names.SourceRanges, Names.IpvsOutFilter,
    ];

    /// <summary>
    /// The chains of both of kube-proxy's modes that are made of iptables: a node may come from either.
    /// </summary>
    private bool IsOurs(string chain) =>
        !_observed.Name.IsBuiltIn(chain) && (_chains.Contains(chain) || Ownership.IsOurs(_observed.Name, chain));

    private bool IsOurJump(Rule rule) =>
        rule is { Target: Target.Jump jump, Comment: { } comment } && IsOurs(jump.Chain) &&
        (comment.StartsWith("kubernetes ", StringComparison.Ordinal) ||
         comment.StartsWith("kube-proxy ", StringComparison.Ordinal));

    private void Fill(Chain chain)
    {
        if (Find(_observed, chain.Name) is { } old && old.Rules == chain.Rules) return;
        _declared.Add(new RestoreCommand.Declare(chain.Name, null));
        foreach (var rule in chain.Rules) _rules.Add(new RestoreCommand.Append(chain.Name, rule));
    }

    /// <summary>Our jumps at the head, in order; others' rules stay.</summary>
    private void Hook(string chain)
    {
        var wanted = Find(_desired, chain)?.Rules ?? [];
        var has = (Find(_observed, chain)?.Rules ?? []).Where(IsOurJump).ToSeq();
        if (has == wanted) return;
        foreach (var rule in has) _jumps.Add(new RestoreCommand.Delete(chain, rule));
        for (var i = 0; i < wanted.Count; i++) _jumps.Add(new RestoreCommand.Insert(chain, i + 1, wanted[i]));
    }

    /// <summary>One that somebody else's rule leads to is only emptied.</summary>
    private void Remove(Chain chain)
    {
        var referred = _observed.Chains.Any(other =>
            !IsOurs(other.Name) && other.Rules.Any(rule => !IsOurJump(rule) && LeadsTo(rule, chain.Name)));
        if (referred && chain.Rules.IsEmpty) return;
        _declared.Add(new RestoreCommand.Declare(chain.Name, null));
        if (!referred) _removed.Add(new RestoreCommand.DeleteChain(chain.Name));
    }

    private static bool LeadsTo(Rule rule, string chain) => rule.Target switch
    {
        Target.Jump jump => jump.Chain == chain,
        Target.Goto jump => jump.Chain == chain,
        _ => false,
    };

    private IEnumerable<string> BuiltInChains() => _observed.Chains.Concat(_desired.Chains)
        .Select(chain => chain.Name).Where(name => _observed.Name.IsBuiltIn(name)).Distinct();

    private static Chain? Find(Table table, string name)
    {
        foreach (var chain in table.Chains)
        {
            if (chain.Name == name) return chain;
        }

        return null;
    }
}
