using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Cli.Documents;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli;

/// <summary>One run of a verb: collects diagnostics and reports them once, in the format that was asked for.</summary>
internal sealed class Session(Shell shell, DiagnosticFormat format, ColorChoice color, bool verbose)
{
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly HashSet<Diagnostic> _known = [];

    public Shell Shell => shell;

    public bool IsVerbose => verbose;

    public DiagnosticFormat Format => format;

    public Display Output { get; } = new(shell.Output, shell.Terminal.OutputIsTerminal, shell.Terminal, color);

    public Display Error { get; } = new(shell.Error, shell.Terminal.ErrorIsTerminal, shell.Terminal, color);

    public IReadOnlyList<Diagnostic> Reported => _diagnostics;

    /// <summary>The two families are compiled apart and may say the same thing twice: it is reported once.</summary>
    public void Report(Diagnostic diagnostic)
    {
        if (_known.Add(diagnostic)) _diagnostics.Add(diagnostic);
    }

    public void Report(IEnumerable<Diagnostic> diagnostics)
    {
        foreach (var diagnostic in diagnostics) Report(diagnostic);
    }

    /// <summary>Reports and gives the exit code to end with.</summary>
    public int Fail(int exitCode, Diagnostic diagnostic)
    {
        Report(diagnostic);
        return exitCode;
    }

    /// <summary>A verb's answer, on standard output.</summary>
    public void Answer(Document document, bool asJson)
    {
        if (asJson) JsonRenderer.Write(document, shell.Output);
        else Output.Write(document, verbose);
    }

    /// <summary>A line for people on standard error; left out where a program reads it.</summary>
    public void Note(string line)
    {
        if (format == DiagnosticFormat.Text) shell.Error.WriteLine(line);
    }

    public void NoteVerbose(string line)
    {
        if (verbose) Note(line);
    }

    /// <summary>Writes the diagnostics; errors among them make a run that was fine one with findings.</summary>
    public int Finish(int exitCode)
    {
        shell.Output.Flush();
        switch (format)
        {
            case DiagnosticFormat.Text:
                DiagnosticText.Write(_diagnostics, Error);
                break;
            case DiagnosticFormat.Json:
                DiagnosticJson.Write(_diagnostics, shell.Error);
                break;
            case DiagnosticFormat.Sarif:
                DiagnosticSarif.Write(_diagnostics, shell.Error);
                break;
        }

        var hasErrors = _diagnostics.Any(diagnostic => diagnostic.Rule.Severity == Severity.Error);
        return exitCode == ExitCode.Fine && hasErrors ? ExitCode.Findings : exitCode;
    }
}
