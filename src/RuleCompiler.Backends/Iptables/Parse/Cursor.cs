namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// Splits one line into words as iptables-restore does (iptables/xshared.c:add_param_to_argv @iptables 1.8.9): blanks
/// separate, quotes keep blanks together, inside quotes \ takes the next character as it is, and the closing quote ends the
/// word. <c>scratch</c> holds the word that has an escape, until the next one.
/// </summary>
internal ref struct Cursor(ReadOnlySpan<char> line, Span<char> scratch)
{
    /// <summary>
    /// The tool's buffer is 1024 with the final NUL (iptables/xshared.c:xt_param_buf @iptables 1.8.9).
    /// </summary>
    public const int WordCharsMax = 1023;

    private readonly ReadOnlySpan<char> _line = line;
    private readonly Span<char> _scratch = scratch;
    private int _at;

    /// <summary>1-based column of the word read last, or of the end of the line.</summary>
    public int Column { get; private set; }

    /// <summary>Why the line cannot be split further; null at its proper end.</summary>
    public string? Fault { get; private set; }

    /// <summary>False at the end of the line, and at a <see cref="Fault"/>.</summary>
    public bool TryNext(out ReadOnlySpan<char> word)
    {
        while (_at < _line.Length && IsBlank(_line[_at])) _at++;
        Column = _at + 1;
        var rest = _line[_at..];
        word = default;
        if (rest.IsEmpty) return false;
        if (rest[0] == '"')
        {
            var end = rest[1..].IndexOfAny('"', '\\');
            if (end <= 0 || rest[end + 1] != '"') return TryNextSlow(out word);
            word = rest.Slice(1, end);
            _at += end + 2;
        }
        else
        {
            var end = rest.IndexOfAny(' ', '\t', '"');
            if (end >= 0 && rest[end] == '"') return TryNextSlow(out word);
            word = end < 0 ? rest : rest[..end];
            _at += word.Length;
        }

        if (word.Length <= WordCharsMax) return true;
        Fault = $"a word of {word.Length} characters, more than the {WordCharsMax} that iptables-restore reads";
        return false;
    }

    private bool TryNextSlow(out ReadOnlySpan<char> word)
    {
        word = default;
        var (length, quoted) = (0, false);
        for (; _at < _line.Length; _at++)
        {
            var character = _line[_at];
            if (character == '"')
            {
                quoted = !quoted;
                if (quoted || length == 0) continue; // "" is no word
                _at++;
                break;
            }

            if (!quoted && IsBlank(character))
            {
                if (length == 0) continue;
                break;
            }

            if (quoted && character == '\\')
            {
                if (++_at == _line.Length) break;
                character = _line[_at];
            }

            if (length == WordCharsMax)
            {
                Fault = $"a word of more than the {WordCharsMax} characters that iptables-restore reads";
                return false;
            }

            _scratch[length++] = character;
        }

        if (quoted) Fault = "a quote that is not closed";
        word = _scratch[..length];
        return Fault is null && length > 0;
    }

    private static bool IsBlank(char character) => character is ' ' or '\t';
}
