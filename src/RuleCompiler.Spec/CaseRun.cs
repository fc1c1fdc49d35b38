using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>One run of a case: sends its packets one after the other and judges what becomes of each.</summary>
internal sealed class CaseRun(IFlowNode node, CasePlan plan, ProxyMode mode, Choices choices) : IDisposable
{
    private Packet? _first;
    private Passage? _passage;
    private Endpoint? _chosen;
    private Expected.Endpoints? _lastSet;
    private bool _answered;

    public void Dispose() => node.Dispose();

    /// <summary>One result for each line with an expectation, in order.</summary>
    public FlowResult[] Run(List<Diagnostic> diagnostics)
    {
        var results = new List<FlowResult>();
        for (var i = 0; i < plan.Steps.Count; i++)
        {
            var planned = plan.Steps[i];
            var skipped = !planned.Step.Modes.IsEmpty && !planned.Step.Modes.Contains(mode);
            if (skipped && planned.Step.Action.Expectation is not null)
            {
                results.Add(Result(planned.Step, FlowStatus.Skipped, "", [], null, []));
            }

            if (skipped) continue;

            switch (planned.Step.Action)
            {
                case FlowAction.Open open:
                    results.Add(Open(i, planned.Step, planned.Packet!, open.Expect));
                    break;
                case FlowAction.Again again:
                    node.Advance(again.AfterSeconds);
                    results.Add(Again(i, planned, again));
                    break;
                case FlowAction.More more:
                    node.Advance(more.AfterSeconds);
                    results.Add(More(i, planned.Step, more.Expect));
                    break;
                case FlowAction.Reply reply:
                    node.Advance(reply.AfterSeconds);
                    results.Add(Reply(planned.Step, reply.Expect));
                    break;
                case FlowAction.Advance advance:
                    node.Advance(advance.Seconds);
                    break;
                case FlowAction.Change:
                    var problems = node.Load(planned.Cluster!);
                    if (problems.IsEmpty) break;
                    diagnostics.AddRange(problems);
                    diagnostics.Add(FlowChecker.RulesUnusable(planned.Step.Location));
                    return results.ToArray();
            }
        }

        return results.ToArray();
    }

    private FlowResult Open(int index, FlowStep step, Packet packet, Expected expected)
    {
        (_first, _answered) = (packet, false);
        return Judge(index, step, packet, expected);
    }

    private FlowResult Again(int index, PlannedStep planned, FlowAction.Again again)
    {
        if (_first is null) return Unsent(planned.Step);
        var packet = _first with { Tuple = _first.Tuple with { SourcePort = again.SourcePort ?? planned.SourcePort } };
        return Open(index, planned.Step, packet, again.Expect);
    }

    /// <summary>Before an answer a TCP client can only send its SYN again.</summary>
    private FlowResult More(int index, FlowStep step, Expected expected)
    {
        if (_first is null) return Unsent(step);
        var packet = _first with { Tcp = _first.Tcp is null ? null : _answered ? TcpFlags.Ack : TcpFlags.Syn };
        return Judge(index, step, packet, expected);
    }

    private FlowResult Judge(int index, FlowStep step, Packet packet, Expected expected)
    {
        var distribution = node.Explore(packet);
        var sent = node.Send(packet);
        choices.Note(index, distribution, sent);
        var judgement = Judgement.Of(expected, distribution, sent, _chosen, _lastSet);
        _passage = sent;
        _chosen = sent.Outcome is Outcome.Translated translated ? translated.To : null;
        if (expected is Expected.Endpoints { Set.Count: > 1 } set) _lastSet = set;
        return Result(
            step, judgement.Reasons.IsEmpty ? FlowStatus.Passed : FlowStatus.Failed,
            Judgement.Describe(distribution, sent), judgement.Reasons, distribution, judgement.Rules);
    }

    /// <summary>The endpoint answers; the answer arrives from where the endpoint is.</summary>
    private FlowResult Reply(FlowStep step, Expected expected)
    {
        if (_first is null || _passage is null) return Unsent(step);
        if (_passage.Reply is not { } tuple || _passage.Fate is not (Fate.Sent or Fate.Delivered))
        {
            return Result(step, FlowStatus.Failed, "", ["the packet before reached nobody who could answer"], null, []);
        }

        TcpFlags? flags = _first.Tcp is null ? null : _answered ? TcpFlags.Ack : TcpFlags.Syn | TcpFlags.Ack;
        var reply = node.Send(new Packet(tuple, CasePlan.InterfaceOf(tuple.Source, plan.Node), flags));
        _answered = true;
        var judgement = Judgement.OfReply(expected, reply, _first.Tuple);
        return Result(
            step, judgement.Reasons.IsEmpty ? FlowStatus.Passed : FlowStatus.Failed,
            Judgement.Describe(reply), judgement.Reasons, null, judgement.Rules);
    }

    /// <summary>The line that opens the flow is for other modes only.</summary>
    private static FlowResult Unsent(FlowStep step) =>
        Result(step, FlowStatus.Failed, "", ["no packet was sent before in this mode"], null, []);

    private static FlowResult Result(
        FlowStep step,
        FlowStatus status,
        string happened,
        Seq<string> reasons,
        Distribution? distribution,
        Seq<TraceStep> rules)
    {
        const string Word = " expect ";
        var expected = step.Text[(step.Text.IndexOf(Word, StringComparison.Ordinal) + Word.Length)..];
        return new FlowResult(step.Location, step.Text, status, expected, happened, reasons, distribution, rules);
    }
}
