using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace RuleCompiler.Cli;

/// <summary>The library's help, and the verb's examples and the exit codes below it.</summary>
internal sealed class HelpWithExamples(HelpAction help, Shell shell) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        help.MaxWidth = shell.Terminal.OutputIsTerminal ? shell.Terminal.Width : FileWidth;
        var exitCode = help.Invoke(parseResult);
        var output = shell.Output;
        if (parseResult.CommandResult.Command is Verb { Examples.Count: > 0 } verb)
        {
            output.WriteLine("Examples:");
            foreach (var example in verb.Examples)
            {
                output.WriteLine($"  # {example.Purpose}");
                output.WriteLine($"  {example.CommandLine}");
            }
        }
        else
        {
            output.WriteLine("Exit codes:");
            output.WriteLine(
                "  0 fine, 1 findings, 2 bad input or usage, 3 the machine lacks something, 70 a bug in rulec");
            output.WriteLine();
            output.WriteLine("Run 'rulec VERB --help' for a verb's options and examples.");
        }

        return exitCode;
    }

    private const int FileWidth = 120;
}
