using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>Collects the chains of one table.</summary>
internal sealed class TableBuilder(TableName name)
{
    private readonly Dictionary<string, List<Rule>> _chains = new(StringComparer.Ordinal);

    /// <summary>A new, empty chain.</summary>
    /// <exception cref="InvalidOperationException">The name is taken: names are unique by construction.</exception>
    public List<Rule> Create(string chain)
    {
        var rules = new List<Rule>();
        if (!_chains.TryAdd(chain, rules)) throw new InvalidOperationException($"two chains named {chain} in {name}");
        return rules;
    }

    public List<Rule> Get(string chain) => _chains[chain];

    public Table Build()
    {
        var names = _chains.Keys.ToArray();
        Array.Sort(names, (left, right) => name.CompareChains(left, right));
        return new Table(name, names.Select(chain => new Chain(chain, null, _chains[chain].ToSeq())).ToSeq());
    }
}
