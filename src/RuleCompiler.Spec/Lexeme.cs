using System.Buffers;
using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using Sprache;

namespace RuleCompiler.Spec;

/// <summary>
/// The words of the flow language. Every parser here starts at a word and eats the blanks behind it, so a failure is
/// always at the first character of the offending word, with nothing consumed: <c>XOr</c> and <c>XMany</c> then report
/// the true place with everything that would have fitted there.
/// </summary>
internal static class Lexeme
{
    /// <summary>The longest duration: a year, in seconds.</summary>
    private const int MaximumSeconds = 366 * 86400;

    private static readonly SearchValues<char> s_endOfWord = SearchValues.Create(" \t\r\n{},\"#");

    public static readonly Parser<string> Comma = Symbol(',');
    public static readonly Parser<string> Open = Symbol('{');
    public static readonly Parser<string> Close = Symbol('}');

    public static readonly Parser<Ip> Ip = Value("an IP address", (string text, out Ip ip) =>
        Ir.Net.Ip.TryParse(text, null, out ip));

    public static readonly Parser<Endpoint> Endpoint = Value(
        "an address and port such as 10.64.0.5:80 or [fd00::5]:80",
        (string text, out Endpoint endpoint) =>
            Ir.Net.Endpoint.TryParse(text, out endpoint) && endpoint.Port.Value != 0);

    public static readonly Parser<Port> Port = Value("a port from 1 to 65535", (string text, out Port port) =>
        Ir.Net.Port.TryParse(text, null, out port) && port.Value != 0);

    public static readonly Parser<Share> Share = Value<Share>("a share such as 1/3", TryShare);

    public static readonly Parser<int> Duration = Value<int>(
        "a duration such as 10s, 30m or 1h30m, up to 366d", TryDuration);

    public static readonly Parser<string> FolderPath = Value<string>(
        "a relative path without '..' such as golden/cluster-ip", TryPath);

    public static readonly Parser<string> NodeName = Value("a node name", (string text, out string name) =>
    {
        name = text.ToLowerInvariant();
        return text.Length <= 253 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');
    });

    /// <summary>IFNAMSIZ is 16 with the closing zero (include/uapi/linux/if.h @v6.1).</summary>
    public static readonly Parser<string> Interface = Value("an interface name", (string text, out string name) =>
    {
        name = text;
        return text.Length <= 15 && !text.Contains('/', StringComparison.Ordinal);
    });

    public static readonly Parser<ObjectName> ServiceName = Value(
        "a Service as namespace/name", (string text, out ObjectName name) =>
        {
            var slash = text.IndexOf('/', StringComparison.Ordinal);
            name = slash < 0 ? default : new ObjectName(text[..slash], text[(slash + 1)..]);
            return slash > 0 && slash < text.Length - 1 && text.IndexOf('/', slash + 1) < 0;
        });

    /// <summary>"…" on one line.</summary>
    public static readonly Parser<string> Title = Trailing(input =>
    {
        if (input.AtEnd || input.Current != '"') return Failure<string>(input, "a title in quotes");
        var start = input.Position + 1;
        var end = input.Source.AsSpan(start).IndexOfAny('"', '\n');
        return end > 0 && input.Source[start + end] == '"'
            ? Result.Success(input.Source.Substring(start, end), Skip(input, end + 2))
            : Failure<string>(input, "a title that ends with '\"' on the same line");
    });

    /// <summary>The end of the line or of the file, with a comment before it.</summary>
    public static readonly Parser<string> LineEnd = input =>
    {
        var rest = SkipComment(input);
        if (rest.AtEnd) return Result.Success("", rest);
        return rest.Current == '\n'
            ? Result.Success("", rest.Advance())
            : Failure<string>(input, "the end of the line");
    };

    private delegate bool TryRead<T>(string text, out T value);

    public static Parser<string> Word(string word) => Word(word, word);

    public static Parser<T> Word<T>(string word, T value) => Trailing(input =>
        TextAt(input) == word ? Result.Success(value, Skip(input, word.Length)) : Failure<T>(input, word));

    /// <summary>node:30080, as one word.</summary>
    public static Parser<Port> Prefixed(string word) => Value($"{word}:PORT", (string text, out Port port) =>
    {
        port = default;
        return text.StartsWith(word + ":", StringComparison.Ordinal)
            && Ir.Net.Port.TryParse(text.AsSpan(word.Length + 1), null, out port) && port.Value != 0;
    });

    public static Parser<T> ToEnd<T>(this Parser<T> parser) => parser.Then(value => LineEnd.Return(value));

