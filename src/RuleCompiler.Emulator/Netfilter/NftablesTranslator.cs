using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// nftables rules ---> the emulator's program. What the kernel would refuse at load time, and what the emulator has no
/// model of, is refused here, with the rule in the message; nothing is guessed.
/// </summary>
public static class NftablesTranslator
{
    /// <summary>For rulesets that are known to be sound, such as our own. See <see cref="TryTranslate"/>.</summary>
    public static PacketProgram Translate(NftRuleset ruleset)
    {
        var (program, diagnostics) = TryTranslate(ruleset);
        return program ?? throw new ArgumentException(
            $"these rules cannot run: {string.Join("; ", diagnostics)}", nameof(ruleset));
    }

    /// <summary>For rulesets from outside. The program is null exactly when a diagnostic is an error.</summary>
    public static (PacketProgram? Program, Seq<Diagnostic> Diagnostics) TryTranslate(NftRuleset ruleset) =>
        new NftablesTranslation(ruleset).Run();
}

/// <summary>The state of one translation.</summary>
internal sealed partial class NftablesTranslation(NftRuleset ruleset)
{
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly List<BaseChain> _bases = [];
    private readonly List<ProgramChain> _chains = [];
    private readonly List<ProgramRule> _rules = [];
    private readonly List<Guard> _guards = [];
    private readonly List<ProgramSet> _sets = [];
    private readonly List<RuleFacts> _facts = [];
    private int _counters;

    // Of the table that is being translated.
    private readonly Dictionary<string, int> _chainIndex = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NftSet> _declared = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _setIndex = new(StringComparer.Ordinal);
    private readonly HashSet<string> _baseNames = new(StringComparer.Ordinal);
    private string _table = "";

    /// <summary>What is being translated, in words; they are wanted only where something is wrong with it.</summary>
    private Func<string> _place = () => "";

    /// <summary>Where the statement of a rule is allowed to run.</summary>
    private enum Needs : byte
    {
        Nothing,
        Dnat,
        Masquerade,
        Reject,
    }

    private sealed record RuleFacts(string Table, string Chain, NftRule Rule, Needs Needs);

    public (PacketProgram? Program, Seq<Diagnostic> Diagnostics) Run()
    {
        foreach (var table in ruleset.Tables.Span) TranslateTable(table);
        if (_diagnostics.Count == 0) CheckReach();
        if (_diagnostics.Count > 0) return (null, _diagnostics.ToSeq());
        var facts = _facts.ToArray();
        var program = new PacketProgram(
            ruleset.Family,
            _bases.OrderBy(chain => chain.Hook).ThenBy(chain => chain.Priority).ToSeq(),
            _chains.ToSeq(),
            _rules.ToSeq(),
            _guards.ToSeq(),
            [],
            rule => Describe(facts[rule], ruleset.Family))
        {
            Sets = _sets.ToSeq(),
            Counters = _counters,
        };
        return (program, []);
    }

    private static RuleSource Describe(RuleFacts facts, Family family) =>
        new(TextOf(facts.Table, facts.Chain, facts.Rule, family),
            RuleComment.ServiceOf(facts.Rule.Comment) ?? NftChainNames.ServiceOf(facts.Chain));

    private static string TextOf(string table, string chain, NftRule rule, Family family) =>
        $"{table} {chain}: {NftablesBackend.PrintRule(rule, family)}";

    private void TranslateTable(NftTable table)
    {
        _table = table.Name;
        _chainIndex.Clear();
        _declared.Clear();
        _setIndex.Clear();
        _baseNames.Clear();
        var first = _chains.Count;
        foreach (var chain in table.Chains)
        {
            _place = () => $"chain {chain.Name} of table {table.Name}";
            _chainIndex.Add(chain.Name, first + _chainIndex.Count);
            if (chain.Hook is not { } hook) continue;
            _baseNames.Add(chain.Name);
            CheckHook(hook);
            _bases.Add(new BaseChain(
                HookOf(hook.Point), hook.Priority, hook.Type == NftChainType.Nat ? ChainKind.Nat : ChainKind.Filter,
                _chainIndex[chain.Name], hook.DropsByDefault));
        }

        foreach (var set in table.Sets) DeclareSet(set);
        foreach (var chain in table.Chains)
        {
            _chains.Add(new ProgramChain(_table, chain.Name, _rules.Count, chain.Rules.Count));
            for (var i = 0; i < chain.Rules.Count; i++)
            {
                // By its number: what is refused may be nothing that nft has words for.
                var number = i + 1;
                _place = () => $"rule {number} of chain {chain.Name} of table {table.Name}";
                TranslateRule(chain.Name, chain.Rules[i]);
            }
        }
    }

    /// <summary>nf_tables_api.c:nft_chain_parse_hook and nft_chain_{nat,route}.c @v6.1.</summary>
    private void CheckHook(NftHook hook)
    {
        if (hook.Type == NftChainType.Nat && hook.Priority <= BuiltinChains.ConntrackPriority)
        {
            Report(DiagnosticCatalog.NftRefused,
                $"found a nat chain of priority {hook.Priority}, " +
                $"expected one above {BuiltinChains.ConntrackPriority}, where flows are known");
        }

        if (hook.Type == NftChainType.Nat && hook.Point == NftHookPoint.Forward)
            Report(DiagnosticCatalog.NftRefused, "found a nat chain at forward, expected it at another hook");
        if (hook.Type == NftChainType.Route && hook.Point != NftHookPoint.Output)
            Report(DiagnosticCatalog.NftRefused, "found a route chain elsewhere, expected it at output");
    }

    private static Hook HookOf(NftHookPoint point) => point switch
    {
        NftHookPoint.Prerouting => Hook.Prerouting,
        NftHookPoint.Input => Hook.Input,
        NftHookPoint.Forward => Hook.Forward,
        NftHookPoint.Output => Hook.Output,
        NftHookPoint.Postrouting => Hook.Postrouting,
    };

    private void Report(DiagnosticRule problem, string message, string? hint = null) =>
        _diagnostics.Add(new Diagnostic(problem, Location.Whole(""), $"{message}: {_place()}", hint));
}
