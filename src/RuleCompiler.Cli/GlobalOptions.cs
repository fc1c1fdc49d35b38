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
    public static Option<ColorChoice> Color { get; } = Choice(
        "--color", "When to colour: auto (on a terminal, unless NO_COLOR is set), always, never.", ColorChoice.Auto);

    public static Option<DiagnosticFormat> Diagnostics { get; } = Choice(
        "--diagnostics", "How standard error carries diagnostics: text, json or sarif (2.1.0).", DiagnosticFormat.Text);

    public static Option<bool> Verbose { get; } = new("--verbose", "-v")
    {
        Description = "Say what was read and passed over.",
        Recursive = true,
    };

    private static Option<T> Choice<T>(string name, string description, T byDefault)
        where T : struct, Enum
    {
        var names = Enum.GetNames<T>().Select(value => value.ToLowerInvariant()).ToArray();
        var option = new Option<T>(name)
        {
            Description = description,
            HelpName = string.Join('|', names),
            Recursive = true,
            DefaultValueFactory = _ => byDefault,
            CustomParser = argument =>
            {
                var word = argument.Tokens[0].Value;
                var index = Array.IndexOf(names, word);
                if (index >= 0) return Enum.GetValues<T>()[index];
                argument.AddError($"{name} is '{word}'; expected one of {string.Join(", ", names)}");
                return byDefault;
            },
        };
        option.CompletionSources.Add(names);
        return option;
    }
}
