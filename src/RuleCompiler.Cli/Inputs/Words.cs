using System.CommandLine.Parsing;

namespace RuleCompiler.Cli.Inputs;

internal delegate bool TryParse<T>(string word, out T value);

/// <summary>Parsers for option values that say what was found and what was expected.</summary>
internal static class Words
{
    public static Func<ArgumentResult, T?> One<T>(string option, string expected, TryParse<T> tryParse) => argument =>
    {
        var word = argument.Tokens[^1].Value;
        if (tryParse(word, out var value)) return value;
        argument.AddError($"{option} is '{word}'; expected {expected}");
        return default;
    };

    public static Func<ArgumentResult, T[]> Each<T>(string option, string expected, TryParse<T> tryParse) => argument =>
    {
        var values = new List<T>();
        foreach (var token in argument.Tokens)
        {
            if (tryParse(token.Value, out var value)) values.Add(value);
            else argument.AddError($"{option} is '{token.Value}'; expected {expected}");
        }

        return [.. values];
    };
}
