using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// A dispatch map over a long chain. Rules that fix destination, protocol and port are disjoint from those that fix
/// others, so a packet needs to see only the rules of its own key and those that fix none, in their order: kube-proxy's
/// linear KUBE-SERVICES becomes one look-up (verification.md §3.3 O1).
/// </summary>
internal sealed class ChainIndex
{
    /// <summary>Shorter chains are walked faster than looked up.</summary>
    private const int RulesMin = 16;

    /// <summary>
    /// Every key's list repeats the rules without a key; more of them than this and the index is not worth it.
    /// </summary>
    private const int UnkeyedMax = 8;

    private readonly Dictionary<Key, int[]> _byKey;
    private readonly int[] _unkeyed;

    private ChainIndex(Dictionary<Key, int[]> byKey, int[] unkeyed)
    {
        _byKey = byKey;
        _unkeyed = unkeyed;
    }

    private readonly record struct Key(UInt128 Destination, Protocol Protocol, ushort Port);

    /// <summary>One entry a chain; null where the chain is walked rule by rule.</summary>
    public static ChainIndex?[] Build(PacketProgram program)
    {
        var result = new ChainIndex?[program.Chains.Count];
        for (var i = 0; i < result.Length; i++) result[i] = Build(program, program.Chains[i]);
        return result;
    }

    /// <summary>Absolute rule indices, ascending.</summary>
    public int[] CandidatesFor(in ConnTuple tuple) =>
        _byKey.GetValueOrDefault(new Key(tuple.Destination, tuple.Protocol, tuple.DestinationPort), _unkeyed);

    private static ChainIndex? Build(PacketProgram program, ProgramChain chain)
    {
        if (chain.RuleCount < RulesMin) return null;
        var unkeyed = new List<int>();
        var keyed = new Dictionary<Key, List<int>>();
        for (var rule = chain.FirstRule; rule < chain.FirstRule + chain.RuleCount; rule++)
        {
            if (KeyOf(program, program.Rules[rule]) is not { } key)
            {
                if (unkeyed.Count == UnkeyedMax) return null;
                unkeyed.Add(rule);
            }
            else if (keyed.TryGetValue(key, out var rules))
            {
                rules.Add(rule);
            }
            else
            {
                keyed.Add(key, [rule]);
            }
        }

        return new ChainIndex(
            keyed.ToDictionary(entry => entry.Key, entry => entry.Value.Concat(unkeyed).Order().ToArray()),
            unkeyed.ToArray());
    }

    /// <summary>
    /// Only guards before the first impure one count: skipping a rule must not skip what evaluating it does.
    /// </summary>
    private static Key? KeyOf(PacketProgram program, in ProgramRule rule)
    {
        UInt128? destination = null;
        Protocol? protocol = null;
        ushort? port = null;
        foreach (ref readonly var guard in program.Guards.Span.Slice(rule.FirstGuard, rule.GuardCount))
        {
            if (!guard.IsPure) break;
            if (guard.Inverted) continue;
            switch (guard.Kind)
            {
                case GuardKind.Destination when guard.Mask == program.Family.HostMask():
                    destination = guard.Value;
                    break;
                case GuardKind.Protocol:
                    protocol = (Protocol)(byte)guard.Value;
                    break;
                case GuardKind.DestinationPort when guard.Value == guard.Mask:
                    port = (ushort)guard.Value;
                    break;
            }
        }

        return destination is { } d && protocol is { } p && port is { } n ? new Key(d, p, n) : null;
    }
}
