using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Properties;

/// <content>Rules of others, which stand behind ours.</content>
internal sealed partial class Surroundings
{
    private static readonly (TableName Table, string Chain)[] _hooks =
    [
        (TableName.Nat, "PREROUTING"), (TableName.Nat, "OUTPUT"), (TableName.Nat, "POSTROUTING"),
        (TableName.Filter, "INPUT"), (TableName.Filter, "FORWARD"), (TableName.Filter, "OUTPUT"),
    ];

    /// <summary>
    /// Whoever else has rules at a hook (a CNI plugin masquerades what leaves, an administrator drops) sees each packet
    /// that we did not decide about: nat decides by translating, FORWARD by accepting what is masqueraded.
    /// </summary>
    private string? Neighbours(IptablesRuleset ruleset)
    {
        var node = Load(IptablesTranslator.Translate(WithNeighbours(ruleset)));
        for (var i = 0; i < _flows.Length; i++)
        {
            var flow = _flows[i];
            foreach (var found in node.Explore(Pipeline.First(flow), trace: false).Outcomes)
            {
                if (found.Outcome is Outcome.Dropped or Outcome.Rejected || IsHealthCheck(i)) continue;
                var fate = found.Example.Fate;
                var hooks = Passed(flow, found.Outcome as Outcome.Translated, fate);
                var expected = hooks.Aggregate(0u, (all, hook) => all | BitOf(hook));
                var seen = found.Example.Sent.Mark & ~_bit;
                if (seen != expected)
                    return $"{flow}\nbecomes {found.Outcome}, {fate}; hooks that see it: {seen:x}, not {expected:x}";
            }
        }

        return null;
    }

    private static IEnumerable<string> Passed(Flow flow, Outcome.Translated? translated, Fate fate)
    {
        var own = flow.InputInterface is null;
        if (translated is null) yield return own ? "nat OUTPUT" : "nat PREROUTING";
        if (own) yield return "filter OUTPUT";
        if (fate is Fate.Delivered) yield return "filter INPUT";
        var masqueraded = translated is { SourceNat: true };
        if (!own && fate is Fate.Sent && !masqueraded) yield return "filter FORWARD";
        // What the node sends to itself leaves by loopback.
        if ((own || fate is Fate.Sent) && !masqueraded) yield return "nat POSTROUTING";
    }

    private uint BitOf(string hook)
    {
        var at = Array.FindIndex(_hooks, one => hook == $"{one.Table.KernelName()} {one.Chain}");
        var bit = 1u << at;
        return bit >= _bit ? bit << 1 : bit; // never ours
    }

    /// <summary>Each hook's last rule leaves a bit of its own; built-in chains come first in a table.</summary>
    private IptablesRuleset WithNeighbours(IptablesRuleset ruleset)
    {
        var tables = ruleset.Tables.ToList();
        foreach (var (name, hook) in _hooks)
        {
            var bit = BitOf($"{name.KernelName()} {hook}");
            var last = new Rule([], new Target.SetMark(bit, bit));
            var at = tables.FindIndex(table => table.Name == name);
            if (at < 0) (at, tables) = (tables.Count, [.. tables, new Table(name, [])]);
            var chains = tables[at].Chains.ToList();
            var chain = chains.FindIndex(one => one.Name == hook);
            if (chain < 0) chains.Add(new Chain(hook, null, [last]));
            else chains[chain] = chains[chain] with { Rules = [.. chains[chain].Rules, last] };
            chains.Sort((left, right) => name.CompareChains(left.Name, right.Name));
            tables[at] = tables[at] with { Chains = chains.ToSeq() };
        }

        return ruleset with { Tables = tables.ToSeq() };
    }
}
