using System.Buffers;
using System.Globalization;
using System.Text;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube;

/// <summary>
/// Block YAML as kubectl writes it: two spaces a level, sequences not indented, text quoted only where it must be.
/// </summary>
internal sealed class YamlText
{
    private static readonly SearchValues<char> InWords = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/:");

    private static readonly SearchValues<char> InIpv4 = SearchValues.Create("0123456789./");

    private readonly StringBuilder _text = new();
    private int _indent;

    /// <summary>The next line begins an element of a sequence.</summary>
    private bool _element;

    public override string ToString() => _text.ToString();

    public void Document() => _text.Append("---\n");

    public void Field(string name, string value) => Line(name, Quoted(value));

    public void Field(string name, bool value) => Line(name, value ? "true" : "false");

    public void Field(string name, int value) => Line(name, value.ToString(CultureInfo.InvariantCulture));

    public void Map(string name, Action content)
    {
        Line(name, "");
        _indent++;
        content();
        _indent--;
    }

    /// <summary>A sequence of maps; nothing at all when it is empty.</summary>
    public void List<T>(string name, IReadOnlyList<T> items, Action<T> content)
    {
        if (items.Count == 0) return;
        Line(name, "");
        foreach (var item in items)
        {
            _element = true;
            _indent++;
            content(item);
            _indent--;
        }
    }

    /// <summary>A sequence of scalars; nothing at all when it is empty.</summary>
    public void List<T>(string name, IReadOnlyList<T> items)
        where T : notnull
    {
        if (items.Count == 0) return;
        Line(name, "");
        foreach (var item in items) Indent(_indent).Append("- ").Append(Quoted(item.ToString()!)).Append('\n');
    }

    private void Line(string name, string value)
    {
        if (_element)
            Indent(_indent - 1).Append("- ");
        else
            Indent(_indent);
        _element = false;
        _text.Append(Quoted(name)).Append(':');
        if (value.Length > 0) _text.Append(' ').Append(value);
        _text.Append('\n');
    }

    private StringBuilder Indent(int levels) => _text.Append(' ', 2 * levels);

    /// <summary>Plain where any YAML reader takes it for the same text, else in double quotes.</summary>
    private static string Quoted(string text)
    {
        if (IsPlain(text)) return text;
        var quoted = new StringBuilder("\"");
        foreach (var unit in text)
        {
            if (unit is '"' or '\\')
                quoted.Append('\\').Append(unit);
            else if (unit is >= ' ' and <= '~')
                quoted.Append(unit);
            else
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>
    /// Words, IPv4 addresses and CIDRs, and IPv6 that begins with a letter. Whatever begins with a digit otherwise
    /// could be
    /// a number, a date or YAML 1.1's base 60; one letter could be its y or n.
    /// </summary>
    private static bool IsPlain(string text)
    {
        if (text.Length < 2 || PlainScalar.ShapeOf(text) != Shape.Text) return false;
        return char.IsAsciiLetter(text[0])
            ? text[^1] != ':' && !text.AsSpan().ContainsAnyExcept(InWords)
            : !text.AsSpan().ContainsAnyExcept(InIpv4);
    }
}
