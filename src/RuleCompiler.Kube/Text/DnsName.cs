using System.Buffers;

namespace RuleCompiler.Kube.Text;

/// <summary>Names as apimachinery/pkg/util/validation/validation.go @v1.36 has them (RFC 1123).</summary>
internal static class DnsName
{
    private const int LabelCharsMax = 63;
    private const int SubdomainCharsMax = 253;

    private static readonly SearchValues<char> Alphanumeric = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyz0123456789");
    private static readonly SearchValues<char> LabelChars = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyz0123456789-");

    public static bool IsLabel(string text) => text.Length <= LabelCharsMax && IsPart(text);

    public static bool IsSubdomain(string text)
    {
        if (text.Length > SubdomainCharsMax) return false;
        ReadOnlySpan<char> rest = text;
        while (rest.IndexOf('.') is var dot and >= 0)
        {
            if (!IsPart(rest[..dot])) return false;
            rest = rest[(dot + 1)..];
        }

        return IsPart(rest);
    }

    private static bool IsPart(ReadOnlySpan<char> text) =>
        !text.IsEmpty && Alphanumeric.Contains(text[0]) && Alphanumeric.Contains(text[^1])
            && !text.ContainsAnyExcept(LabelChars);
}
