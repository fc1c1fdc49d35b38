using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Reflection;
using RuleCompiler.Cli.Verbs;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli;

/// <summary>The whole program as a function of its arguments and streams.</summary>
internal static class RulecApp
{
    /// <summary>The version with the commit it was built from, when that is known.</summary>
    public static string Version { get; } =
        typeof(RulecApp).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? "unknown";

    public static int Run(
        string[] args, Stream input, TextWriter output, TextWriter error, Terminal? terminal = null) =>
        Run(args, new Shell(input, output, error, terminal ?? Terminal.None));

    public static int Run(string[] args, Shell shell)
    {
        try
        {
            var parsed = CreateRoot(shell).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            var exitCode = parsed.Action is null or ParseErrorAction
                || (parsed.Errors.Count > 0 && !parsed.Action.ClearsParseErrors)
                ? ReportUsage(parsed, shell)
                : parsed.Invoke(new InvocationConfiguration
                {
                    Output = shell.Output,
                    Error = shell.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                });
            shell.Output.Flush();
            return exitCode;
        }
        catch (OutputLostException exception)
        {
            shell.Error.WriteLine($"rulec: cannot write to standard output: {exception.Message}");
            return ExitCode.MachineLacks;
        }
        catch (Exception exception)
        {
            ReportBug(args, shell, exception);
            return ExitCode.InternalError;
        }
    }

    internal static RootCommand CreateRoot(Shell shell)
    {
        var root = new RootCommand(
            "Compiles Kubernetes Services into packet rules, and tells what the rules do before a kernel sees them.")
        {
            GlobalOptions.Color,
            GlobalOptions.Diagnostics,
            GlobalOptions.Verbose,
            CompileVerb.Create(shell),
            TraceVerb.Create(shell),
            CheckVerb.Create(shell),
            ExplainVerb.Create(shell),
            PlanVerb.Create(shell),
            CompareVerb.Create(shell),
            ShowVerb.Create(shell),
            GenerateVerb.Create(shell),
            ReplayVerb.Create(shell),
            CompletionsVerb.Create(shell),
        };
        foreach (var option in root.Options)
        {
            if (option is VersionOption) option.Action = new PrintVersion(shell);
            if (option is HelpOption { Action: HelpAction help }) option.Action = new HelpWithExamples(help, shell);
        }

        return root;
    }

    private static int ReportUsage(ParseResult parsed, Shell shell)
    {
        var session = new Session(shell, ChosenFormat(parsed), ColorChoice.Auto, verbose: false);
        var verb = parsed.CommandResult.Command;
        var path = verb is RootCommand ? "rulec" : $"rulec {verb.Name}";
        if (verb is RootCommand && parsed.UnmatchedTokens.Count == 0)
        {
            var verbs = string.Join(", ", verb.Subcommands.Select(candidate => candidate.Name));
            return session.Finish(
                session.Fail(ExitCode.BadInput, Usage($"no verb was given, expected one of {verbs}")));
        }

        if (verb is RootCommand)
            session.Report(Usage($"found '{parsed.UnmatchedTokens[0]}', expected a verb"));
        else
            foreach (var problem in parsed.Errors) session.Report(Usage(problem.Message.TrimEnd('.')));
        return session.Finish(ExitCode.BadInput);

        Diagnostic Usage(string message) => new(
            DiagnosticCatalog.Usage, default, message, Suggestion(parsed) ?? $"run '{path} --help'");
    }

    /// <summary>The option may be the very one that is wrong.</summary>
    private static DiagnosticFormat ChosenFormat(ParseResult parsed) =>
        parsed.GetResult(GlobalOptions.Diagnostics) is { Errors: var errors } && !errors.Any()
            && !parsed.Errors.Any(
                error => error.Message.Contains(GlobalOptions.Diagnostics.Name, StringComparison.Ordinal))
            ? parsed.GetValue(GlobalOptions.Diagnostics)
            : DiagnosticFormat.Text;

    private static string? Suggestion(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var names = command.Subcommands.Select(verb => verb.Name)
            .Concat(command.Options.Select(option => option.Name))
            .Concat(parsed.RootCommandResult.Command.Options.Select(option => option.Name));
        var nearest = parsed.UnmatchedTokens
            .Select(token => Nearest.To(token, names))
            .FirstOrDefault(name => name is not null);
        return nearest is null ? null : $"did you mean '{nearest}'?";
    }

    private static void ReportBug(string[] args, Shell shell, Exception exception)
    {
        shell.Output.Flush();
        var frame = new System.Diagnostics.StackTrace(exception).GetFrames()
            .Select(candidate => candidate.GetMethod())
            .FirstOrDefault(method => IsOurs(method?.DeclaringType));
        var place = frame is null ? "" : $" in {frame.DeclaringType!.Name}.{frame.Name}";
        shell.Error.WriteLine("rulec: internal error, please report this text together with the input files:");
        shell.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  rulec {Version}: {exception.GetType().Name}{place}: {exception.Message}"));
        shell.Error.WriteLine($"  command: rulec {string.Join(' ', args.Select(Quoted))}");
    }

    private static bool IsOurs(Type? type) =>
        type?.Namespace?.StartsWith("RuleCompiler", StringComparison.Ordinal) == true;

    private static string Quoted(string word) =>
        word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./:=,@[]".Contains(letter))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private sealed class PrintVersion(Shell shell) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            shell.Output.WriteLine($"rulec {Version}");
            return ExitCode.Fine;
        }
    }
}
