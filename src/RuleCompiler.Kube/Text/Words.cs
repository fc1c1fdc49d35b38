using System.Text;

namespace RuleCompiler.Kube.Text;

/// <summary>Puts foreign text into messages without letting it write them.</summary>
internal static class Words
{
    private const int QuotedCharsMax = 64;
    private const int ClippedCharsMax = 200;

    /// <summary>In double quotes, control characters as \u, cut after 64 characters.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"", Math.Min(text.Length, QuotedCharsMax) + 4);
        AppendPrintable(quoted, text, QuotedCharsMax);
        return quoted.Append('"').ToString();
    }

    /// <summary>Unquoted, one line, cut after 200 characters.</summary>
    public static string Clip(string text)
    {
        var clipped = new StringBuilder();
        AppendPrintable(clipped, text, ClippedCharsMax);
        return clipped.ToString();
    }

    public static string List(IEnumerable<string> words) => string.Join(", ", words);

    private static void AppendPrintable(StringBuilder target, string text, int charsMax)
    {
        foreach (var unit in text.AsSpan(0, Math.Min(text.Length, charsMax)))
        {
            if (char.IsControl(unit) || char.IsSurrogate(unit) || unit is '\u2028' or '\u2029' or '\uFEFF')
                target.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
            else
                target.Append(unit);
        }

        if (text.Length > charsMax) target.Append('…');
    }
}
