using System.Globalization;

namespace RuleCompiler.Cli.Documents;

/// <summary>
/// A document for people. On a terminal and in a file are the same words; only colours and what a width forces differ.
/// </summary>
/// <param name="width">Columns of the terminal; null where lines may be of any length, as in a file.</param>
/// <param name="isVerbose">Rows that look the same are shown one by one.</param>
internal sealed class TerminalRenderer(TextWriter to, int? width, bool colors, bool isVerbose)
{
    private const int IndentOfLevel = 2;
    private Block? _last;
    private int _indent;

    public void Write(Document document)
    {
        foreach (var block in document.Blocks) Write(block);
    }

    private void Write(Block block)
    {
        switch (block)
        {
            case Block.Heading heading:
                _indent = Math.Max(0, heading.Level - 1) * IndentOfLevel;
                Separate(heading);
                WriteWrapped(heading.Text);
                _indent = heading.Level * IndentOfLevel;
                break;
            case Block.Paragraph paragraph:
                Separate(paragraph);
                WriteWrapped(paragraph.Text);
                break;
            case Block.Table table:
                if (new TableLayout(table, width, _indent, isVerbose) is not { IsEmpty: false } layout) break;
                Separate(table);
                foreach (var line in layout.Lines()) WriteLine(line);
                break;
            case Block.Code code:
                Separate(code);
                to.Write(code.Text);
                break;
            case Block.Each each:
                foreach (var item in each.Items)
                {
                    _indent = 0;
                    Write(item);
                }

                break;
        }
    }

    /// <summary>A blank line, but between sentences and between pieces of code.</summary>
    private void Separate(Block next)
    {
        var together = _last switch
        {
            null => true,
            Block.Heading or Block.Paragraph => next is Block.Paragraph or Block.Code,
            Block.Code => next is Block.Code or Block.Paragraph,
            _ => false,
        };
        if (!together) to.WriteLine();
        _last = next;
    }

    /// <summary>Further lines of a sentence are indented more than its first.</summary>
    private void WriteWrapped(Line text)
    {
        var printable = Measure.Printable(text);
        if (width is not { } columns || Measure.Width(printable) + _indent <= columns)
        {
            WriteLine(printable);
            return;
        }

        var isFirst = true;
        foreach (var line in Measure.Wrap(printable, columns - _indent - IndentOfLevel))
        {
            WriteLine(isFirst ? line : Measure.Indented(line, IndentOfLevel));
            isFirst = false;
        }
    }

    private void WriteLine(Line line)
    {
        if (line.Spans.IsEmpty)
        {
            to.WriteLine();
            return;
        }

        to.Write(new string(' ', _indent));
        foreach (var span in line.Spans) to.Write(Paint(span));
        to.WriteLine();
    }

    /// <summary>SGR parameters: ECMA-48 §8.3.117.</summary>
    private string Paint(Span span)
    {
        if (!colors) return span.Text;
        var parameter = span.Tone switch
        {
            Tone.Plain => 0,
            Tone.Header => 1,
            Tone.Bad => 31,
            Tone.Good => 32,
            Tone.Warning => 33,
            Tone.Name => 36,
        };
        return parameter == 0
            ? span.Text
            : string.Create(CultureInfo.InvariantCulture, $"\e[{parameter}m{span.Text}\e[0m");
    }
}
