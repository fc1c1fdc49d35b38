using System.Diagnostics;

namespace RuleCompiler.KernelTests.Net;

/// <summary>Runs a program to its end, in the network namespace of the calling thread.</summary>
internal static class Tool
{
    /// <summary>Far more than any run needs; a tool that hangs must not hang the tests.</summary>
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(2);

    /// <exception cref="ToolFailedException">The program ended with another code than 0.</exception>
    public static string Run(string program, string[] arguments, string input = "")
    {
        var (exitCode, output, error) = TryRun(program, arguments, input);
        return exitCode == 0 ? output : throw new ToolFailedException(program, arguments, exitCode, error);
    }

    public static (int ExitCode, string Output, string Error) TryRun(string program, string[] arguments, string input = "")
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading everything; its exit code and its words say why.
        }

        if (!process.WaitForExit(_limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end within {_limit}");
        }

        return (process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }
}

internal sealed class ToolFailedException(string program, string[] arguments, int exitCode, string error)
    : Exception($"{program} {string.Join(' ', arguments)}: exit code {exitCode}: {error}");
