using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;

namespace RuleCompiler.Cli.Documents;

/// <summary>Lines on a grid of character cells.</summary>
internal static class Measure
{
    /// <summary>In cells: a wide character has two.</summary>
    public static int Width(string text) => Ascii.IsValid(text) ? text.Length : new Segment(text).CellCount();

    public static int Width(Line line) => line.Spans.Sum(span => Width(span.Text));

    public static Line Indented(Line line, int cells) => Line.Of([new string(' ', cells), .. line.Spans]);

    /// <summary>
    /// Text from elsewhere (comments in a dump) without what would command a terminal or reorder its text: such
    /// characters are spelled out.
    /// </summary>
    public static Line Printable(Line line) => line.Spans.All(span => IsPrintable(span.Text))
        ? line
        : Line.Of(line.Spans.Select(span => span with { Text = Spelled(span.Text) }));

    /// <summary>
    /// Breaks at blanks and nowhere else, so that an address, a chain or a name stays whole, even where it is wider
    /// than the lines may be.
    /// </summary>
    public static IEnumerable<Line> Wrap(Line line, int width)
    {
        var current = new List<Span>();
        var used = 0;
        foreach (var word in Words(line))
        {
            var cells = word.Sum(span => Width(span.Text));
            if (current.Count > 0 && used + 1 + cells > width)
            {
                yield return Line.Of(current);
                current = [];
                used = 0;
            }

            if (current.Count > 0)
            {
                current.Add(" ");
                used++;
            }

            current.AddRange(word);
            used += cells;
        }

        if (current.Count > 0) yield return Line.Of(current);
    }

    /// <summary>The width below which <see cref="Wrap"/> cannot go.</summary>
    public static int WidestWord(Line line) =>
        Words(line).Select(word => word.Sum(span => Width(span.Text))).DefaultIfEmpty(0).Max();

    /// <summary>A word may be of several spans: a badge and the colon after it.</summary>
    private static List<List<Span>> Words(Line line)
    {
        List<List<Span>> words = [[]];
        foreach (var span in line.Spans)
        {
            var parts = span.Text.Split(' ');
            for (var i = 0; i < parts.Length; i++)
            {
                if (i > 0) words.Add([]);
                if (parts[i].Length > 0) words[^1].Add(span with { Text = parts[i] });
            }
        }

        words.RemoveAll(word => word.Count == 0);
        return words;
    }

    private static bool IsPrintable(string text) => Ascii.IsValid(text)
        ? !text.AsSpan().ContainsAnyInRange('\0', '\x1f') && !text.Contains('\x7f', StringComparison.Ordinal)
        : text.All(IsPrintable);

    private static bool IsPrintable(char letter) => char.GetUnicodeCategory(letter) is not (
        UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static string Spelled(string text)
    {
        var spelled = new StringBuilder();
        foreach (var letter in text)
        {
            if (IsPrintable(letter)) spelled.Append(letter);
            else spelled.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}");
        }

        return spelled.ToString();
    }
}
