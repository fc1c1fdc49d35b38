using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Kube.Text;

/// <summary>Collects the diagnostics of one file, in the order of reading.</summary>
internal sealed class Report(string path, StringPool strings)
{
    /// <summary>A cluster of 10,000 Services with one finding each still fits.</summary>
    private const int DiagnosticsMax = 20_000;

    private readonly List<Diagnostic> _diagnostics = [];

    public string Path { get; } = path;

    public StringPool Strings { get; } = strings;

    public IReadOnlyList<Diagnostic> Diagnostics => _diagnostics;

    /// <summary>
    /// Errors so far. Who compares it before and after reading a part knows whether that part is sound.
    /// </summary>
    public int Errors { get; private set; }

    /// <summary>The file as a whole cannot be trusted.</summary>
    public bool Unreadable { get; private set; }

    public bool IsFull => _diagnostics.Count > DiagnosticsMax;

    public void Add(DiagnosticRule rule, int line, int column, string message, string? hint = null)
    {
        if (rule.Severity == Severity.Error) Errors++;
        if (_diagnostics.Count < DiagnosticsMax)
        {
            _diagnostics.Add(new Diagnostic(rule, new Location(Path, line, column), message, hint));
        }
        else if (_diagnostics.Count == DiagnosticsMax)
        {
            Unreadable = true;
            _diagnostics.Add(new Diagnostic(
                DiagnosticCatalog.TooManyProblems, new Location(Path, line, column),
                $"found more than {DiagnosticsMax} problems, expected a Kubernetes dump",
                "correct the ones above; the rest of the file is not read"));
        }
    }

    /// <summary>As Add, for a fault of the text itself.</summary>
    public void Refuse(DiagnosticRule rule, int line, int column, string message, string? hint = null)
    {
        Unreadable = true;
        Add(rule, line, column, message, hint);
    }
}
