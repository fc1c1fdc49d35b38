using RuleCompiler.Cli.Documents;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>A trace: the packet, the rules on the way to its first outcome, and every outcome with its share.</summary>
internal static class TraceDocument
{
    public static Document Of(Trace trace)
    {
        var outcomes = trace.Distribution.Outcomes;
        var blocks = new List<Block>
        {
            new Block.Heading(TitleOf(trace.Packet), Level: 0),
            new Block.Fact("packet", Value.Of(
                [.. FieldsOf(trace.Packet.Tuple), new Field("arrivesOn", trace.Packet.InputInterface)])),
        };
        if (outcomes[0].Example.Steps is { IsEmpty: false } steps) blocks.Add(StepsTable.Of(steps));
        else blocks.Add(new Block.Paragraph("no rule matches"));
        if (outcomes.Count > 1)
            blocks.Add(new Block.Paragraph($"These rules lead to the first of {outcomes.Count} outcomes."));
        blocks.Add(OutcomesOf(outcomes));
        if (trace.Expected is { } expected)
        {
            blocks.Add(new Block.Fact("agreesWithCluster", trace.Agrees));
            blocks.Add(new Block.Fact("expected", Value.List(expected.Select(one => Value.Of(FieldsOf(one))))));
            if (trace.Agrees) blocks.Add(new Block.Paragraph(Line.Badge("matches the cluster's intent", Tone.Good)));
        }

        return Document.Of(blocks);
    }

    private static Line TitleOf(Packet packet)
    {
        var arrival = packet.InputInterface is { } name ? $"arrives on {name}" : "sent by the node itself";
        return Line.Of(new Span(packet.Tuple.ToString(), Tone.Name), $", {arrival}");
    }

    private static Block.Table OutcomesOf(Seq<WeightedOutcome> outcomes) => new(
        "outcomes",
        [
            new Column("outcome", "outcome", InGroup: InGroup.Listed),
            new Column("endpoint", null),
            new Column("sourceNat", null),
            new Column("chance", "share"),
            new Column("exactly", null),
            new Column("ends", "ends", Rank: 1),
            new Column(null, "client seen as", Rank: 2),
            new Column("leavesAs", null),
            new Column("answersComeAs", null),
            new Column("steps", null),
        ],
        outcomes.Select(RowOf).ToSeq(),
        Noun: "endpoints");

    private static Seq<Cell> RowOf(WeightedOutcome weighted)
    {
        var share = new Value.Share(weighted.Numerator, weighted.Denominator);
        var passage = weighted.Example;
        var translated = weighted.Outcome as Outcome.Translated;
        return
        [
            new Cell(NameOf(weighted.Outcome), translated?.To.ToString()),
            translated?.To.ToString(),
            translated is null ? Cell.None : translated.SourceNat,
            share,
            share.Fraction,
            Describe(passage.Fate),
            translated is not null && passage.Reply is { } reply ? ClientOf(reply, translated.SourceNat) : Cell.None,
            Value.Of(FieldsOf(passage.Sent.Tuple)),
            passage.Reply is { } answers ? Value.Of(FieldsOf(answers)) : Cell.None,
            Value.List(passage.Steps.Select(step => Value.Of(FieldsOf(step)))),
        ];
    }

    /// <summary>Whom the endpoint answers.</summary>
    private static string ClientOf(FlowTuple reply, bool sourceNat)
    {
        var client = new Endpoint(reply.Destination, reply.DestinationPort);
        return sourceNat ? $"{client} (masqueraded)" : client.ToString();
    }

    private static string Describe(Fate fate) => fate switch
    {
        Fate.Delivered => "delivered to the node",
        Fate.Sent sent => $"leaves by {sent.OutputInterface}",
        Fate.Dropped => "dropped",
        Fate.Rejected => "rejected",
        Fate.Unroutable => "no route",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string NameOf(Outcome outcome) =>
        outcome is Outcome.Translated ? "translate" : outcome.ToString()!;

    private static IEnumerable<Field> FieldsOf(Outcome outcome) => outcome is Outcome.Translated translated
        ?
        [
            new Field("outcome", NameOf(outcome)),
            new Field("endpoint", translated.To.ToString()),
            new Field("sourceNat", translated.SourceNat),
        ]
        : [new Field("outcome", NameOf(outcome))];

    private static IEnumerable<Field> FieldsOf(FlowTuple tuple) =>
    [
        new Field("protocol", tuple.Protocol.KernelName()),
        new Field("source", new Endpoint(tuple.Source, tuple.SourcePort).ToString()),
        new Field("destination", new Endpoint(tuple.Destination, tuple.DestinationPort).ToString()),
    ];

    private static IEnumerable<Field> FieldsOf(TraceStep step)
    {
        yield return new Field("hook", step.Hook);
        if (step.RuleNumber > 0)
        {
            yield return new Field("table", step.Table);
            yield return new Field("chain", step.Chain);
            yield return new Field("rule", step.RuleNumber);
            yield return new Field("text", step.RuleText);
        }

        yield return new Field("then", step.Effect);
        yield return new Field("service", step.Service);
    }
}
