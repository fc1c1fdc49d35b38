using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Mutation;

/// <summary>A ruleset with one edit. <c>What</c> says which, as rules before and after.</summary>
/// <param name="Place">Table and chain.</param>
internal sealed record Mutant(IptablesRuleset Ruleset, string Kind, string Place, string What);

/// <summary>Every single edit of a ruleset that a careless programmer could have made.</summary>
internal static class Mutants
{
    private static readonly ConntrackStates[] _states =
    [
        ConntrackStates.New, ConntrackStates.Established, ConntrackStates.Related, ConntrackStates.Invalid,
        ConntrackStates.Dnat,
    ];

    public static IEnumerable<Mutant> Of(IptablesRuleset ruleset)
    {
        for (var t = 0; t < ruleset.Tables.Count; t++)
        {
            var table = ruleset.Tables[t];
            for (var c = 0; c < table.Chains.Count; c++)
            {
                var chain = table.Chains[c];
                for (var r = 0; r < chain.Rules.Count; r++)
                {
                    foreach (var (kind, rules) in Edits(table, chain, r))
                    {
                        var tables = With(ruleset.Tables, t, table with { Chains = With(table.Chains, c, chain with { Rules = rules }) });
                        var text = IptablesBackend.PrintRule(chain.Rules[r], ruleset.Family);
                        var edited = kind is "delete" ? "" : IptablesBackend.PrintRule(rules[r], ruleset.Family);
                        var place = $"{table.Name.KernelName()} {chain.Name}";
                        yield return new Mutant(
                            ruleset with { Tables = tables }, kind, place, $"{kind} in {place}:\n  {text}\n  {edited}");
                    }
                }
            }
        }
    }

    /// <summary>The tools refuse ports without a protocol, to match as to translate to.</summary>
    private static bool NeedsProtocol(Rule rule) =>
        rule.Target is Target.Dnat || rule.Matches.Any(match => match is Match.DestinationPort);

    private static IEnumerable<(string Kind, Seq<Rule> Rules)> Edits(Table table, Chain chain, int at)
    {
        var rules = chain.Rules;
        var rule = rules[at];
        yield return ("delete", rules.Where((_, i) => i != at).ToSeq());
        if (at + 1 < rules.Count && rules[at + 1] != rule)
            yield return ("swap", rules.Select((one, i) => i == at ? rules[at + 1] : i == at + 1 ? rule : one).ToSeq());
        for (var m = 0; m < rule.Matches.Count; m++)
        {
            var rest = rule.Matches.Where((_, i) => i != m).ToSeq();
            if (rule.Matches[m] is not Match.OfProtocol || !NeedsProtocol(rule))
                yield return ("unmatch", With(rules, at, rule with { Matches = rest }));
            foreach (var (kind, match) in Edits(rule.Matches[m]))
                yield return (kind, With(rules, at, rule with { Matches = With(rule.Matches, m, match) }));
        }

        foreach (var (kind, target) in Edits(rule.Target, table))
            yield return (kind, With(rules, at, rule with { Target = target }));
    }

    private static IEnumerable<(string Kind, Match Match)> Edits(Match match)
    {
        switch (match)
        {
            case Match.Source one:
                yield return ("invert", one with { Inverted = !one.Inverted });
                yield return ("address", one with { Address = Next(one.Address, one.Mask) });
                foreach (var mask in Masks(one.Mask)) yield return ("prefix", one with { Address = And(one.Address, mask), Mask = mask });
                break;
            case Match.Destination one:
                yield return ("invert", one with { Inverted = !one.Inverted });
                yield return ("address", one with { Address = Next(one.Address, one.Mask) });
                foreach (var mask in Masks(one.Mask)) yield return ("prefix", one with { Address = And(one.Address, mask), Mask = mask });
                break;
            case Match.InInterface one:
                yield return ("invert", one with { Inverted = !one.Inverted });
                yield return ("interface", one with { Name = "eth0" });
                break;
            case Match.OfProtocol one:
                yield return ("protocol", one with { Protocol = one.Protocol == Protocol.Tcp ? Protocol.Udp : Protocol.Tcp });
                break;
            case Match.DestinationPort one:
                yield return ("port", one with { First = Plus(one.First, 1), Last = Plus(one.Last, 1) });
                yield return ("port", one with { First = Plus(one.First, -1), Last = Plus(one.Last, -1) });
                break;
            case Match.ConntrackState one:
                yield return ("invert", one with { Inverted = !one.Inverted });
                foreach (var state in _states)
                {
                    var states = one.States ^ state;
                    if (states != ConntrackStates.None) yield return ("state", one with { States = states });
                }

                break;
            case Match.Mark one:
                yield return ("invert", one with { Inverted = !one.Inverted });
                yield return ("mark", one with { Value = uint.RotateLeft(one.Value, 1), Mask = uint.RotateLeft(one.Mask, 1) });
                break;
            case Match.Bpf one:
                // Loads of the word that is a byte further on, and of the one before.
                for (var i = 0; i < one.Program.Count; i++)
                {
                    var instruction = one.Program[i];
                    if (instruction.K is not (> 0 and < ushort.MaxValue)) continue;
                    foreach (var k in (uint[])[instruction.K + 1, instruction.K - 4])
                        yield return ("bpf", one with { Program = With(one.Program, i, instruction with { K = k }) });
                }

                break;
            case Match.SourceIsLocal one:
                yield return ("invert", one with { Inverted = !one.Inverted });
                break;
            case Match.DestinationIsLocal one:
                yield return ("invert", one with { Inverted = !one.Inverted });
                break;
            case Match.Statistic one:
                // Sixty-four steps of the kernel's resolution: 3·10^-8, a ten-digit rounding away.
                yield return ("probability", one with { Threshold = one.Threshold - 64 });
                yield return ("probability", one with { Threshold = one.Threshold + 64 });
                break;
            case Match.Recent one:
                yield return ("affinity list", one with { List = one.List + "X" });
                if (one.Seconds > 0) yield return ("affinity time", one with { Seconds = one.Seconds + 7 });
                break;
        }
    }

