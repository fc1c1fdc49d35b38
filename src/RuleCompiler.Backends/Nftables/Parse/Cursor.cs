using System.Buffers;

namespace RuleCompiler.Backends.Nftables;

internal enum TokenKind
{
    EndOfText,

    /// <summary>A line's end, or a semicolon.</summary>
    EndOfLine,
    Word,

    /// <summary>In quotes; <see cref="Cursor.Token"/> is what is between them.</summary>
    Quoted,

    /// <summary>One of <c>{ } ( ) , = : . @ ! != == &lt; &gt; &lt;= &gt;= &amp; | ^</c>.</summary>
    Sign,
}

/// <summary>
/// Splits nft's text into tokens (src/scanner.l @v1.0.6). A colon or a dot is a sign where it stands alone and part
/// of a word elsewhere, as in <c>fd00::1</c> and <c>10.0.0.1</c>: nft itself writes blanks around the signs.
/// </summary>
internal ref struct Cursor(ReadOnlySpan<char> text)
{
    private static readonly SearchValues<char> _ends = SearchValues.Create(" \t\r\n;\"{},&|^@=!<>#()");
    private readonly ReadOnlySpan<char> _text = text;
    private int _end;

    public TokenKind Kind { get; private set; }

    public ReadOnlySpan<char> Token { get; private set; }

    /// <summary>Offset of the token.</summary>
    public int Start { get; private set; }

    /// <summary>Braces that are open behind the token.</summary>
    public int Depth { get; private set; }

    public readonly bool IsSign(string sign) => Kind == TokenKind.Sign && Token.SequenceEqual(sign);

    public readonly bool IsWord(string word) => Kind == TokenKind.Word && Token.SequenceEqual(word);

    /// <summary>Braces that were opened behind a place of this depth are still open.</summary>
    public readonly bool IsEndOfTextWithin(int depth) => Kind == TokenKind.EndOfText && Depth > depth;

    public readonly bool IsEnd => Kind is TokenKind.EndOfText or TokenKind.EndOfLine;

    public void Next()
    {
        while (_end < _text.Length && _text[_end] is ' ' or '\t' or '\r' || IsEscapedLineEnd()) _end++;
        Start = _end;
        if (_end == _text.Length)
        {
            Kind = TokenKind.EndOfText;
            Token = default;
            return;
        }

        var first = _text[_end];
        switch (first)
        {
            case '#':
                var rest = _text[_end..].IndexOf('\n');
                _end = rest < 0 ? _text.Length : _end + rest;
                Next();
                return;
            case '\n' or ';':
                _end++;
                Kind = TokenKind.EndOfLine;
                break;
            case '"':
                var close = _text[(_end + 1)..].IndexOfAny('"', '\n');
                if (close < 0 || _text[_end + 1 + close] == '\n')
                {
                    Take(TokenKind.Word, close < 0 ? _text.Length - _end : close + 1);
                    return;
                }

                Token = _text.Slice(_end + 1, close);
                Kind = TokenKind.Quoted;
                _end += close + 2;
                return;
            case '{':
                Depth++;
                Take(TokenKind.Sign, 1);
                return;
            case '}':
                Depth--;
                Take(TokenKind.Sign, 1);
                return;
            case ',' or '&' or '|' or '^' or '@' or '(' or ')':
                Take(TokenKind.Sign, 1);
                return;
            case '=' or '!' or '<' or '>':
                Take(TokenKind.Sign, _end + 1 < _text.Length && _text[_end + 1] == '=' ? 2 : 1);
                return;
            case '.' or ':' when _end + 1 == _text.Length || _text[_end + 1] is ' ' or '\t' or '\n':
                Take(TokenKind.Sign, 1);
                return;
            default:
                var length = _text[_end..].IndexOfAny(_ends);
                Take(TokenKind.Word, length < 0 ? _text.Length - _end : length);
                return;
        }

        Token = _text[Start.._end];
    }

    /// <summary>1-based line and column of an offset.</summary>
    public readonly (int Line, int Column) PlaceOf(int offset)
    {
        var before = _text[..offset];
        return (before.Count('\n') + 1, offset - (before.LastIndexOf('\n') + 1) + 1);
    }

    private readonly bool IsEscapedLineEnd() =>
        _end + 1 < _text.Length && _text[_end] == '\\' && _text[_end + 1] == '\n';

    private void Take(TokenKind kind, int length)
    {
        Kind = kind;
        Token = _text.Slice(_end, length);
        _end += length;
    }
}
