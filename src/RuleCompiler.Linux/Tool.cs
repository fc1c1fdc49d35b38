using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace RuleCompiler.Linux;

/// <summary>
/// Runs programs by argument list, never through a shell. A program runs in the network namespace of the calling thread
/// (<see cref="NetworkNamespace.Run{T}"/>).
/// </summary>
public static class Tool
{
    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>How long a program may run when the caller does not say: far more than any load of rules needs.</summary>
    public static TimeSpan DefaultLimit { get; } = TimeSpan.FromMinutes(2);

    /// <summary>Runs a program to its end and returns its standard output.</summary>
    /// <param name="input">Its standard input, written as UTF-8 and then closed.</param>
    /// <param name="limit">
    /// After this time the program and its children are killed; null is <see cref="DefaultLimit"/>.
    /// </param>
    /// <param name="cancellation">Kills the program and its children. What it has done by then stays done.</param>
    /// <exception cref="ToolMissingException">The program could not be started.</exception>
    /// <exception cref="ToolFailedException">Its exit code is not 0.</exception>
    /// <exception cref="ToolTimedOutException">It ran longer than <paramref name="limit"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled while it ran.</exception>
    public static string Run(
        string program, IReadOnlyList<string> arguments, string input = "", TimeSpan? limit = null,
        CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        using var process = Start(program, arguments);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var killer = limited.Token.Register(() => process.Kill(entireProcessTree: true));
        limited.CancelAfter(limit ?? DefaultLimit);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        Write(process, input);
        process.WaitForExit();
        var (said, complained) = (output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
        // A program that ended well before the kill reached it has done its work.
        if (process.ExitCode == 0) return said;
        cancellation.ThrowIfCancellationRequested();
        throw limited.IsCancellationRequested
            ? new ToolTimedOutException(program, limit ?? DefaultLimit)
            : new ToolFailedException(program, arguments, process.ExitCode, complained);
    }

    /// <summary>
    /// Starts a program with its three streams redirected, for callers that talk with it. The caller ends it.
    /// </summary>
    /// <exception cref="ToolMissingException">The program could not be started.</exception>
    public static Process Start(string program, IReadOnlyList<string> arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardInputEncoding = _utf8,
                StandardOutputEncoding = _utf8,
                StandardErrorEncoding = _utf8,
            })!;
        }
        catch (Win32Exception exception)
        {
            throw new ToolMissingException(program, exception);
        }
    }

    private static void Write(Process process, string input)
    {
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading everything; its exit code and its standard error say why.
        }
    }
}
