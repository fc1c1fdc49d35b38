using System.Text.Json;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>A trace for programs. Exact chances are strings, since they do not fit into JSON's usual numbers.</summary>
internal static class TraceJson
{
    public static void Write(Trace trace, TextWriter to) => JsonText.Write(to, json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("packet");
        WriteTuple(json, trace.Packet.Tuple);
        if (trace.Packet.InputInterface is { } name) json.WriteString("arrivesOn", name);
        json.WriteEndObject();
        json.WriteStartArray("outcomes");
        foreach (var outcome in trace.Distribution.Outcomes) WriteOutcome(json, outcome);
        json.WriteEndArray();
        if (trace.Expected is { } expected)
        {
            json.WriteBoolean("agreesWithCluster", trace.Agrees);
            json.WriteStartArray("expected");
            foreach (var outcome in expected)
            {
                json.WriteStartObject();
                WriteVerdict(json, outcome);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    });

    private static void WriteOutcome(Utf8JsonWriter json, WeightedOutcome weighted)
    {
        json.WriteStartObject();
        WriteVerdict(json, weighted.Outcome);
        json.WriteNumber("chance", Math.Round((double)weighted.Numerator / (double)weighted.Denominator, 12));
        json.WriteString("exactly", TraceText.Exactly(weighted));
        json.WriteString("ends", TraceText.Describe(weighted.Example.Fate));
        json.WriteStartObject("leavesAs");
        WriteTuple(json, weighted.Example.Sent.Tuple);
        json.WriteEndObject();
        if (weighted.Example.Reply is { } reply)
        {
            json.WriteStartObject("answersComeAs");
            WriteTuple(json, reply);
            json.WriteEndObject();
        }

        WriteSteps(json, weighted.Example.Steps);
        json.WriteEndObject();
    }

    private static void WriteSteps(Utf8JsonWriter json, Seq<TraceStep> steps)
    {
        json.WriteStartArray("steps");
        foreach (var step in steps)
        {
            json.WriteStartObject();
            json.WriteString("hook", step.Hook);
            if (step.RuleNumber > 0)
            {
                json.WriteString("table", step.Table);
                json.WriteString("chain", step.Chain);
                json.WriteNumber("rule", step.RuleNumber);
                json.WriteString("text", step.RuleText);
            }

            json.WriteString("then", step.Effect);
            if (step.Service is not null) json.WriteString("service", step.Service);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteVerdict(Utf8JsonWriter json, Outcome outcome)
    {
        switch (outcome)
        {
            case Outcome.Translated translated:
                json.WriteString("outcome", "translate");
                json.WriteString("endpoint", translated.To.ToString());
                json.WriteBoolean("sourceNat", translated.SourceNat);
                break;
            case Outcome.Untouched or Outcome.Rejected or Outcome.Dropped:
                json.WriteString("outcome", outcome.ToString());
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static void WriteTuple(Utf8JsonWriter json, FlowTuple tuple)
    {
        json.WriteString("protocol", tuple.Protocol.KernelName());
        json.WriteString("source", new Endpoint(tuple.Source, tuple.SourcePort).ToString());
        json.WriteString("destination", new Endpoint(tuple.Destination, tuple.DestinationPort).ToString());
    }
}