    /// <summary>Says what was expected in other words, when nothing of it was there.</summary>
    public static Parser<T> Expecting<T>(this Parser<T> parser, string expected) => input =>
        parser(input) is { WasSuccessful: true } result ? result : Failure<T>(input, expected);

    /// <summary>
    /// An option (null when absent) and what must come after it either way. With Sprache's own Optional a failure
    /// behind would not tell that the option, too, would have fitted.
    /// </summary>
    public static Parser<(TOption? Option, TRest Then)> Maybe<TOption, TRest>(
        Parser<TOption?> option, Parser<TRest> rest) =>
        option.Then(found => rest.Select(next => (found, next)))
            .XOr(rest.Select(next => (default(TOption), next)));

    /// <summary>Blanks, line breaks and comments: what may stand between the words inside braces.</summary>
    public static IInput SkipLines(IInput input)
    {
        for (var at = input; ; at = at.Advance())
        {
            at = SkipComment(SkipBlanks(at));
            if (at.AtEnd || at.Current != '\n') return at;
        }
    }

    /// <summary>A parser of the inside of braces, where lines may break after any word.</summary>
    public static Parser<T> AcrossLines<T>(Parser<T> parser) => input =>
    {
        var result = parser(input);
        return result.WasSuccessful ? Result.Success(result.Value, SkipLines(result.Remainder)) : result;
    };

    public static IInput SkipBlanks(IInput input)
    {
        while (!input.AtEnd && input.Current is ' ' or '\t' or '\r') input = input.Advance();
        return input;
    }

    /// <summary>The word at a place: up to a blank, brace, comma, quote or comment. "" at the end of a line.</summary>
    public static string TextAt(IInput input)
    {
        var rest = input.Source.AsSpan(input.Position);
        var length = rest.IndexOfAny(s_endOfWord);
        return rest[..(length < 0 ? rest.Length : length)].ToString();
    }

    private static Parser<string> Symbol(char symbol) => Trailing(input =>
        !input.AtEnd && input.Current == symbol
            ? Result.Success(symbol.ToString(), input.Advance())
            : Failure<string>(input, $"'{symbol}'"));

    private static Parser<T> Value<T>(string expected, TryRead<T> read) => Trailing(input =>
        TextAt(input) is { Length: > 0 } text && read(text, out var value)
            ? Result.Success(value, Skip(input, text.Length))
            : Failure<T>(input, expected));

    private static Parser<T> Trailing<T>(Parser<T> parser) => input =>
    {
        var result = parser(input);
        return result.WasSuccessful ? Result.Success(result.Value, SkipBlanks(result.Remainder)) : result;
    };

    private static IResult<T> Failure<T>(IInput input, string expected) =>
        Result.Failure<T>(input, "unexpected text", [expected]);

    private static IInput Skip(IInput input, int characters)
    {
        for (var i = 0; i < characters; i++) input = input.Advance();
        return input;
    }

    private static IInput SkipComment(IInput input)
    {
        if (input.AtEnd || input.Current != '#') return input;
        while (!input.AtEnd && input.Current != '\n') input = input.Advance();
        return input;
    }

    private static bool TryShare(string text, out Share share)
    {
        share = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !TryNumber(text.AsSpan(0, slash), out var numerator)) return false;
        if (!TryNumber(text.AsSpan(slash + 1), out var denominator)) return false;
        share = new Share(numerator, denominator);
        return numerator >= 1 && numerator <= denominator;
    }

    private static bool TryDuration(string text, out int seconds)
    {
        var total = 0L;
        seconds = 0;
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            var unit = rest.IndexOfAnyExceptInRange('0', '9');
            if (unit <= 0 || !TryNumber(rest[..unit], out var number)) return false;
            var length = rest[unit] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 };
            total += (long)number * length;
            if (length == 0 || total > MaximumSeconds) return false;
            rest = rest[(unit + 1)..];
        }

        seconds = (int)total;
        return seconds > 0;
    }

    /// <summary>Only downwards: a flow file may not make its reader open what lies outside of the checkout.</summary>
    private static bool TryPath(string text, out string path)
    {
        path = text.TrimEnd('/');
        return path.Length is > 0 and <= 512
            && text[0] != '/'
            && !path.Contains('\\', StringComparison.Ordinal)
            && !path.Contains(':', StringComparison.Ordinal)
            && !path.Split('/').Any(part => part is "" or "." or "..");
    }

    private static bool TryNumber(ReadOnlySpan<char> digits, out int number) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
