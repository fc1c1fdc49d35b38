using System.Buffers;

namespace RuleCompiler.Kube.Text;

/// <summary>
/// What an unquoted YAML scalar is. The words are YAML 1.1's without y and n, since Kubernetes' tools read 1.1
/// (sigs.k8s.io/yaml, goyaml.v2/resolve.go:resolveTable); <c>yes</c> in a text field is an error there as well.
/// </summary>
internal static class PlainScalar
{
    private static readonly SearchValues<string> Words = SearchValues.Create(
        ["true", "false", "yes", "no", "on", "off"], StringComparison.OrdinalIgnoreCase);

    public static Shape ShapeOf(string text)
    {
        if (text.Length == 0) return Shape.Null;
        return text[0] switch
        {
            '~' when text.Length == 1 => Shape.Null,
            'n' or 'N' when text is "null" or "Null" or "NULL" => Shape.Null,
            't' or 'T' or 'f' or 'F' or 'y' or 'Y' or 'n' or 'N' or 'o' or 'O' =>
                text.Length <= 5 && Words.Contains(text) ? Shape.Boolean : Shape.Text,
            '.' or '+' or '-' or (>= '0' and <= '9') => ShapeOfNumber(text),
            _ => Shape.Text,
        };
    }

    /// <summary>True, on and yes; only for text whose shape is Boolean.</summary>
    public static bool IsTrue(string text) =>
        text[0] is 't' or 'T' or 'y' or 'Y' || text.Equals("on", StringComparison.OrdinalIgnoreCase);

    private static Shape ShapeOfNumber(ReadOnlySpan<char> text)
    {
        if (text[0] is '+' or '-') text = text[1..];
        if (text.Length > 2 && text[0] == '0' && text[1] is 'x' or 'X' or 'o' or 'b') return RadixShape(text[2..]);
        if (text is ".inf" or ".Inf" or ".INF" or ".nan" or ".NaN" or ".NAN") return Shape.Fraction;
        var whole = TakeDigits(ref text);
        if (text.IsEmpty) return whole > 0 ? Shape.Integer : Shape.Text;
        var fraction = 0;
        if (text[0] == '.')
        {
            text = text[1..];
            fraction = TakeDigits(ref text);
        }

        if (whole + fraction == 0) return Shape.Text;
        if (text.IsEmpty) return Shape.Fraction;
        if (text[0] is not ('e' or 'E')) return Shape.Text;
        text = text[1..];
        if (!text.IsEmpty && text[0] is '+' or '-') text = text[1..];
        return TakeDigits(ref text) > 0 && text.IsEmpty ? Shape.Fraction : Shape.Text;
    }

    private static Shape RadixShape(ReadOnlySpan<char> digits)
    {
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit) && digit != '_') return Shape.Text;
        }

        return Shape.Integer;
    }

    /// <summary>Digits and, after the first, underscores.</summary>
    private static int TakeDigits(ref ReadOnlySpan<char> text)
    {
        var taken = 0;
        while (taken < text.Length && (char.IsAsciiDigit(text[taken]) || (taken > 0 && text[taken] == '_'))) taken++;
        text = text[taken..];
        return taken;
    }
}