    private static IEnumerable<(string Kind, Target? Target)> Edits(Target? target, Table table)
    {
        switch (target)
        {
            case Target.Accept:
                yield return ("target", new Target.Drop());
                break;
            case Target.Drop:
                yield return ("target", new Target.Reject(RejectKind.PortUnreachable));
                yield return ("target", new Target.Accept());
                break;
            case Target.Return:
                yield return ("target", new Target.Accept());
                yield return ("target", null);
                break;
            case Target.Jump jump:
                yield return ("jump to goto", new Target.Goto(jump.Chain));
                yield return ("target", new Target.Jump(Another(table, jump.Chain)));
                break;
            case Target.Goto go:
                yield return ("goto to jump", new Target.Jump(go.Chain));
                yield return ("target", new Target.Goto(Another(table, go.Chain)));
                break;
            case Target.Reject:
                yield return ("target", new Target.Drop());
                break;
            case Target.Dnat dnat:
                var next = Ip.Create(dnat.To.Address.Family, dnat.To.Address.Bits + 1);
                yield return ("endpoint address", new Target.Dnat(dnat.To with { Address = next }));
                yield return ("endpoint port", new Target.Dnat(dnat.To with { Port = Plus(dnat.To.Port, 1) }));
                break;
            case Target.Masquerade:
                yield return ("target", null);
                break;
            case Target.SetMark mark:
                yield return ("mark", new Target.SetMark(uint.RotateLeft(mark.Clear, 1), uint.RotateLeft(mark.Flip, 1)));
                yield return ("mark", new Target.SetMark(mark.Clear, 0));
                yield return ("mark", new Target.SetMark(uint.MaxValue, mark.Flip));
                break;
        }
    }

    /// <summary>
    /// The user-defined chain behind this one. A jump back to a chain that leads here would be a loop, which the kernel
    /// refuses; only leaves are offered.
    /// </summary>
    private static string Another(Table table, string chain)
    {
        var leaves = table.Chains.Where(one => one.Policy is null && one.Name.StartsWith("KUBE-", StringComparison.Ordinal)
            && one.Rules.All(rule => rule.Target is not (Target.Jump or Target.Goto))).Select(one => one.Name).ToArray();
        var at = Array.IndexOf(leaves, chain);
        return leaves.Length == 0 ? chain : leaves[(at + 1) % leaves.Length];
    }

    /// <summary>One bit longer and one bit shorter, for masks that are prefixes.</summary>
    private static IEnumerable<Ip> Masks(Ip mask)
    {
        var bits = mask.Family.AddressBits();
        var length = (int)UInt128.PopCount(mask.Bits);
        if (Prefix.Create(mask, length).Network.Bits != mask.Bits) yield break;
        var all = mask.Family.HostMask();
        if (length > 0) yield return Prefix.Create(Ip.Create(mask.Family, all), length - 1).Network;
        if (length < bits) yield return Prefix.Create(Ip.Create(mask.Family, all), length + 1).Network;
    }

    /// <summary>The next block of the mask's size.</summary>
    private static Ip Next(Ip address, Ip mask) =>
        Ip.Create(address.Family, (address.Bits + (~mask.Bits & address.Family.HostMask()) + 1) & mask.Bits);

    private static Ip And(Ip address, Ip mask) => Ip.Create(address.Family, address.Bits & mask.Bits);

    private static Port Plus(Port port, int by) => new((ushort)(port.Value + by));

    private static Seq<T> With<T>(Seq<T> items, int at, T item) => items.Select((one, i) => i == at ? item : one).ToSeq();
}
