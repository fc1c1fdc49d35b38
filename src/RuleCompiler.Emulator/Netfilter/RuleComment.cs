using System.Buffers;

namespace RuleCompiler.Emulator;

/// <summary>
/// Rule comments as kube-proxy and we write them name their service-port somewhere: "ns/name:port cluster IP".
/// </summary>
internal static class RuleComment
{
    private static readonly SearchValues<char> NameChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>The first word of the form ns/name or ns/name:port, made of DNS labels.</summary>
    public static string? ServiceOf(string? comment)
    {
        for (var rest = comment.AsSpan(); !rest.IsEmpty;)
        {
            var end = rest.IndexOf(' ');
            var word = end < 0 ? rest : rest[..end];
            if (IsServicePort(word)) return word.ToString();
            rest = end < 0 ? default : rest[(end + 1)..];
        }

        return null;
    }

    private static bool IsServicePort(ReadOnlySpan<char> word)
    {
        var slash = word.IndexOf('/');
        if (slash < 0 || !IsLabel(word[..slash])) return false;
        var name = word[(slash + 1)..];
        var colon = name.IndexOf(':');
        return colon < 0 ? IsLabel(name) : IsLabel(name[..colon]) && IsLabel(name[(colon + 1)..]);
    }

    private static bool IsLabel(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(NameChars);
}
