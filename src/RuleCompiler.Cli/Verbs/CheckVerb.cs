using System.CommandLine;
using System.Text;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Spec;

namespace RuleCompiler.Cli.Verbs;

/// <summary>Runs flow files.</summary>
internal sealed class CheckVerb
{
    private readonly Argument<string[]> _flows = new("FLOWS")
    {
        Description = "Flow files, directories with *.flow files, or - for standard input.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _root = new("--root")
    {
        Description = "Where scenario paths in flow files start. Default: the nearest directory above that fits.",
        HelpName = "DIR",
    };

    private readonly Option<string?> _junit = new("--junit")
    {
        Description = "Write a JUnit report.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _mode = ModeOption.Create($"Default: {ModeOption.Names[0]}.");
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON." };

    public static Command Create(Shell shell)
    {
        var options = new CheckVerb();
        var verb = new Verb(
            "check",
            "Run flow files: what packets should meet, against what the rules do.",
            new Example("everything under a directory", "rulec check spec/"),
            new Example(
                "one file, with a report for a CI system",
                "rulec check spec/cluster-ip/endpoints.flow --junit report.xml"))
        {
            options._flows,
            options._root,
            options._junit,
            options._mode,
            options._json,
        };
        verb.Runs(shell, options.Run);
        return verb;
    }

    private int Run(ParseResult parsed, Session session)
    {
        if (ModeOption.Choose(parsed.GetValue(_mode), new ProxyConfig(), session) is not { } mode)
            return ExitCode.BadInput;
        if (InputFiles.ReadAll(parsed.GetRequiredValue(_flows), [".flow"], session) is not { } files)
            return ExitCode.BadInput;
        var target = new EmulatorTarget(mode);
        var sources = new Dictionary<string, ScenarioFolders>(StringComparer.Ordinal);
        var reports = new List<FlowReport>();
        foreach (var file in files)
        {
            var (flow, diagnostics) = FlowReader.Read(file.Path, Encoding.UTF8.GetString(file.Content.Span));
            session.Report(diagnostics);
            if (diagnostics.Any(diagnostic => diagnostic.Rule.Severity == Severity.Error)) continue;
            var root = parsed.GetValue(_root) ?? ScenarioFolders.RootOf(file.Path, flow.Scenario.Value);
            if (!sources.TryGetValue(root, out var source)) sources[root] = source = new ScenarioFolders(root, session);
            var report = FlowChecker.Check(flow, source, target);
            reports.Add(report);

            // As text, failed expectations go to standard output with all that is known of them.
            session.Report(report.Diagnostics.Where(diagnostic =>
                session.Format != DiagnosticFormat.Text || diagnostic.Rule != DiagnosticCatalog.FlowExpectationFailed));
        }

        session.Answer(CheckDocument.Of(reports, session.IsVerbose), parsed.GetValue(_json));
        if (parsed.GetValue(_junit) is { } junit && !Write(junit, JUnit.Write(reports.ToSeq()), session))
            return ExitCode.BadInput;

        var isRunnable = session.Reported.All(diagnostic =>
            diagnostic.Rule.Severity != Severity.Error || diagnostic.Rule == DiagnosticCatalog.FlowExpectationFailed);
        return !isRunnable ? ExitCode.BadInput
            : reports.Any(report => report.Failed > 0) ? ExitCode.Findings
            : ExitCode.Fine;
    }

    private static bool Write(string path, string text, Session session)
    {
        try
        {
            session.Shell.WriteFile(path, unfinished => File.WriteAllText(unfinished, text));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            session.Report(new Diagnostic(
                DiagnosticCatalog.UnwritableOutput, Location.Whole(path),
                $"cannot be written: {InputFiles.ReasonOf(exception)}"));
            return false;
        }
    }
}
