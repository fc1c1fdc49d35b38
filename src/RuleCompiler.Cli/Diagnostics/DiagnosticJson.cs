using System.Text.Json;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Diagnostics;

/// <summary>One JSON array; an empty one says that there is nothing to report.</summary>
internal static class DiagnosticJson
{
    public static void Write(IReadOnlyList<Diagnostic> diagnostics, TextWriter to) => JsonText.Write(to, json =>
    {
        json.WriteStartArray();
        foreach (var diagnostic in diagnostics) WriteOne(json, diagnostic);
        json.WriteEndArray();
    });

    public static string NameOf(Severity severity) => severity switch
    {
        Severity.Info => "info",
        Severity.Warning => "warning",
        Severity.Error => "error",
    };

    private static void WriteOne(Utf8JsonWriter json, Diagnostic diagnostic)
    {
        json.WriteStartObject();
        json.WriteString("id", diagnostic.Rule.Id);
        json.WriteString("severity", NameOf(diagnostic.Rule.Severity));
        json.WriteString("title", diagnostic.Rule.Title);
        if (!string.IsNullOrEmpty(diagnostic.Location.Path)) json.WriteString("path", diagnostic.Location.Path);
        if (diagnostic.Location.Line > 0)
        {
            json.WriteNumber("line", diagnostic.Location.Line);
            json.WriteNumber("column", diagnostic.Location.Column);
        }

        json.WriteString("message", diagnostic.Message);
        if (diagnostic.Hint is not null) json.WriteString("hint", diagnostic.Hint);
        json.WriteEndObject();
    }
}
