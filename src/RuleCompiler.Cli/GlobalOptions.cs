using System.CommandLine;

namespace RuleCompiler.Cli;

internal enum ColorChoice
{
    Auto,
    Always,
    Never,
}

internal enum DiagnosticFormat
{
    Text,
    Json,
    Sarif,
}

/// <summary>Options that every verb has.</summary>
internal static class GlobalOptions
{
    public static Option<ColorChoice> Color { get; } = Choice<ColorChoice>(
        "--color", "When to colour: auto, the default (on a terminal, unless NO_COLOR is set), always, never.");

    public static Option<DiagnosticFormat> Diagnostics { get; } = Choice<DiagnosticFormat>(
        "--diagnostics", "How standard error carries diagnostics: text, json, sarif (2.1.0). Default: text.");

    public static Option<bool> Verbose { get; } = new("--verbose", "-v")
    {
        Description = "Say what was read and passed over.",
        Recursive = true,
    };

    /// <summary>An option whose values are an enum's members in lower case; the first is the default.</summary>
    private static Option<T> Choice<T>(string name, string description)
        where T : struct, Enum
    {
        var names = Enum.GetNames<T>().Select(value => value.ToLowerInvariant()).ToArray();
        var option = new Option<T>(name)
        {
            Description = description,
            HelpName = string.Join('|', names),
            Recursive = true,
            CustomParser = argument =>
            {
                var word = argument.Tokens[0].Value;
                var index = Array.IndexOf(names, word);
                if (index >= 0) return Enum.GetValues<T>()[index];
                argument.AddError($"{name} is '{word}'; expected one of {string.Join(", ", names)}");
                return default;
            },
        };
        option.CompletionSources.Clear();
        option.CompletionSources.Add(names);
        return option;
    }
}
