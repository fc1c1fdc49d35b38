namespace RuleCompiler.Kube.Text;

/// <summary>
/// The YAML that kubectl writes, line by line over the bytes: block maps and sequences with single-line keys and
/// values,
/// literal blocks, empty {} and []. It gives the very tokens of <see cref="YamlTokens"/> at a tenth of their price, and
/// knows
/// no error: <see cref="Accepts"/> says beforehand whether it can read a text, and any other text is YamlDotNet's.
/// </summary>
internal sealed partial class BlockYamlTokens : ITokenSource
{
    /// <summary>As the document reader's bound, which then speaks through YamlTokens.</summary>
    private const int LevelsMax = DocumentReader.DepthMax;

    private readonly ReadOnlyMemory<byte> _utf8;
    private readonly Utf8Cache? _cache;
    private readonly Level[] _levels = new Level[LevelsMax + 1];
    private readonly Queue<Token> _ready = new();

    private int _depth;
    private int _position;
    private int _line;
    private Pending _pending = Pending.Document;

    /// <summary>Where the value of the last key would stand if it had one: the empty value's place.</summary>
    private (int Line, int Column) _emptyPlace;
    private bool _failed;
    private bool _ended;

    /// <param name="cache">Null to look without making any text.</param>
    private BlockYamlTokens(ReadOnlyMemory<byte> utf8, Utf8Cache? cache)
    {
        _utf8 = utf8;
        _cache = cache;
    }

    private enum Pending
    {
        /// <summary>A document may begin.</summary>
        Document,

        /// <summary>A key of the innermost map, or an element of the innermost sequence, or the end of some.</summary>
        Next,

        /// <summary>The value of the last key, on the next line.</summary>
        Value,
    }

    public static bool Accepts(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.IsEmpty || utf8.Span[^1] != '\n' || utf8.Span.Contains((byte)'\r')) return false;
        var scan = new BlockYamlTokens(utf8, cache: null);
        while (scan.Fill()) scan._ready.Clear();
        return !scan._failed;
    }

    /// <summary>Only for a text that is accepted.</summary>
    public static BlockYamlTokens Create(ReadOnlyMemory<byte> utf8) => new(utf8, new Utf8Cache());

    public Token Read()
    {
        while (_ready.Count == 0)
        {
            if (!Fill()) return new Token(TokenKind.End, Shape.Null, "", _line + 1, 1);
        }

        return _ready.Dequeue();
    }

    /// <summary>
    /// Reads one line, and a literal block with it; false at the end and at the first line of another kind.
    /// </summary>
    private bool Fill()
    {
        if (_failed || _ended) return false;
        if (_position == _utf8.Length)
        {
            _ended = true;
            _line++;
            CloseTo(0, new Place(_line, 1));
            return _ready.Count > 0;
        }

        var line = TakeLine();
        if (line.SequenceEqual("---"u8))
        {
            // An empty document would be a null; leave those to YamlDotNet.
            var begins = _line == 1 || _pending != Pending.Document;
            CloseTo(0, new Place(_line, 1));
            _pending = Pending.Document;
            var follows = _utf8.Span[_position..];
            return (begins && !follows.IsEmpty && !follows.StartsWith("---"u8)) || Fail();
        }

        var indent = line.IndexOfAnyExcept((byte)' ');
        if (indent < 0 || line[^1] == ' ') return Fail();
        return Step(line, indent);
    }

    private ReadOnlySpan<byte> TakeLine()
    {
        var rest = _utf8.Span[_position..];
        var length = rest.IndexOf((byte)'\n');
        _position += length + 1;
        _line++;
        return rest[..length];
    }

    private bool Step(ReadOnlySpan<byte> line, int indent)
    {
        var isElement = IsElement(line[indent..]);
        CloseForLine(indent, isElement);
        var inElement = false;
        while (isElement)
        {
            if (!inElement && _pending == Pending.Next)
            {
                if (_depth == 0 || _levels[_depth - 1] is not { IsMap: false } top || top.Indent != indent)
                    return Fail();
            }
            else if (!Open(isMap: false, indent))
            {
                return Fail();
            }

            inElement = true;
            var content = line[(indent + 2)..];
            if (content.IsEmpty || content[0] == ' ') return Fail();
            indent += 2;
            isElement = IsElement(content);
        }

        var text = line[indent..];
        if (!TryKey(text, out var key)) return inElement ? Scalar(text, indent, parentIndent: indent - 2) : Fail();
        if (!inElement && _pending == Pending.Next)
        {
            if (_depth == 0 || _levels[_depth - 1] is not { IsMap: true } top || top.Indent != indent) return Fail();
        }
        else if (!Open(isMap: true, indent))
        {
            return Fail();
        }

        return KeyAndValue(text, key, indent);
    }

    private bool KeyAndValue(ReadOnlySpan<byte> text, Key key, int indent)
    {
        var name = text[..key.Length];
        Emit(TokenKind.Scalar, Shape.Text, key.IsPlain ? Text(name) : Unquoted(name), indent);
        var rest = text[(key.Length + 1)..];
        var gap = rest.IndexOfAnyExcept((byte)' ');
        if (gap < 0)
        {
            _pending = Pending.Value;
            _emptyPlace = (_line, indent + key.Length + 2);
            return true;
        }

        _pending = Pending.Next;
        return Scalar(rest[gap..], indent + key.Length + 1 + gap, indent);
    }

    /// <summary>
    /// Ends what the indentation of a line ends, and gives an empty value to a key that this line does not continue.
    /// </summary>
    private void CloseForLine(int indent, bool isElement)
    {
        var place = new Place(_line, indent + 1);
        if (_pending == Pending.Value)
        {
            var map = _levels[_depth - 1].Indent;
            if (indent > map || (indent == map && isElement)) return;
            EmitEmpty();
        }

        while (_depth > 0 && _levels[_depth - 1] is var top &&
            (top.Indent > indent || (top.Indent == indent && !top.IsMap && !isElement)))
            CloseOne(place);
    }

    private void CloseTo(int depth, Place place)
    {
        if (_pending == Pending.Value) EmitEmpty();
        while (_depth > depth) CloseOne(place);
    }

    private void CloseOne(Place place)
    {
        var (kind, shape) = _levels[--_depth].IsMap
            ? (TokenKind.MapEnd, Shape.Map)
            : (TokenKind.SequenceEnd, Shape.Sequence);
        _ready.Enqueue(new Token(kind, shape, "", place.Line, place.Column));
    }

    private bool Open(bool isMap, int indent)
    {
        if (_depth == LevelsMax) return false;
        _levels[_depth++] = new Level(isMap, indent);
        _pending = Pending.Next;
        Emit(isMap ? TokenKind.MapStart : TokenKind.SequenceStart, isMap ? Shape.Map : Shape.Sequence, "", indent);
        return true;
    }

    private void EmitEmpty()
    {
        _ready.Enqueue(new Token(TokenKind.Scalar, Shape.Null, "", _emptyPlace.Line, _emptyPlace.Column));
        _pending = Pending.Next;
    }

    private void Emit(TokenKind kind, Shape shape, string text, int offset) =>
        _ready.Enqueue(new Token(kind, shape, text, _line, offset + 1));

    private bool Fail()
    {
        _failed = true;
        return false;
    }

    private static bool IsElement(ReadOnlySpan<byte> text) => text is [(byte)'-', (byte)' ', ..];

    private readonly record struct Level(bool IsMap, int Indent);

    private readonly record struct Place(int Line, int Column);

    /// <summary>The bytes of a key with its quotes, without the colon.</summary>
    private readonly record struct Key(int Length, bool IsPlain);
}
