using System.Collections.Concurrent;
using System.Text;

namespace RuleCompiler.Cli;

/// <summary>
/// Everything of the process that a verb may touch beside files: its streams and what is known of the terminal. Tests
/// make one over strings and run verbs in-process.
/// </summary>
internal sealed class Shell(Stream input, TextWriter output, TextWriter error, Terminal terminal) : IDisposable
{
    private readonly ConcurrentDictionary<string, bool> _unfinishedFiles = new(StringComparer.Ordinal);

    public Stream Input { get; } = input;

    public TextWriter Output { get; } = output;

    public TextWriter Error { get; } = error;

    public Terminal Terminal { get; } = terminal;

    public static Shell OfProcess() => new(
        Console.OpenStandardInput(),
        new StreamWriter(new StandardOutput(Console.OpenStandardOutput()), Utf8, bufferSize: 1 << 16),
        new StreamWriter(Console.OpenStandardError(), Utf8) { AutoFlush = true },
        Terminal.OfProcess());

    /// <summary>
    /// Writes a file so that it is there as a whole or not at all: under another name first, then renamed. An
    /// interruption removes the other name. A device is written to as it is: root must not replace /dev/null.
    /// </summary>
    public void WriteFile(string path, Action<string> write)
    {
        if (Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal))
        {
            write(path);
            return;
        }

        var unfinished = path + ".unfinished";
        _unfinishedFiles[unfinished] = true;
        try
        {
            write(unfinished);
            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
            _unfinishedFiles.TryRemove(unfinished, out _);
        }
    }

    /// <summary>Ctrl-C: leaves no half-written file and no hidden cursor behind, and ends at once.</summary>
    public void Interrupted()
    {
        foreach (var unfinished in _unfinishedFiles.Keys) File.Delete(unfinished);
        if (Terminal.ErrorIsTerminal) Error.Write(ShowCursor);
        Environment.Exit(ExitCode.Interrupted);
    }

    public void Dispose()
    {
        Output.Dispose();
        Error.Dispose();
        Input.Dispose();
    }

    /// <summary>
    /// DECTCEM (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html): a progress display hides the cursor.
    /// </summary>
    private const string ShowCursor = "\e[?25h";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
}
