using System.Text.Json;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>Explanations for programs: an array with one object per service-port and family.</summary>
internal static class ExplanationJson
{
    public static void Write(IReadOnlyList<ExplainedPort> explained, TextWriter to) => JsonText.Write(to, json =>
    {
        json.WriteStartArray();
        foreach (var one in explained) WriteOne(json, one);
        json.WriteEndArray();
    });

    private static void WriteOne(Utf8JsonWriter json, ExplainedPort explained)
    {
        var (graph, port) = explained;
        json.WriteStartObject();
        json.WriteString("service", port.Name.Service.ToString());
        json.WriteString("port", port.Name.PortName);
        json.WriteString("protocol", port.Name.Protocol.KernelName());
        json.WriteString("family", graph.Family.ApiName());
        json.WriteString("location", port.Location.ToString());
        if (port.AffinityTimeoutSeconds is { } seconds) json.WriteNumber("affinityTimeoutSeconds", seconds);
        json.WriteString("topology", ExplanationText.NameOf(port.Topology));
        json.WriteStartArray("frontends");
        foreach (var frontend in port.Frontends) WriteFrontend(json, frontend);
        json.WriteEndArray();
        WriteEndpoints(json, "clusterSet", port.ClusterSet);
        WriteEndpoints(json, "localSet", port.LocalSet);
        json.WriteStartArray("candidates");
        foreach (var candidate in port.Candidates) WriteCandidate(json, candidate);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteFrontend(Utf8JsonWriter json, Frontend frontend)
    {
        json.WriteStartObject();
        json.WriteString("kind", ExplanationText.NameOf(frontend.Kind));
        if (frontend.Address is { } address) json.WriteString("address", address.ToString());
        json.WriteNumber("port", frontend.Port.Value);
        WriteVerdict(json, "fromLocalPod", frontend.Verdicts.LocalPod);
        WriteVerdict(json, "fromNode", frontend.Verdicts.Node);
        WriteVerdict(json, "fromElsewhere", frontend.Verdicts.External);
        if (frontend.AllowedSources is { } allowed)
        {
            json.WriteStartArray("allowedSources");
            foreach (var prefix in allowed) json.WriteStringValue(prefix.ToString());
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteVerdict(Utf8JsonWriter json, string name, Verdict verdict)
    {
        json.WriteStartObject(name);
        switch (verdict)
        {
            case Verdict.Balance balance:
                json.WriteString("verdict", "balance");
                json.WriteString("over", ExplanationText.NameOf(balance.Over));
                json.WriteBoolean("sourceNat", balance.SourceNat);
                break;
            case Verdict.Reject:
                json.WriteString("verdict", "reject");
                break;
            case Verdict.Drop:
                json.WriteString("verdict", "drop");
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }

        json.WriteEndObject();
    }

    private static void WriteEndpoints(Utf8JsonWriter json, string name, Seq<Endpoint> endpoints)
    {
        json.WriteStartArray(name);
        foreach (var endpoint in endpoints) json.WriteStringValue(endpoint.ToString());
        json.WriteEndArray();
    }

    private static void WriteCandidate(Utf8JsonWriter json, Candidate candidate)
    {
        json.WriteStartObject();
        json.WriteString("endpoint", candidate.Endpoint.ToString());
        json.WriteString("state", ExplanationText.NameOf(candidate.State));
        json.WriteBoolean("onThisNode", candidate.IsLocal);
        json.WriteBoolean("inClusterSet", candidate.InClusterSet);
        json.WriteBoolean("inLocalSet", candidate.InLocalSet);
        json.WriteString("reason", candidate.Reason);
        json.WriteString("location", candidate.Location.ToString());
        json.WriteEndObject();
    }
}
