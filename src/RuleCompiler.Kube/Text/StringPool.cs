namespace RuleCompiler.Kube.Text;

/// <summary>One object for equal strings: node names, zones and port names repeat a hundred thousand times.</summary>
internal sealed class StringPool
{
    /// <summary>Beyond this the strings are not repeating, and remembering them would only cost.</summary>
    private const int StringsMax = 100_000;

    private readonly HashSet<string> _strings = new(StringComparer.Ordinal);

    public string Intern(string text)
    {
        if (_strings.TryGetValue(text, out var known)) return known;
        if (_strings.Count < StringsMax) _strings.Add(text);
        return text;
    }
}
