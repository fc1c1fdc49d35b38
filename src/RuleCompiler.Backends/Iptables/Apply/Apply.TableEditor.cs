using System.Diagnostics;
using System.Runtime.InteropServices;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// One table under a block of commands. Only chains that a command names are opened, so that a small block on a large table
/// costs little. What is refused, and when, was tried with both flavours of iptables-restore 1.8.9 (ApplyTests).
/// </summary>
internal sealed class TableEditor(Table table)
{
    /// <summary>Chains that were created or changed; a null entry is a chain that was deleted.</summary>
    private readonly Dictionary<string, ChainEditor?> _edited = new(StringComparer.Ordinal);

    /// <summary>How many rules go to each chain; counted at the first -X, kept up to date from then on.</summary>
    private Dictionary<string, int>? _references;

    /// <summary>The chain that the last command named: blocks fill one chain after the other.</summary>
    private ChainEditor? _last;

    /// <summary>Null when done; otherwise nothing was changed.</summary>
    public Refusal? Execute(RestoreCommand command)
    {
        switch (command)
        {
            case RestoreCommand.Declare declare:
                return Declare(declare.Chain, declare.Policy);
            case RestoreCommand.Append append:
                return Open(append.Chain) is { } chain
                    ? Put(chain, chain.Count, append.Rule, replace: false)
                    : NoChain(append.Chain);
            case RestoreCommand.Insert insert:
                return Open(insert.Chain) is { } target
                    ? Position(target, insert.Position, target.Count + 1) ??
                      Put(target, insert.Position - 1, insert.Rule, replace: false)
                    : NoChain(insert.Chain);
            case RestoreCommand.Replace replace:
                return Open(replace.Chain) is { } replaced
                    ? Position(replaced, replace.Position, replaced.Count) ??
                      Put(replaced, replace.Position - 1, replace.Rule, replace: true)
                    : NoChain(replace.Chain);
            case RestoreCommand.DeleteAt delete:
                return Open(delete.Chain) is { } shortened
                    ? Position(shortened, delete.Position, shortened.Count) ?? Take(shortened, delete.Position - 1)
                    : NoChain(delete.Chain);
            case RestoreCommand.Delete delete:
                return Open(delete.Chain) is { } searched
                    ? Take(searched, searched.IndexOf(delete.Rule))
                    : NoChain(delete.Chain);
            case RestoreCommand.Flush flush:
                return Open(flush.Chain) is { } flushed ? Flush(flushed) : NoChain(flush.Chain);
            case RestoreCommand.DeleteChain delete:
                return DeleteChain(delete.Chain);
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>The table with every accepted command carried out.</summary>
    public Table Finish()
    {
        if (_edited.Count == 0) return table;
        List<Chain> chains = new(table.Chains.Count + _edited.Count);
        var added = _edited.Values.OfType<ChainEditor>().ToList();
        SortChains(added);
        var next = 0;
        foreach (var old in table.Chains)
        {
            for (; next < added.Count && table.Name.CompareChains(added[next].Name, old.Name) < 0; next++) Keep(added[next]);
            if (!_edited.ContainsKey(old.Name)) chains.Add(old);
        }

        for (; next < added.Count; next++) Keep(added[next]);
        return table with { Chains = chains.ToSeq() };

        // A built-in chain always exists; it is only worth mentioning for its rules or its policy.
        void Keep(ChainEditor chain)
        {
            if (chain.Policy is not null || chain.Count > 0 || !table.Name.IsBuiltIn(chain.Name))
                chains.Add(new Chain(chain.Name, chain.Policy, chain.ToSeq()));
        }
    }

    /// <summary>Every save has them in order already, and our own text in the opposite one.</summary>
    private void SortChains(List<ChainEditor> chains)
    {
        for (var i = 1; i < chains.Count; i++)
        {
            if (table.Name.CompareChains(chains[i - 1].Name, chains[i].Name) < 0) continue;
            chains.Sort((left, right) => table.Name.CompareChains(left.Name, right.Name));
            return;
        }
    }

    private Refusal? Declare(string name, Policy? policy)
    {
        if (table.Name.IsBuiltIn(name))
        {
            if (policy is not null) Open(name)!.Policy = policy;
            return null;
        }

        if (policy is not null) return new($"only a built-in chain has a policy, not '{name}'");
        if (Open(name) is { } chain) return Flush(chain);
        _edited[name] = new ChainEditor(name, null, default);
        return null;
    }

    private Refusal? Put(ChainEditor chain, int index, Rule rule, bool replace)
    {
        var to = rule.NextChain;
        if (to is not null)
        {
            if (table.Name.IsBuiltIn(to)) return new($"a rule cannot go to the built-in chain '{to}'", To: to);
            if (!Exists(to))
                return new($"a rule goes to '{to}', which is no chain of table {table.Name.KernelName()} at this point", To: to);
        }

        if (replace)
        {
            Count(chain.At(index).NextChain, -1);
            chain.RemoveAt(index);
        }

        chain.Insert(index, rule);

        Count(to, +1);
        return null;
    }

    private Refusal? Take(ChainEditor chain, int index)
    {
        if (index < 0) return new($"chain '{chain.Name}' has no such rule");
        Count(chain.At(index).NextChain, -1);
        chain.RemoveAt(index);
        return null;
    }

    private Refusal? Flush(ChainEditor chain)
    {
        if (_references is not null)
        {
            foreach (var rule in chain.Rules()) Count(rule.NextChain, -1);
        }

        chain.Clear();
        return null;
    }

    private Refusal? DeleteChain(string name)
    {
        if (table.Name.IsBuiltIn(name)) return new($"the built-in chain '{name}' cannot be deleted");
        if (Open(name) is not { } chain) return NoChain(name);
        if (chain.Count > 0) return new($"chain '{name}' still has {chain.Count} rules");
        _references ??= CountReferences();
        if (_references.GetValueOrDefault(name) is var count and > 0)
            return new($"{count} rules still go to chain '{name}'");
        _edited[name] = null;
        _last = null;
        return null;
    }

    private Refusal NoChain(string name) => new($"table {table.Name.KernelName()} has no chain '{name}'");

    private static Refusal? Position(ChainEditor chain, int position, int last) =>
        position >= 1 && position <= last ? null : new($"chain '{chain.Name}' has no position {position}, the last is {last}");

    private bool Exists(string name) =>
        _edited.TryGetValue(name, out var edited) ? edited is not null : Find(name) is not null;

    /// <summary>The chain for editing; null when there is none.</summary>
    private ChainEditor? Open(string name)
    {
        if (_last is not null && ReferenceEquals(_last.Name, name)) return _last;
        if (!_edited.TryGetValue(name, out var chain))
        {
            if (Find(name) is { } old)
                chain = new ChainEditor(old.Name, old.Policy, old.Rules);
            else if (table.Name.IsBuiltIn(name))
                chain = new ChainEditor(name, null, default);
            else
                return null;
            _edited.Add(name, chain);
        }

        return _last = chain;
    }

    /// <summary>By bisection: a table's chains are in order.</summary>
    private Chain? Find(string name)
    {
        var (low, high) = (0, table.Chains.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = table.Name.CompareChains(table.Chains[middle].Name, name);
            if (order == 0) return table.Chains[middle];
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        return null;
    }

    private Dictionary<string, int> CountReferences()
    {
        _references = new(StringComparer.Ordinal);
        foreach (var chain in table.Chains)
        {
            if (_edited.ContainsKey(chain.Name)) continue;
            foreach (var rule in chain.Rules) Count(rule.NextChain, +1);
        }

        foreach (var chain in _edited.Values)
        {
            if (chain is null) continue;
            foreach (var rule in chain.Rules()) Count(rule.NextChain, +1);
        }

        return _references;
    }

    private void Count(string? chain, int change)
    {
        if (_references is null || chain is null) return;
        CollectionsMarshal.GetValueRefOrAddDefault(_references, chain, out _) += change;
    }

    /// <param name="Reason">Why the kernel would refuse the command.</param>
    /// <param name="To">The missing chain, where that is why.</param>
    internal readonly record struct Refusal(string Reason, string? To = null);
}
