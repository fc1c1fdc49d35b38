namespace RuleCompiler.Cli;

/// <summary>What the streams are connected to.</summary>
/// <param name="Width">Columns of the terminal; only meaningful when a stream is one.</param>
/// <param name="WantsColor">False for NO_COLOR (https://no-color.org) and for TERM=dumb.</param>
internal sealed record Terminal(bool OutputIsTerminal, bool ErrorIsTerminal, int Width, bool WantsColor)
{
    /// <summary>Files or pipes.</summary>
    public static Terminal None { get; } = new(
        OutputIsTerminal: false, ErrorIsTerminal: false, Width: 120, WantsColor: true);

    public static Terminal OfProcess()
    {
        var (output, error) = (!Console.IsOutputRedirected, !Console.IsErrorRedirected);
        var wantsColor = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new Terminal(output, error, output || error ? WidthOf(Console.WindowWidth) : None.Width, wantsColor);
    }

    /// <summary>Some terminals, serial lines among them, say that they have no columns.</summary>
    private static int WidthOf(int columns) => columns <= 0 ? None.Width : Math.Max(columns, 40);
}
