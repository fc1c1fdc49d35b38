using RuleCompiler.Ir;

namespace RuleCompiler.Emulator;

/// <summary>
/// What xt_check_table_hooks, mark_source_chains and each target's hook mask check when a table is loaded
/// (net/ipv4/netfilter/ip_tables.c @v6.1): no loop, and NAT or REJECT only where the packet can take it.
/// </summary>
internal sealed partial class IptablesTranslation
{
    // net/netfilter/xt_nat.c:xt_nat_target_reg, xt_MASQUERADE.c, net/ipv4/netfilter/ipt_REJECT.c @v6.1.
    private static readonly Hook[] DnatHooks = [Hook.Prerouting, Hook.Output];
    private static readonly Hook[] MasqueradeHooks = [Hook.Postrouting];
    private static readonly Hook[] RejectHooks = [Hook.Input, Hook.Forward, Hook.Output];

    private enum Visit : byte
    {
        Unseen,
        Open,
        Done,
    }

    private void CheckReach()
    {
        foreach (var root in _bases)
        {
            var visits = new Visit[_chains.Count];
            CheckChain(root.Hook, root.Chain, visits);
        }

        // The kernel refuses a loop even where no hook reaches it: legacy when the table is loaded
        // ("mark_source_chains"), nft when the jump is added (nf_tables_check_loops).
        var all = new Visit[_chains.Count];
        for (var chain = 0; chain < _chains.Count; chain++) CheckChain(null, chain, all);
        var distinct = _diagnostics.Distinct().ToList();
        _diagnostics.Clear();
        _diagnostics.AddRange(distinct);
    }

    /// <summary>An explicit stack: a hostile ruleset may nest thousands of chains.</summary>
    private void CheckChain(Hook? hook, int root, Visit[] visits)
    {
        if (visits[root] != Visit.Unseen) return;
        var stack = new Stack<(int Chain, int Rule)>();
        visits[root] = Visit.Open;
        stack.Push((root, 0));
        while (stack.TryPop(out var frame))
        {
            var chain = _chains[frame.Chain];
            if (frame.Rule == chain.RuleCount)
            {
                visits[frame.Chain] = Visit.Done;
                continue;
            }

            stack.Push((frame.Chain, frame.Rule + 1));
            var rule = chain.FirstRule + frame.Rule;
            CheckHook(hook, rule);
            if (_rules[rule].Verdict is not { Kind: VerdictKind.Jump or VerdictKind.Goto, Chain: var next }) continue;
            if (visits[next] == Visit.Open)
            {
                Report(DiagnosticCatalog.ChainLoop, _sources[rule].Chain, _sources[rule].Rule,
                    $"found a jump from {chain.Name} back to {_chains[next].Name}, expected chains without a loop");
            }
            else if (visits[next] == Visit.Unseen)
            {
                visits[next] = Visit.Open;
                stack.Push((next, 0));
            }
        }
    }

    private void CheckHook(Hook? hook, int rule)
    {
        var allowed = _rules[rule] switch
        {
            { Effect: Effect.Dnat } => DnatHooks,
            { Effect: Effect.Masquerade } => MasqueradeHooks,
            { Verdict.Kind: VerdictKind.Reject } => RejectHooks,
            _ => null,
        };
        if (allowed is null || hook is not { } here || allowed.Contains(here)) return;
        Report(DiagnosticCatalog.TargetOutOfPlace, _sources[rule].Chain, _sources[rule].Rule,
            $"found this target where {BuiltinChains.NameOf(here)} reaches it, expected it under " +
            string.Join(" or ", allowed.Select(BuiltinChains.NameOf)) + " only");
    }
}
