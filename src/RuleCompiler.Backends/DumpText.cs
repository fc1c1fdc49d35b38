using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends;

/// <summary>Tests of a dump's text that need no parser.</summary>
internal static class DumpText
{
    public static bool Holds(Seq<ArtifactFile> files, string text) =>
        files.Any(file => file.Text.Contains(text, StringComparison.Ordinal));

    /// <summary>Some file's first line that is neither empty nor a comment begins with one of these.</summary>
    public static bool BeginsWithAny(Seq<ArtifactFile> files, ReadOnlySpan<string> starts)
    {
        foreach (var file in files)
        {
            foreach (var line in file.Text.AsSpan().EnumerateLines())
            {
                var text = line.TrimStart();
                if (text.IsEmpty || text[0] == '#') continue;
                if (BeginsWithAny(text, starts)) return true;
                break;
            }
        }

        return false;
    }

    public static bool BeginsWithAny(ReadOnlySpan<char> text, ReadOnlySpan<string> starts)
    {
        foreach (var start in starts)
        {
            if (text.StartsWith(start, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    /// <summary>Some line begins with <paramref name="start"/> and contains <paramref name="part"/>.</summary>
    public static bool HasLine(string text, string start, string part)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(start, StringComparison.Ordinal) && line.Contains(part, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    /// <summary>IPv4 when the text shows neither.</summary>
    public static Seq<Family> Families(bool ipv4, bool ipv6) => (ipv4, ipv6) switch
    {
        (true, true) => [Family.Ipv4, Family.Ipv6],
        (false, true) => [Family.Ipv6],
        _ => [Family.Ipv4],
    };
}
