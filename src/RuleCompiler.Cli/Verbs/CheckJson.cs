using System.Text.Json;
using RuleCompiler.Spec;

namespace RuleCompiler.Cli.Verbs;

/// <summary>Results for programs: one object per file.</summary>
internal static class CheckJson
{
    public static void Write(IReadOnlyList<FlowReport> reports, TextWriter to) => JsonText.Write(to, json =>
    {
        json.WriteStartArray();
        foreach (var report in reports)
        {
            json.WriteStartObject();
            json.WriteString("path", report.Path);
            json.WriteString("target", report.Target);
            json.WriteNumber("passed", report.Passed);
            json.WriteNumber("failed", report.Failed);
            json.WriteNumber("skipped", report.Skipped);
            json.WriteStartArray("results");
            foreach (var one in report.Cases)
            {
                foreach (var result in one.Results) WriteResult(json, one, result);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static void WriteResult(Utf8JsonWriter json, CaseReport one, FlowResult result)
    {
        json.WriteStartObject();
        if (one.Title.Length > 0) json.WriteString("case", one.Title);
        json.WriteNumber("line", result.Location.Line);
        json.WriteString("text", result.Text);
        json.WriteString("status", result.Status switch
        {
            FlowStatus.Passed => "passed",
            FlowStatus.Failed => "failed",
            FlowStatus.Skipped => "skipped",
        });
        json.WriteString("expected", result.Expected);
        json.WriteString("found", result.Happened);
        json.WriteStartArray("reasons");
        foreach (var reason in result.Reasons) json.WriteStringValue(reason);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
