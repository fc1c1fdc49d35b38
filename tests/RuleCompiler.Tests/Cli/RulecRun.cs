using System.Text;
using RuleCompiler.Cli;

namespace RuleCompiler.Tests.Cli;

/// <summary>What one in-process run of rulec gave.</summary>
internal sealed record RulecRun(int ExitCode, string Output, string Error)
{
    public static RulecRun Of(params string[] args) => WithInput("", args);

    public static RulecRun WithInput(string input, params string[] args) => Within(Terminal.None, input, args);

    public static RulecRun Within(Terminal terminal, string input, params string[] args)
    {
        using var stdin = new MemoryStream(Encoding.UTF8.GetBytes(input));
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = RulecApp.Run(args, stdin, output, error, terminal);
        return new RulecRun(exitCode, output.ToString(), error.ToString());
    }
}
