using System.CommandLine;
using RuleCompiler.Cli.Completion;

namespace RuleCompiler.Cli.Verbs;

/// <summary>Prints a script that teaches a shell to complete rulec's command line.</summary>
internal static class CompletionsVerb
{
    public static Command Create(Shell shell)
    {
        var which = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        which.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var verb = new Verb(
            "completions",
            "Print a completion script for a shell.",
            new Example("bash, for this session", "source <(rulec completions bash)"),
            new Example("zsh, for good", "rulec completions zsh > \"${fpath[1]}/_rulec\""),
            new Example("fish, for good", "rulec completions fish > ~/.config/fish/completions/rulec.fish"))
        {
            which,
        };
        verb.Runs(shell, (parsed, session) =>
        {
            var root = RulecApp.CreateRoot(shell);
            session.Shell.Output.Write(parsed.GetRequiredValue(which) switch
            {
                "bash" => BashCompletion.For(root),
                "zsh" => ZshCompletion.For(root),
                _ => FishCompletion.For(root),
            });
            return ExitCode.Fine;
        });
        return verb;
    }
}
