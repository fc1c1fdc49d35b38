namespace RuleCompiler.Backends.Ipvs;

/// <summary>Words of a line between blanks; neither ipset nor ipvsadm knows quotes where we read them.</summary>
internal ref struct Cursor(ReadOnlySpan<char> line)
{
    private readonly ReadOnlySpan<char> _line = line;
    private int _at;

    /// <summary>1-based column of the word read last, or of the end of the line.</summary>
    public int Column { get; private set; } = 1;

    public bool TryNext(out ReadOnlySpan<char> word)
    {
        while (_at < _line.Length && IsBlank(_line[_at])) _at++;
        Column = _at + 1;
        var rest = _line[_at..];
        var length = rest.IndexOfAny(' ', '\t');
        word = length < 0 ? rest : rest[..length];
        _at += word.Length;
        return !word.IsEmpty;
    }

    /// <summary>The next word without taking it; empty at the end.</summary>
    public readonly ReadOnlySpan<char> Peek()
    {
        var copy = this;
        return copy.TryNext(out var word) ? word : default;
    }

    private static bool IsBlank(char character) => character is ' ' or '\t';
}
