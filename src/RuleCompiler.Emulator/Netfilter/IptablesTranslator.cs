using System.Diagnostics;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// iptables rules ---> the emulator's program. What the kernel would refuse at load time is refused here, with the rule
/// in the message; nothing is guessed.
/// </summary>
public static class IptablesTranslator
{
    /// <summary>For rulesets that are known to be sound, such as our own. See <see cref="TryTranslate"/>.</summary>
    public static PacketProgram Translate(IptablesRuleset ruleset)
    {
        var (program, diagnostics) = TryTranslate(ruleset);
        return program ?? throw new ArgumentException(
            $"these rules cannot run: {string.Join("; ", diagnostics)}", nameof(ruleset));
    }

    /// <summary>For rulesets from outside. The program is null exactly when a diagnostic is an error.</summary>
    public static (PacketProgram? Program, Seq<Diagnostic> Diagnostics) TryTranslate(IptablesRuleset ruleset) =>
        new IptablesTranslation(ruleset).Run();
}

/// <summary>The state of one translation.</summary>
/// <param name="sets">Null for rules that stand alone.</param>
internal sealed partial class IptablesTranslation(
    IptablesRuleset ruleset, IReadOnlyDictionary<string, IpSetIndex>? sets = null)
{
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly List<BaseChain> _bases = [];
    private readonly List<ProgramChain> _chains = [];
    private readonly List<ProgramRule> _rules = [];
    private readonly List<Guard> _guards = [];
    private readonly List<(string Chain, Rule Rule)> _sources = [];
    private readonly Dictionary<string, int> _recentLists = new(StringComparer.Ordinal);

    public (PacketProgram? Program, Seq<Diagnostic> Diagnostics) Run()
    {
        foreach (var table in ruleset.Tables.Span) TranslateTable(table);
        if (_diagnostics.Count == 0) CheckReach();
        if (_diagnostics.Count > 0) return (null, _diagnostics.ToSeq());
        var sources = _sources.ToArray();
        var family = ruleset.Family;
        var owners = new Lazy<ChainOwners>(() => new ChainOwners(sources));
        var program = new PacketProgram(
            ruleset.Family,
            _bases.OrderBy(chain => chain.Hook).ThenBy(chain => chain.Priority).ToSeq(),
            _chains.ToSeq(),
            _rules.ToSeq(),
            _guards.ToSeq(),
            _recentLists.OrderBy(list => list.Value).Select(list => list.Key).ToSeq(),
            rule => Describe(sources[rule].Chain, sources[rule].Rule, owners.Value, family));
        return (program, []);
    }

    private static RuleSource Describe(string chain, Rule rule, ChainOwners owners, Family family) =>
        new(TextOf(chain, rule, family), owners.ServiceOf(chain, rule));

    private static string TextOf(string chain, Rule rule, Family family) =>
        $"-A {chain} {IptablesBackend.PrintRule(rule, family)}";

    private void TranslateTable(Table table)
    {
        var firstChain = _chains.Count;
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        var rules = new List<Seq<Rule>>();
        foreach (var chain in table.Chains.Span)
        {
            index.Add(chain.Name, firstChain + rules.Count);
            rules.Add(chain.Rules);
        }

        // A table that exists has all its built-in chains, whether or not the text names them.
        foreach (var (hook, priority) in BuiltinChains.Of(table.Name))
        {
            var chainName = BuiltinChains.NameOf(hook);
            var drops = false;
            if (!index.TryGetValue(chainName, out var chain))
            {
                chain = firstChain + rules.Count;
                index.Add(chainName, chain);
                rules.Add([]);
            }
            else
            {
                drops = table.Chains[chain - firstChain].Policy == Policy.Drop;
            }

            var kind = table.Name == TableName.Nat ? ChainKind.Nat : ChainKind.Filter;
            _bases.Add(new BaseChain(hook, priority, kind, chain, drops));
        }

        var names = index.OrderBy(chain => chain.Value).Select(chain => chain.Key).ToArray();
        for (var i = 0; i < names.Length; i++)
        {
            _chains.Add(new ProgramChain(table.Name.KernelName(), names[i], _rules.Count, rules[i].Count));
            foreach (var rule in rules[i].Span) TranslateRule(table.Name, names[i], rule, index);
        }
    }

    private void TranslateRule(TableName table, string chain, Rule rule, Dictionary<string, int> chains)
    {
        var first = _guards.Count;
        foreach (var match in rule.Matches.Span) TranslateMatch(chain, rule, match);
        var (effect, verdict) = TranslateTarget(table, chain, rule, chains);
        _rules.Add(new ProgramRule(first, _guards.Count - first, effect, verdict));
        _sources.Add((chain, rule));
    }

    private void TranslateMatch(string chain, Rule rule, Match match)
    {
        Guard? guard = match switch
        {
            Match.Source m => Guard.Source(Own(m.Address), Own(m.Mask), m.Inverted),
            Match.Destination m => Guard.Destination(Own(m.Address), Own(m.Mask), m.Inverted),
            Match.InInterface m => Guard.InputInterface(m.Name, m.Inverted),
            Match.OutInterface m => Guard.OutputInterface(m.Name, m.Inverted),
            Match.OfProtocol m => Guard.OfProtocol(m.Protocol, m.Inverted),
            Match.SourcePort m => Guard.SourcePort(m.First, m.Last, m.Inverted),
            Match.DestinationPort m => Guard.DestinationPort(m.First, m.Last, m.Inverted),
            Match.ConntrackState m => Guard.State(m.States, m.Inverted),
            Match.Mark m => Guard.MarkIs(m.Value, m.Mask, m.Inverted),
            Match.SourceIsLocal m => Guard.SourceIsLocal(m.Inverted),
            Match.DestinationIsLocal m => Guard.DestinationIsLocal(m.Inverted),
            Match.Statistic m => Guard.Draw(m.Threshold, m.Inverted),
            Match.Recent m => TranslateRecent(m),
            Match.Bpf m => TranslateBpf(m),
            Match.Nfacct => null,
            Match.InSet or Match.IsFromBridgePort or Match.IsThroughIpvs or Match.ToVirtualServer when sets is null =>
                RefuseForeignState(chain, rule),
            Match.InSet m => FindSet(chain, rule, m),
            Match.IsFromBridgePort m => Guard.FromBridgePort(m.Inverted),
            Match.IsThroughIpvs m => Guard.ThroughIpvs(m.Inverted),
            Match.ToVirtualServer m => Guard.ToVirtualServer(Own(m.Address), m.Protocol, m.Port),
            _ => throw new UnreachableException($"{chain}: {match}"),
        };
        if (guard is { } found) _guards.Add(found);

        Ip Own(Ip address)
        {
            if (address.Family != ruleset.Family)
            {
                // Such a rule has no text in this family.
                _diagnostics.Add(new Diagnostic(
                    DiagnosticCatalog.WrongFamily, Location.Whole(""),
                    $"found {match} in chain {chain} of {ruleset.Family.ApiName()} rules, expected an address of that family"));
            }

            return address;
        }

        Guard TranslateRecent(Match.Recent m)
        {
            if (!_recentLists.TryGetValue(m.List, out var list)) _recentLists.Add(m.List, list = _recentLists.Count);
            return Guard.Recent(
                new RecentQuery(m.Action, list, m.Seconds, m.HitCount, m.Reap, Own(m.Mask).Bits), m.Inverted);
        }

        Guard TranslateBpf(Match.Bpf m)
        {
            if (ClassicBpf.FindFault(m.Program.Span) is { } fault)
            {
                Report(DiagnosticCatalog.UnsoundBpf, chain, rule,
                    $"found {fault}, expected a program that the kernel's checker accepts");
            }

            return Guard.Bpf(new BpfProgram(m.Program));
        }
    }

    private Guard? FindSet(string chain, Rule rule, Match.InSet m)
    {
        if (sets!.TryGetValue(m.Set, out var set)) return Guard.InSet(new IpSetQuery(set, m.Dimensions), m.Inverted);
        Report(DiagnosticCatalog.MissingSet, chain, rule, $"found set {m.Set}, expected an ipset that is there");
        return null;
    }

    private Guard? RefuseForeignState(string chain, Rule rule)
    {
        Report(DiagnosticCatalog.StateNotGiven, chain, rule,
            "found a match against state that is not in iptables rules, expected rules that stand alone",
            "give the ipsets and virtual servers too: these look like the rules of an IPVS node");
        return null;
    }

    private (Effect? Effect, Verdict Verdict) TranslateTarget(
        TableName table, string chain, Rule rule, Dictionary<string, int> chains)
    {
        // net/netfilter/xt_nat.c and xt_MASQUERADE.c register for table "nat", ipt_REJECT.c for "filter" @v6.1.
        var wanted = rule.Target switch
        {
            Target.Dnat or Target.Masquerade => TableName.Nat,
            Target.Reject => TableName.Filter,
            _ => table,
        };
        if (wanted != table)
        {
            Report(DiagnosticCatalog.TargetOutOfPlace, chain, rule,
                $"found this target in table {table.KernelName()}, expected it in table {wanted.KernelName()}");
        }

        return rule.Target switch
        {
            null => (null, new Verdict(VerdictKind.Continue)),
            Target.Accept => (null, new Verdict(VerdictKind.Accept)),
            Target.Drop => (null, new Verdict(VerdictKind.Drop)),
            Target.Return => (null, new Verdict(VerdictKind.Return)),
            Target.Jump t => (null, new Verdict(VerdictKind.Jump, Resolve(t.Chain))),
            Target.Goto t => (null, new Verdict(VerdictKind.Goto, Resolve(t.Chain))),
            Target.Reject t => (null, new Verdict(VerdictKind.Reject, With: t.With)),
            Target.Dnat t => (new Effect.Dnat(t.To), new Verdict(VerdictKind.Accept)),
            Target.Masquerade t => (new Effect.Masquerade(t.RandomFully), new Verdict(VerdictKind.Accept)),
            Target.SetMark t => (new Effect.SetMark(t.Clear, t.Flip), new Verdict(VerdictKind.Continue)),
            _ => throw new UnreachableException($"{chain}: {rule.Target}"),
        };

        int Resolve(string name)
        {
            if (chains.TryGetValue(name, out var found)) return found;
            Report(DiagnosticCatalog.MissingChain, chain, rule,
                $"found a jump to chain {name}, expected a chain of table {table.KernelName()}", "declare the chain");
            return 0;
        }
    }

    private void Report(DiagnosticRule problem, string chain, Rule rule, string message, string? hint = null) =>
        _diagnostics.Add(new Diagnostic(
            problem, Location.Whole(""), $"{message}: {TextOf(chain, rule, ruleset.Family)}", hint));
}
