using System.ComponentModel;
using System.Globalization;

namespace RuleCompiler.Linux;

/// <summary>A tool did not do what it was asked to.</summary>
/// <param name="program">As it was started: a name on PATH or a path.</param>
/// <param name="message">The program first, then what happened.</param>
public abstract class ToolException(string program, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>As it was started: a name on PATH or a path.</summary>
    public string Program { get; } = program;
}

/// <summary>The tool could not be started: it is not installed, or this user may not execute it.</summary>
public sealed class ToolMissingException(string program, Win32Exception cause)
    : ToolException(program, $"{program} cannot be started: {cause.Message}", cause);

/// <summary>The tool was killed because it ran longer than allowed.</summary>
public sealed class ToolTimedOutException(string program, TimeSpan limit)
    : ToolException(program, $"{program} did not end within {limit}");

/// <summary>The tool ended with an exit code other than 0.</summary>
public sealed class ToolFailedException(string program, IReadOnlyList<string> arguments, int exitCode, string error)
    : ToolException(program, $"{program} {string.Join(' ', arguments)}: exit code {exitCode}: {Shorten(error)}")
{
    /// <summary>Characters of standard error in the message; <see cref="Error"/> has all of them.</summary>
    private const int ErrorShown = 2000;

    /// <summary>
    /// What stands before a line number: iptables-restore, then ipset and older versions of iptables-restore, then nft.
    /// </summary>
    private static readonly string[] _lineMarks = ["line: ", "line ", "/dev/stdin:"];

    /// <summary>The exit code; 128 and the number of the signal that ended the tool.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>All of standard error.</summary>
    public string Error { get; } = error;

    /// <summary>The line of the input that the tool refused, from 1; null when it names none.</summary>
    public int? Line { get; } = LineOf(error);

    private static int? LineOf(string error)
    {
        foreach (var mark in _lineMarks)
        {
            var at = error.IndexOf(mark, StringComparison.Ordinal);
            if (at < 0) continue;
            var rest = error.AsSpan(at + mark.Length);
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            var number = digits < 0 ? rest : rest[..digits];
            if (int.TryParse(number, CultureInfo.InvariantCulture, out var line)) return line;
        }

        return null;
    }

    private static string Shorten(string text) => text.Length <= ErrorShown ? text : text[..ErrorShown] + "…";
}
