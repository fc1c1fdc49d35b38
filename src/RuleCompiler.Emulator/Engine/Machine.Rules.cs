using System.Runtime.CompilerServices;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// Chains, rules and guards (net/ipv4/netfilter/ip_tables.c:ipt_do_table, net/netfilter/nf_tables_core.c:nft_do_chain
/// @v6.1).
/// </summary>
internal sealed partial class Machine
{
    /// <summary>net/netfilter/xt_statistic.c:statistic_mt @v6.1 compares 31 bits.</summary>
    private const int BitsOfDraw = 31;

    /// <summary>A threshold of certainty.</summary>
    private const uint Certain = 1u << BitsOfDraw;

    private readonly ProgramRule[] _rules;
    private readonly Guard[] _guards;
    private readonly ProgramChain[] _chains;
    private readonly ChainIndex?[] _indexes;
    private readonly HashSet<string> _bridges;
    private readonly byte[] _header = new byte[HeaderBytes.LengthMax];

    private void EnterBase(Walk walk, int index)
    {
        var chain = _program.Bases[index];
        walk.InRules = true;
        walk.DropsByDefault = chain.DropsByDefault;
        walk.Depth = 0;
        walk.Service = null;
        EnterChain(walk, chain.Chain);
    }

    private void EnterChain(Walk walk, int index)
    {
        var chain = _chains[index];
        walk.Chain = index;
        walk.Rule = chain.FirstRule;
        walk.RulesEnd = chain.FirstRule + chain.RuleCount;
        walk.Candidates = _indexes[index]?.CandidatesFor(walk.Tuple);
        walk.Candidate = 0;
        if (walk.Candidates is not null) SelectCandidate(walk);
    }

    /// <summary>Runs to the end of the base chain: Accept, Drop or Reject.</summary>
    private VerdictKind RunRules(Walk walk)
    {
        var rules = _rules;
        while (true)
        {
            if (walk.Rule >= walk.RulesEnd)
            {
                if (!LeaveChain(walk)) return walk.DropsByDefault ? VerdictKind.Drop : VerdictKind.Accept;
                continue;
            }

            ref readonly var rule = ref rules[walk.Rule];
            if (!Holds(walk, in rule))
            {
                NextRule(walk);
                continue;
            }

            var verdict = rule.Verdict;
            if (verdict.Kind == VerdictKind.Computed)
            {
                verdict = walk.Decided;
                walk.Decided = default;
            }
            else if (rule.Effect is { } effect)
            {
                if (!Apply(walk, effect)) return VerdictKind.Drop;
            }
            else if (walk.IsTraced)
            {
                Record(walk, Narrate(verdict));
            }

            switch (verdict.Kind)
            {
                case VerdictKind.Continue:
                    NextRule(walk);
                    break;
                case VerdictKind.Jump:
                    NextRule(walk);
                    Push(walk);
                    EnterChain(walk, verdict.Chain);
                    break;
                case VerdictKind.Goto:
                    EnterChain(walk, verdict.Chain);
                    break;
                case VerdictKind.Return:
                    walk.Rule = walk.RulesEnd;
                    break;
                case VerdictKind.Reject:
                    walk.RejectWith = verdict.With;
                    return VerdictKind.Reject;
                default:
                    return verdict.Kind;
            }
        }
    }

    private static void NextRule(Walk walk)
    {
        walk.Guard = 0;
        if (walk.Candidates is null)
        {
            walk.Rule++;
            return;
        }

        walk.Candidate++;
        SelectCandidate(walk);
    }

    private static void SelectCandidate(Walk walk) =>
        walk.Rule = walk.Candidate < walk.Candidates!.Length ? walk.Candidates[walk.Candidate] : walk.RulesEnd;

    private static void Push(Walk walk)
    {
        if (walk.Depth == walk.Stack.Length) Array.Resize(ref walk.Stack, Math.Max(16, walk.Depth * 2));
        walk.Stack[walk.Depth++] = new Walk.Frame(walk.Chain, walk.Rule, walk.RulesEnd, walk.Candidates, walk.Candidate);
    }

