using System.CommandLine;
using System.CommandLine.Completions;

namespace RuleCompiler.Cli.Completion;

/// <summary>What a completion script has to know of an option.</summary>
/// <param name="Values">Words that it takes; empty when it takes a path, a name or a number.</param>
internal sealed record CompletedOption(
    string Name, IReadOnlyList<string> Aliases, string Description, bool TakesValue, bool Repeats,
    IReadOnlyList<string> Values)
{
    /// <summary>The options that a verb has, its own first.</summary>
    public static IReadOnlyList<CompletedOption> Of(Command verb, RootCommand root) =>
        verb.Options.Concat(root.Options.Where(option => option.Recursive))
            .Where(option => !option.Hidden)
            .Select(Create)
            .ToList();

    /// <summary>Those that may stand before the verb.</summary>
    public static IReadOnlyList<CompletedOption> Of(RootCommand root) => Of(new Command("none"), root);

    /// <summary>Words that a verb's first argument takes.</summary>
    public static IReadOnlyList<string> ArgumentValues(Command verb) =>
        verb.Arguments.Count == 0
            ? []
            : [.. verb.Arguments[0].GetCompletions(CompletionContext.Empty).Select(item => item.Label)];

    /// <summary>Both names, as scripts list them.</summary>
    public IEnumerable<string> Names => Aliases.Prepend(Name);

    /// <summary>The first sentence, without what quoting would make hard to read.</summary>
    public string Summary =>
        Description.Split(['.', ':', ';', '('], 2)[0].Replace("'", "", StringComparison.Ordinal).Trim();

    private static CompletedOption Create(Option option) => new(
        option.Name,
        option.Aliases
            .Where(alias => alias != option.Name && alias is not ("/?" or "/h" or "-?"))
            .Order(StringComparer.Ordinal)
            .ToList(),
        option.Description ?? "",
        option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool) && option.ValueType != typeof(void),
        option.Arity.MaximumNumberOfValues > 1,
        option.ValueType == typeof(bool) || option.ValueType == typeof(void)
            ? []
            : [.. option.GetCompletions(CompletionContext.Empty).Select(item => item.Label)]);
}
