using System.Text.Json;
using RuleCompiler.Emulator.Comparison;

namespace RuleCompiler.Cli.Verbs;

/// <summary>A comparison for programs: every difference says whether it is intended.</summary>
internal static class ComparisonJson
{
    public static void Write(string left, string right, IReadOnlyList<ComparisonReport> reports, TextWriter to) =>
        JsonText.Write(to, json =>
        {
            json.WriteStartObject();
            json.WriteString("left", left);
            json.WriteString("right", right);
            json.WriteBoolean("asIntended", reports.All(report => report.IsAsIntended));
            json.WriteStartArray("families");
            foreach (var report in reports)
            {
                json.WriteStartObject();
                json.WriteString("family", report.Family.ToString().ToLowerInvariant());
                json.WriteNumber("flows", report.FlowCount);
                json.WriteStartArray("differences");
                foreach (var group in report.Groups)
                {
                    foreach (var difference in group.Differences) Write(json, group, difference);
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });

    private static void Write(Utf8JsonWriter json, DifferenceGroup group, Difference difference)
    {
        var (at, flow) = (difference.At, difference.At.Flow);
        json.WriteStartObject();
        json.WriteBoolean("intended", group.IsIntended);
        if (group.Cause != Cause.Unknown) json.WriteString("cause", Profile.IdOf(group.Cause));
        json.WriteString("explanation", group.Explanation);
        json.WriteStartArray("differs");
        foreach (var aspect in ComparisonText.Names(group.Aspects)) json.WriteStringValue(aspect);
        json.WriteEndArray();
        json.WriteString("from", ComparisonText.Named(group.Source));
        if (at.Service is { } service) json.WriteString("service", service.Name.ToString());
        if (at.Frontend is { } frontend) json.WriteString("frontend", frontend.Kind.ToString());
        json.WriteString("source", flow.Source.ToString());
        json.WriteString("protocol", flow.Protocol.ToString().ToLowerInvariant());
        json.WriteString("destination", flow.Destination.ToString());
        json.WriteNumber("port", flow.DestinationPort.Value);
        json.WriteString("left", difference.Left);
        json.WriteString("right", difference.Right);
        json.WriteEndObject();
    }
}
