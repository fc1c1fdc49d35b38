namespace RuleCompiler.Cli.Verbs;

/// <summary>spec/profiles/*.md, which the program carries along.</summary>
internal static class OwnProfiles
{
    private const string Prefix = "profiles/";

    public static IEnumerable<(string Path, string Text)> All
    {
        get
        {
            var assembly = typeof(OwnProfiles).Assembly;
            foreach (var name in assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
            {
                if (!name.StartsWith(Prefix, StringComparison.Ordinal)) continue;
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                yield return (name, reader.ReadToEnd());
            }
        }
    }
}
