using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// The block that turns one table into another. Order within it: chains are made or emptied, old jumps go, chains are
/// filled and edited, new jumps come, and last the chains go that nothing refers to any more.
/// </summary>
internal sealed class TablePlanner
{
    private readonly TableName _name;
    private readonly Dictionary<string, Chain> _from = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Chain> _to = new(StringComparer.Ordinal);
    private readonly List<Chain> _result = [];
    private readonly List<RestoreCommand> _declarations = [];
    private readonly List<RestoreCommand> _oldJumps = [];
    private readonly List<RestoreCommand> _contents = [];
    private readonly List<RestoreCommand> _newJumps = [];
    private readonly List<RestoreCommand> _removals = [];

    public TablePlanner(Table from, Table to)
    {
        _name = to.Name;
        foreach (var chain in from.Chains) _from[chain.Name] = chain;
        foreach (var chain in to.Chains) _to[chain.Name] = chain;
        foreach (var chain in to.Chains)
        {
            if (_name.IsBuiltIn(chain.Name)) PlanJumps(chain);
            else PlanChain(chain);
        }

        PlanLeftovers(from);
        _result.Sort((left, right) => _name.CompareChains(left.Name, right.Name));
        Result = new Table(_name, _result.ToSeq());
        Block = new TableBlock(
            _name, [.. _declarations, .. _oldJumps, .. _contents, .. _newJumps, .. _removals]);
    }

    public TableBlock Block { get; }

    /// <summary>The table once the block is carried out.</summary>
    public Table Result { get; }

    private void PlanChain(Chain chain)
    {
        _result.Add(chain);
        if (!_from.TryGetValue(chain.Name, out var old))
        {
            Rewrite(chain);
            return;
        }

        if (old.Rules == chain.Rules) return;
        if (ChainEdits.Between(chain.Name, old.Rules, chain.Rules) is { } edits) _contents.AddRange(edits);
        else Rewrite(chain);
    }

    private void Rewrite(Chain chain)
    {
        _declarations.Add(new RestoreCommand.Declare(chain.Name, null));
        foreach (var rule in chain.Rules) _contents.Add(new RestoreCommand.Append(chain.Name, rule));
    }

    /// <summary>
    /// Brings our rules of a built-in chain into their order and leaves the others where they are. Rules are taken out by
    /// content, never by number, since another owner may have changed the chain meanwhile.
    /// </summary>
    private void PlanJumps(Chain chain)
    {
        var old = _from.GetValueOrDefault(chain.Name);
        var rules = old is null ? [] : old.Rules.AsEnumerable().ToList();
        foreach (var rule in rules.Where(rule => IsOurs(rule, chain)).ToList())
        {
            // Of equal ones -D takes the first, so the last is the one that stays.
            if (!chain.Rules.AsEnumerable().Contains(rule) || rules.Count(other => other == rule) > 1) Remove(rule);
        }

        var ours = rules.FindAll(rule => IsOurs(rule, chain));
        foreach (var rule in ours.Except(LongestCommon(ours, chain.Rules)).ToList()) Remove(rule);

        var position = 0;
        foreach (var rule in chain.Rules)
        {
            if (rules.IndexOf(rule) is var at and >= 0)
            {
                position = at + 1;
                continue;
            }

            rules.Insert(position, rule);
            position++;
            _newJumps.Add(new RestoreCommand.Insert(chain.Name, position, rule));
        }

        _result.Add(new Chain(chain.Name, old?.Policy, rules.ToSeq()));

        void Remove(Rule rule)
        {
            _oldJumps.Add(new RestoreCommand.Delete(chain.Name, rule));
            rules.Remove(rule);
        }
    }

    /// <summary>
    /// Also a rule that we want and that bears no sign of its owner: the jump to a chain shared with the kubelet.
    /// </summary>
    private bool IsOurs(Rule rule, Chain desired) =>
        Ownership.IsOurJump(_name, rule) || desired.Rules.AsEnumerable().Contains(rule);

    private void PlanLeftovers(Table from)
    {
        var foreign = from.Chains.Where(chain => !_to.ContainsKey(chain.Name) && !Ownership.IsOurs(_name, chain.Name))
            .Concat(_result.Where(chain => _name.IsBuiltIn(chain.Name)));
        var needed = foreign.SelectMany(chain => chain.Rules).Select(rule => rule.NextChain).OfType<string>()
            .ToHashSet(StringComparer.Ordinal);
        foreach (var chain in from.Chains)
        {
            if (_to.ContainsKey(chain.Name)) continue;
            if (!Ownership.IsOurs(_name, chain.Name))
            {
                _result.Add(chain);
                continue;
            }

            if (!chain.Rules.IsEmpty) _declarations.Add(new RestoreCommand.Declare(chain.Name, null));

            // Somebody else's rule leads here: the kernel would refuse the whole block.
            if (needed.Contains(chain.Name)) _result.Add(chain with { Rules = [] });
            else _removals.Add(new RestoreCommand.DeleteChain(chain.Name));
        }
    }

    /// <summary>A longest common subsequence; both lists have a handful of rules.</summary>
    private static List<Rule> LongestCommon(List<Rule> left, Seq<Rule> right)
    {
        var lengths = new int[left.Count + 1, right.Count + 1];
        for (var i = left.Count - 1; i >= 0; i--)
        {
            for (var j = right.Count - 1; j >= 0; j--)
            {
                lengths[i, j] = left[i] == right[j]
                    ? lengths[i + 1, j + 1] + 1
                    : Math.Max(lengths[i + 1, j], lengths[i, j + 1]);
            }
        }

        var common = new List<Rule>();
        for (int i = 0, j = 0; i < left.Count && j < right.Count;)
        {
            if (left[i] == right[j])
            {
                common.Add(left[i]);
                (i, j) = (i + 1, j + 1);
            }
            else if (lengths[i + 1, j] >= lengths[i, j + 1])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return common;
    }
}