    /// <summary>False at the end of the base chain.</summary>
    private static bool LeaveChain(Walk walk)
    {
        if (walk.Depth == 0) return false;
        ref readonly var frame = ref walk.Stack[--walk.Depth];
        walk.Chain = frame.Chain;
        walk.Rule = frame.Rule;
        walk.RulesEnd = frame.RulesEnd;
        walk.Candidates = frame.Candidates;
        walk.Candidate = frame.Candidate;
        return true;
    }

    private bool Holds(Walk walk, in ProgramRule rule)
    {
        var guards = new ReadOnlySpan<Guard>(_guards, rule.FirstGuard, rule.GuardCount);
        for (var i = walk.Guard; i < guards.Length; i++)
        {
            ref readonly var guard = ref guards[i];
            if (guard.Kind == GuardKind.Draw)
            {
                if (!Draw(walk, in guard, i)) return false;
            }
            else if (guard.IsStep)
            {
                var end = Step(walk, in guard, i);
                if (end == StepEnd.Break) return false;
                if (end == StepEnd.Decided) break;
            }
            else if (!Holds(walk, in guard))
            {
                return false;
            }
        }

        walk.Guard = 0;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Holds(Walk walk, in Guard guard)
    {
        ref readonly var tuple = ref walk.Tuple;
        return guard.Kind switch
        {
            GuardKind.Source => ((tuple.Source & guard.Mask) == guard.Value) != guard.Inverted,
            GuardKind.Destination => ((tuple.Destination & guard.Mask) == guard.Value) != guard.Inverted,
            GuardKind.Protocol => ((byte)tuple.Protocol == (byte)guard.Value) != guard.Inverted,
            GuardKind.SourcePort => IsBetween(tuple.SourcePort, in guard) != guard.Inverted,
            GuardKind.DestinationPort => IsBetween(tuple.DestinationPort, in guard) != guard.Inverted,
            GuardKind.ConntrackState => ((StatesOf(walk) & (ConntrackStates)(uint)guard.Value) != 0) != guard.Inverted,
            GuardKind.Mark => ((walk.Mark & (uint)guard.Mask) == (uint)guard.Value) != guard.Inverted,
            GuardKind.InputInterface => ((InterfacePattern)guard.Operand!).Matches(walk.Input) != guard.Inverted,
            GuardKind.OutputInterface => ((InterfacePattern)guard.Operand!).Matches(walk.Output) != guard.Inverted,
            GuardKind.SourceIsLocal => _routing.IsLocal(tuple.Source) != guard.Inverted,
            GuardKind.DestinationIsLocal => _routing.IsLocal(tuple.Destination) != guard.Inverted,
            GuardKind.Recent => Recent(walk, (RecentQuery)guard.Operand!, guard.Inverted),
            GuardKind.Bpf => RunBpf(walk, (BpfProgram)guard.Operand!) != guard.Inverted,
            GuardKind.InSet => ((IpSetQuery)guard.Operand!).Contains(walk, _program.Family) != guard.Inverted,
            GuardKind.FromBridgePort => IsBridge(walk.Input) != guard.Inverted,
            GuardKind.ThroughIpvs => walk.IsThroughIpvs != guard.Inverted,
            GuardKind.ToVirtualServer => IsTo(
                walk,
                new ServiceKey(guard.Value, (Protocol)(byte)guard.Mask, (ushort)(guard.Mask >> 8))) != guard.Inverted,
            GuardKind.Draw or GuardKind.Compare or GuardKind.Lookup or GuardKind.Dispatch or GuardKind.Assign or
                GuardKind.Translate or GuardKind.Masquerade or GuardKind.Update or GuardKind.Decide =>
                throw new InvalidOperationException($"{guard.Kind} needs its place in the rule"),
        };
    }

    /// <summary>xt_physdev.c:physdev_mt @v6.1, with br_netfilter where a bridge is said to be one.</summary>
    private bool IsBridge(string? name) => name is not null && _bridges.Contains(name);

    private static bool IsBetween(ushort port, in Guard guard) => port >= (ushort)guard.Value && port <= (ushort)guard.Mask;

    /// <summary>xt_conntrack.c:conntrack_mt @v6.1: a flow has its own state and the virtual ones of its NAT.</summary>
    private static ConntrackStates StatesOf(Walk walk)
    {
        if (walk.Connection is not { } connection) return walk.State;
        var states = walk.State;
        if (connection.Has(ConnectionStatus.SourceNat)) states |= ConntrackStates.Snat;
        if (connection.Has(ConnectionStatus.DestinationNat)) states |= ConntrackStates.Dnat;
        return states;
    }

    /// <summary>
    /// xt_statistic.c:statistic_mt @v6.1. An exploration goes on with the hit and leaves the miss for later.
    /// </summary>
    private bool Draw(Walk walk, in Guard guard, int at)
    {
        var threshold = (uint)guard.Value;
        if (_turns is null) return ((_random.Next() & 0x7FFFFFFF) < threshold) != guard.Inverted;
        if (threshold == 0) return guard.Inverted;
        if (threshold >= Certain) return !guard.Inverted;
        var miss = walk.Clone();
        miss.Mass *= Certain - threshold;
        miss.MassBits += BitsOfDraw;
        if (guard.Inverted)
            miss.Guard = at + 1;
        else
            NextRule(miss);
        _turns.Push(miss);
        walk.Mass *= threshold;
        walk.MassBits += BitsOfDraw;
        return !guard.Inverted;
    }

    private bool Recent(Walk walk, RecentQuery query, bool inverted)
    {
        var address = walk.Tuple.Source & query.Mask;
        if (_turns is null) return _recent[query.List].Evaluate(query, inverted, address, _now);
        var list = _recent[query.List];
        for (var overlay = walk.Overlay; overlay is not null; overlay = overlay.Below)
        {
            if (overlay.Index != query.List) continue;
            list = overlay.List;
            break;
        }

        if (!list.IsUnchangedBy(query, address))
        {
            list = list.Clone();
            walk.Overlay = new RecentOverlay(query.List, list, walk.Overlay);
        }

        return list.Evaluate(query, inverted, address, _now);
    }

    private bool RunBpf(Walk walk, BpfProgram program)
    {
        var length = HeaderBytes.Write(walk, _program.Family, _header);
        return ClassicBpf.Run(program.Instructions.Span, _header.AsSpan(0, length)) != 0;
    }

    private static void Record(Walk walk, string effect) =>
        walk.Trace = new TraceNode(walk.Trace, walk.Hook, walk.Chain, walk.Rule, effect, walk.Service);

    private static string NameOf(RejectKind kind) => kind switch
    {
        RejectKind.PortUnreachable => "port-unreachable",
        RejectKind.HostUnreachable => "host-unreachable",
        RejectKind.NetUnreachable => "net-unreachable",
        RejectKind.ProtocolUnreachable => "protocol-unreachable",
        RejectKind.AdminProhibited => "admin-prohibited",
        RejectKind.TcpReset => "tcp-reset",
    };

    private string Narrate(Verdict verdict) => verdict.Kind switch
    {
        VerdictKind.Continue => "count",
        VerdictKind.Accept => "accept",
        VerdictKind.Drop => "drop",
        VerdictKind.Reject => $"reject with {NameOf(verdict.With)}",
        VerdictKind.Return => "return",
        VerdictKind.Jump => $"jump to {_program.Chains[verdict.Chain].Name}",
        VerdictKind.Goto => $"go to {_program.Chains[verdict.Chain].Name}",
        VerdictKind.Computed => throw new InvalidOperationException("a computed verdict is one of the others"),
    };
}
