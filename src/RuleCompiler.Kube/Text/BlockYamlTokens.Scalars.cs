using System.Buffers;
using System.Text;

namespace RuleCompiler.Kube.Text;

/// <summary>Keys and values. What is doubtful is not accepted.</summary>
internal sealed partial class BlockYamlTokens
{
    /// <summary>A key must end within 1024 characters (YAML 1.2 §7.4.2); stay clear of the edge.</summary>
    private const int KeyBytesMax = 1000;

    /// <summary>Larger values go to the reader that counts.</summary>
    private const int ValueBytesMax = 1 << 20;

    /// <summary>First characters of plain scalars: no indicator of YAML 1.2 §5.3, no space.</summary>
    private static readonly SearchValues<byte> PlainFirst = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/()$+^~"u8);

    /// <summary>
    /// What can end or change a plain scalar, or be a line break to YamlDotNet (NEL, LS, PS), or a byte order mark.
    /// </summary>
    private static readonly SearchValues<byte> PlainDoubts = SearchValues.Create([.. "\t:#"u8, 0xC2, 0xE2, 0xEF]);

    private static readonly SearchValues<byte> QuoteDoubts = SearchValues.Create([.. "\t"u8, 0xC2, 0xE2, 0xEF]);

    private static bool TryKey(ReadOnlySpan<byte> text, out Key key)
    {
        key = default;
        if (text[0] is (byte)'"' or (byte)'\'')
        {
            var length = QuotedLength(text);
            if (length is <= 0 or > KeyBytesMax || length >= text.Length) return false;
            if (text[length] != ':' || !IsColonEnd(text, length)) return false;
            key = new Key(length, IsPlain: false);
            return true;
        }

        if (!PlainFirst.Contains(text[0])) return false;
        for (var colon = text.IndexOf((byte)':'); colon >= 0 && colon <= KeyBytesMax;)
        {
            if (IsColonEnd(text, colon))
            {
                key = new Key(colon, IsPlain: true);
                return text[colon - 1] != ' ' && !text[..colon].ContainsAnyExceptInRange((byte)' ', (byte)'~') &&
                    text[..colon].IndexOf(" #"u8) < 0;
            }

            var next = text[(colon + 1)..].IndexOf((byte)':');
            colon = next < 0 ? -1 : colon + 1 + next;
        }

        return false;
    }

    /// <summary>A colon at the end or before a space ends a key; elsewhere it belongs to the text.</summary>
    private static bool IsColonEnd(ReadOnlySpan<byte> text, int colon) =>
        colon + 1 == text.Length || text[colon + 1] == ' ';

    private bool Scalar(ReadOnlySpan<byte> text, int offset, int parentIndent)
    {
        _pending = Pending.Next;
        if (text.Length > ValueBytesMax) return Fail();
        switch (text[0])
        {
            case (byte)'"' or (byte)'\'':
                if (QuotedLength(text) != text.Length) return Fail();
                Emit(TokenKind.Scalar, Shape.Text, Unquoted(text), offset);
                return true;
            case (byte)'{' when text.SequenceEqual("{}"u8):
                Emit(TokenKind.MapStart, Shape.Map, "", offset);
                Emit(TokenKind.MapEnd, Shape.Map, "", offset + 1);
                return true;
            case (byte)'[' when text.SequenceEqual("[]"u8):
                Emit(TokenKind.SequenceStart, Shape.Sequence, "", offset);
                Emit(TokenKind.SequenceEnd, Shape.Sequence, "", offset + 1);
                return true;
            case (byte)'|' when text.Length == 1 || text.SequenceEqual("|-"u8):
                return Literal(offset, parentIndent, strip: text.Length == 2);
            case (byte)'-' when text.Length > 1 && PlainFirst.Contains(text[1]):
            case var first when PlainFirst.Contains(first):
                return Plain(text, offset);
            default:
                return Fail();
        }
    }

    private bool Plain(ReadOnlySpan<byte> text, int offset)
    {
        for (var at = text.IndexOfAny(PlainDoubts); at >= 0;)
        {
            var isText = text[at] switch
            {
                (byte)':' => !IsColonEnd(text, at),
                (byte)'#' => text[at - 1] != ' ',
                _ => false,
            };
            if (!isText) return Fail();
            var next = text[(at + 1)..].IndexOfAny(PlainDoubts);
            at = next < 0 ? -1 : at + 1 + next;
        }

        var value = Text(text);
        Emit(TokenKind.Scalar, PlainScalar.ShapeOf(value), value, offset);
        return true;
    }

    /// <summary>
    /// A literal block up to the first line that is indented less. Its first line sets the indentation.
    /// </summary>
    private bool Literal(int offset, int parentIndent, bool strip)
    {
        var start = new Place(_line, offset + 1);
        var content = _cache is null ? null : new StringBuilder();
        int blockIndent = -1, blanks = 0, begin = _position;
        while (_position < _utf8.Length)
        {
            var rest = _utf8.Span[_position..];
            var text = rest[..rest.IndexOf((byte)'\n')];
            var indent = text.IndexOfAnyExcept((byte)' ');
            if (indent < 0)
            {
                if (blockIndent < 0 || text.Length > 0) return Fail();
                blanks++;
            }
            else if (indent <= parentIndent)
            {
                break;
            }
            else
            {
                if (blockIndent < 0) blockIndent = indent;
                if (indent < blockIndent || text.ContainsAny(QuoteDoubts)) return Fail();
                if (_position - begin > ValueBytesMax) return Fail();
                content?.Append('\n', blanks).Append(Encoding.UTF8.GetString(text[blockIndent..])).Append('\n');
                blanks = 0;
            }

            TakeLine();
        }

        if (blockIndent < 0) return Fail();
        if (strip && content is not null) content.Length--;
        _ready.Enqueue(new Token(TokenKind.Scalar, Shape.Text, content?.ToString() ?? "", start.Line, start.Column));
        return true;
    }

    /// <summary>
    /// Bytes of a quoted scalar with both quotes; 0 when it does not end here or has an escape that is not read here.
    /// </summary>
    private static int QuotedLength(ReadOnlySpan<byte> text)
    {
        var quote = text[0];
        for (var at = 1; at < text.Length; at++)
        {
            if (QuoteDoubts.Contains(text[at])) return 0;
            if (quote == '"' && text[at] == '\\')
            {
                if (at + 1 == text.Length || text[at + 1] is not ((byte)'"' or (byte)'\\' or (byte)'n')) return 0;
                at++;
            }
            else if (text[at] == quote)
            {
                if (quote == '"' || at + 1 == text.Length || text[at + 1] != quote) return at + 1;
                at++;
            }
        }

        return 0;
    }

    private string Unquoted(ReadOnlySpan<byte> quoted)
    {
        var inner = quoted[1..^1];
        if (_cache is null || inner.IndexOfAny((byte)'\\', (byte)'\'') < 0) return Text(inner);
        var text = Encoding.UTF8.GetString(inner);
        if (quoted[0] == '\'') return text.Replace("''", "'", StringComparison.Ordinal);
        var plain = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '\\')
                plain.Append(text[at]);
            else
                plain.Append(text[++at] == 'n' ? '\n' : text[at]);
        }

        return plain.ToString();
    }

    private string Text(ReadOnlySpan<byte> utf8) => _cache is null ? "" : _cache.Text(utf8);
}
