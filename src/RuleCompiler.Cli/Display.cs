using System.Globalization;
using RuleCompiler.Cli.Documents;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace RuleCompiler.Cli;

/// <summary>
/// Text for people. On a terminal tables have borders and colours; elsewhere the same words come as plain columns
/// without borders, escapes, wrapping or trailing spaces, so that they can be searched and compared.
/// </summary>
internal sealed class Display(TextWriter writer, bool isTerminal, Terminal terminal, ColorChoice color)
{
    /// <summary>
    /// Somebody reads along: the line is as wide as the terminal, so that long texts are better left out.
    /// </summary>
    public bool IsTerminal => isTerminal;

    private bool Colors => color switch
    {
        ColorChoice.Always => true,
        ColorChoice.Never => false,
        ColorChoice.Auto => isTerminal && terminal.WantsColor,
    };

    public void Line(string text = "") => writer.WriteLine(text);

    /// <summary>A line in one colour (an SGR foreground number, 31 to 36) where colours are wanted.</summary>
    public void Line(string text, Tint tint) => writer.WriteLine(Paint(text, tint));

    public string Paint(string text, Tint tint) =>
        Colors ? string.Create(CultureInfo.InvariantCulture, $"\e[{(int)tint}m{text}\e[0m") : text;

    public void Write(Document document, bool isVerbose) =>
        new TerminalRenderer(writer, isTerminal ? terminal.Width : null, Colors, isVerbose).Write(document);

    /// <summary>Columns under headers. Cells are plain text.</summary>
    public void Table(IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows, int indent = 0)
    {
        var table = new Table
        {
            Border = isTerminal ? TableBorder.Rounded : TableBorder.None,
            UseSafeBorder = true,
        };
        foreach (var header in headers)
        {
            var column = new TableColumn(
                new Text(header, isTerminal ? new Style(decoration: Decoration.Bold) : Style.Plain));
            table.AddColumn(isTerminal ? column : column.NoWrap().PadLeft(0).PadRight(2));
        }

        foreach (var row in rows) table.AddRow(row.Select(cell => (IRenderable)new Text(cell)));
        Render(indent == 0 ? table : new Padder(table, new Padding(indent, 0, 0, 0)));
    }

    /// <summary>Runs work that may take long under a spinner, if somebody is looking.</summary>
    public T Working<T>(string what, Func<T> work) =>
        isTerminal && Colors
            ? Create(writer, terminal.Width).Status().Start(Markup.Escape(what), _ => work())
            : work();

    private void Render(IRenderable renderable)
    {
        if (isTerminal)
        {
            Create(writer, terminal.Width).Write(renderable);
            return;
        }

        using var text = new StringWriter(CultureInfo.InvariantCulture);
        Create(text, UnwrappedWidth).Write(renderable);
        foreach (var line in text.ToString().AsSpan().EnumerateLines())
        {
            var trimmed = line.TrimEnd();
            if (!trimmed.IsEmpty) writer.WriteLine(trimmed);
        }
    }

    private IAnsiConsole Create(TextWriter to, int width)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Colors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = Colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(to),
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = width;
        return console;
    }

    /// <summary>Wider than any line, so that nothing wraps in a file.</summary>
    private const int UnwrappedWidth = 4096;
}

/// <summary>SGR foreground colours (ECMA-48 §8.3.117).</summary>
internal enum Tint
{
    Red = 31,
    Green = 32,
    Yellow = 33,
    Blue = 34,
    Cyan = 36,
}
