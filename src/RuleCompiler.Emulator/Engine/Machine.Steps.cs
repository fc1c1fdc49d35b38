using System.Diagnostics;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>Statements of nftables rules, in their order (net/netfilter/nf_tables_core.c:nft_do_chain @v6.1).</summary>
internal sealed partial class Machine
{
    private enum StepEnd : byte
    {
        /// <summary>The rule is over.</summary>
        Break,
        Next,

        /// <summary>The rule is over, and <see cref="Walk.Decided"/> is its verdict.</summary>
        Decided,
    }

    private StepEnd Step(Walk walk, in Guard guard, int at)
    {
        // A turn that is left for later begins with this step again.
        walk.Guard = at;
        walk.DrawnUsed = 0;
        var end = Evaluate(walk, in guard);
        if (walk.Drawn.Length > 0) walk.Drawn = [];
        return end;
    }

    private StepEnd Evaluate(Walk walk, in Guard guard)
    {
        Registers registers = default;
        switch (guard.Operand)
        {
            case SetQuery query:
                if (!Read(walk, query.Key.Span, ref registers)) return StepEnd.Break;
                var element = Find(walk, query.Set, registers.Part(0, _sets[query.Set].KeyWords));
                if (guard.Kind == GuardKind.Dispatch) return Dispatch(walk, element);
                return element is not null != guard.Inverted ? StepEnd.Next : StepEnd.Break;
            case RangeTest comparison:
                if (!Read(walk, comparison.Value.Span, ref registers)) return StepEnd.Break;
                var value = registers.Get(0, comparison.Words);
                return IsWithin(comparison.Ranges.Span, value) != guard.Inverted ? StepEnd.Next : StepEnd.Break;
            case Assignment assignment:
                if (!Read(walk, assignment.Value.Span, ref registers)) return StepEnd.Break;
                Assign(walk, assignment.Field, registers[0]);
                return StepEnd.Next;
            case Translation translation:
                if (!Read(walk, translation.To.Span, ref registers)) return StepEnd.Break;
                Translate(walk, translation, in registers);
                return Decide(walk, VerdictKind.Accept);
            case Effect.Masquerade masquerade:
                return Decide(walk, Masquerade(walk, masquerade) ? VerdictKind.Accept : VerdictKind.Drop);
            case SetUpdate update:
                return Update(walk, update) ? StepEnd.Next : StepEnd.Break;
            case Decision decision:
                if (walk.IsTraced) Record(walk, Narrate(decision.Verdict));
                walk.Decided = decision.Verdict;
                return StepEnd.Decided;
            default:
                throw new UnreachableException($"{guard}");
        }
    }

    private static StepEnd Decide(Walk walk, VerdictKind kind)
    {
        walk.Decided = new Verdict(kind);
        return StepEnd.Decided;
    }

    private StepEnd Dispatch(Walk walk, SetEntry? element)
    {
        if (element is null) return StepEnd.Break;
        if (element.Service is { } service) walk.Service = service;
        if (walk.IsTraced) Record(walk, Narrate(element.Verdict));
        if (element.Verdict.Kind == VerdictKind.Continue) return StepEnd.Next;
        walk.Decided = element.Verdict;
        return StepEnd.Decided;
    }

    /// <summary>Ranges are sorted and apart.</summary>
    private static bool IsWithin(ReadOnlySpan<KeyField> ranges, UInt128 value)
    {
        var (low, high) = (0, ranges.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].Last < value)
                low = middle + 1;
            else
                high = middle;
        }

        return low < ranges.Length && ranges[low].First <= value;
    }

    private static void Assign(Walk walk, AssignedField field, uint value)
    {
        switch (field)
        {
            case AssignedField.Mark:
                walk.Mark = value;
                if (walk.IsTraced) Record(walk, $"mark 0x{value:x}");
                break;
            case AssignedField.Priority:
                walk.Priority = value;
                if (walk.IsTraced) Record(walk, $"priority 0x{value:x}");
                break;
        }
    }

    private void Translate(Walk walk, Translation translation, in Registers to)
    {
        var words = RegisterLayout.WordsOf(_program.Family.AddressBits());
        var address = to.Get(0, words);
        ushort? port = translation.HasPort ? (ushort)to[words] : null;
        BindDestination(walk.Connection!, address, port);
        if (!walk.IsTraced) return;
        var chosen = walk.Connection!.Reply;
        var endpoint = new Endpoint(Ip.Create(_program.Family, chosen.Source), new Port(chosen.SourcePort));
        Record(walk, $"destination {endpoint}");
    }
}
