using System.CommandLine;

namespace RuleCompiler.Cli;

/// <summary>A line of the examples that <c>--help</c> ends with.</summary>
internal sealed record Example(string Purpose, string CommandLine);

/// <summary>A subcommand with its examples. It is a class of its own only to carry these to the help text.</summary>
internal sealed class Verb(string name, string description, params Example[] examples) : Command(name, description)
{
    public IReadOnlyList<Example> Examples { get; } = examples;

    /// <summary>Runs the verb in a session, which reports its diagnostics at the end.</summary>
    public void Runs(Shell shell, Func<ParseResult, Session, int> run) => SetAction(parsed =>
    {
        var session = new Session(
            shell,
            parsed.GetValue(GlobalOptions.Diagnostics),
            parsed.GetValue(GlobalOptions.Color),
            parsed.GetValue(GlobalOptions.Verbose));
        return session.Finish(run(parsed, session));
    });
}
