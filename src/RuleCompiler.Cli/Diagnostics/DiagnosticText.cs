using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Diagnostics;

/// <summary>One line each, as compilers write them, and a count at the end.</summary>
internal static class DiagnosticText
{
    public static void Write(IReadOnlyList<Diagnostic> diagnostics, Display display)
    {
        var (errors, warnings) = (0, 0);
        foreach (var diagnostic in diagnostics)
        {
            switch (diagnostic.Rule.Severity)
            {
                case Severity.Error:
                    errors++;
                    display.Line(diagnostic.ToString(), Tint.Red);
                    break;
                case Severity.Warning:
                    warnings++;
                    display.Line(diagnostic.ToString(), Tint.Yellow);
                    break;
                case Severity.Info:
                    display.Line(diagnostic.ToString());
                    break;
            }
        }

        if (errors + warnings > 1) display.Line($"rulec: {Counted(errors, "error")}, {Counted(warnings, "warning")}");
    }

    internal static string Counted(long count, string noun, string? plural = null) =>
        count == 1 ? $"1 {noun}" : $"{count} {plural ?? noun + "s"}";
}
