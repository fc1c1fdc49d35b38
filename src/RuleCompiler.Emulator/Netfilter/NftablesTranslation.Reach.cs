using RuleCompiler.Ir;

namespace RuleCompiler.Emulator;

/// <summary>
/// What nf_tables_check_loops and nft_table_validate check (net/netfilter/nf_tables_api.c @v6.1): no loop, no deep
/// nesting, and NAT or reject only where the packet can take it. Verdict maps lead wherever one of their elements
/// leads.
/// </summary>
internal sealed partial class NftablesTranslation
{
    /// <summary>NFT_JUMP_STACK_SIZE of include/net/netfilter/nf_tables.h @v6.1: a base chain and 15 below it.</summary>
    private const int ChainsNestedMax = 16;

    // net/netfilter/nft_nat.c:nft_nat_validate, nft_masq.c:nft_masq_validate, nft_reject.c:nft_reject_validate @v6.1.
    private static readonly Hook[] DnatHooks = [Hook.Prerouting, Hook.Output];
    private static readonly Hook[] MasqueradeHooks = [Hook.Postrouting];
    private static readonly Hook[] RejectHooks = [Hook.Prerouting, Hook.Input, Hook.Forward, Hook.Output];

    private void CheckReach()
    {
        var next = SuccessorsOfChains();
        var order = ChildrenFirst(next);
        if (order is null) return;
        var height = new int[_chains.Count];
        foreach (var chain in order)
            height[chain] = 1 + next[chain].Select(each => height[each]).DefaultIfEmpty().Max();
        foreach (var root in _bases)
        {
            if (height[root.Chain] > ChainsNestedMax)
            {
                _place = () => $"chain {_chains[root.Chain].Name} of table {_chains[root.Chain].Table}";
                Report(DiagnosticCatalog.ChainsTooDeep,
                    $"found chains {height[root.Chain]} deep, expected at most {ChainsNestedMax}");
            }

            CheckPlaces(root, next);
        }
    }

    private int[][] SuccessorsOfChains()
    {
        var ofSets = _sets.Select(set => set.Elements.Select(element => element.Verdict).Select(TargetOf).OfType<int>()
            .Distinct().ToArray()).ToArray();
        var result = new int[_chains.Count][];
        for (var i = 0; i < result.Length; i++)
        {
            var targets = new HashSet<int>();
            var chain = _chains[i];
            for (var rule = chain.FirstRule; rule < chain.FirstRule + chain.RuleCount; rule++)
            {
                if (TargetOf(_rules[rule].Verdict) is { } target) targets.Add(target);
                for (var guard = 0; guard < _rules[rule].GuardCount; guard++)
                {
                    switch (_guards[_rules[rule].FirstGuard + guard])
                    {
                        case { Kind: GuardKind.Dispatch, Operand: SetQuery query }:
                            targets.UnionWith(ofSets[query.Set]);
                            break;
                        case { Operand: Decision { Verdict: var verdict } } when TargetOf(verdict) is { } decided:
                            targets.Add(decided);
                            break;
                    }
                }
            }

            result[i] = targets.Order().ToArray();
        }

        return result;

        static int? TargetOf(Verdict verdict) =>
            verdict.Kind is VerdictKind.Jump or VerdictKind.Goto ? verdict.Chain : null;
    }

    /// <summary>An explicit stack: a hostile ruleset may nest thousands of chains. Null: a loop was reported.</summary>
    private List<int>? ChildrenFirst(int[][] next)
    {
        var order = new List<int>(next.Length);
        var isOpen = new bool[next.Length];
        var isDone = new bool[next.Length];
        var stack = new Stack<(int Chain, int Child)>();
        for (var root = 0; root < next.Length; root++)
        {
            if (!isDone[root]) stack.Push((root, 0));
            while (stack.TryPop(out var frame))
            {
                isOpen[frame.Chain] = true;
                if (frame.Child == next[frame.Chain].Length)
                {
                    (isOpen[frame.Chain], isDone[frame.Chain]) = (false, true);
                    order.Add(frame.Chain);
                    continue;
                }

                stack.Push(frame with { Child = frame.Child + 1 });
                var child = next[frame.Chain][frame.Child];
                if (isOpen[child])
                {
                    _place = () => $"table {_chains[child].Table}";
                    Report(DiagnosticCatalog.ChainLoop,
                        $"found a way from {_chains[frame.Chain].Name} back to {_chains[child].Name}, " +
                        "expected chains without a loop");
                    return null;
                }

                if (!isDone[child]) stack.Push((child, 0));
            }
        }

        return order;
    }

    private void CheckPlaces(BaseChain root, int[][] next)
    {
        var seen = new HashSet<int> { root.Chain };
        var open = new Stack<int>(seen);
        while (open.TryPop(out var chain))
        {
            for (var rule = 0; rule < _chains[chain].RuleCount; rule++) CheckPlace(
                root, _chains[chain].FirstRule + rule);
            foreach (var child in next[chain])
            {
                if (seen.Add(child)) open.Push(child);
            }
        }
    }

    private void CheckPlace(BaseChain root, int rule)
    {
        var facts = _facts[rule];
        Hook[]? hooks = facts.Needs switch
        {
            Needs.Nothing => null,
            Needs.Dnat => DnatHooks,
            Needs.Masquerade => MasqueradeHooks,
            Needs.Reject => RejectHooks,
        };
        if (hooks is null) return;
        _place = () => TextOf(facts.Table, facts.Chain, facts.Rule, ruleset.Family);
        if (!hooks.Contains(root.Hook))
        {
            Report(DiagnosticCatalog.TargetOutOfPlace,
                $"found this statement where {BuiltinChains.NameOf(root.Hook)} reaches it, expected it under " +
                string.Join(" or ", hooks.Select(BuiltinChains.NameOf)) + " only");
        }
        else if (facts.Needs is Needs.Dnat or Needs.Masquerade && root.Kind != ChainKind.Nat)
        {
            Report(DiagnosticCatalog.TargetOutOfPlace,
                $"found this statement where the filter chain {_chains[root.Chain].Name} reaches it, " +
                "expected it under nat chains only");
        }
    }
}
