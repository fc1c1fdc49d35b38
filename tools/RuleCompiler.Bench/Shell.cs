using System.Diagnostics;

namespace RuleCompiler.Bench;

/// <summary>Child processes by argument list; a failure shows what the tool said.</summary>
internal static class Shell
{
    public static string Run(string[] command, string input = "")
    {
        using var process = Start(command);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The tool stopped reading; its exit code and message below say why.
        }

        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Result
            : throw new InvalidOperationException($"{string.Join(' ', command)}: exit {process.ExitCode}: {Cut(errors.Result)}");
    }

    public static Process Start(string[] command)
    {
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in command.AsSpan(1)) start.ArgumentList.Add(argument);
        return Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start");
    }

    private static string Cut(string text) => text.Length <= 2000 ? text : text[..2000] + "…";
}
