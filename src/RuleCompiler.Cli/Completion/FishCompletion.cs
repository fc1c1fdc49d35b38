using System.CommandLine;
using System.Text;

namespace RuleCompiler.Cli.Completion;

internal static class FishCompletion
{
    public static string For(RootCommand root)
    {
        var text = new StringBuilder("# fish completion for rulec\n");
        foreach (var option in CompletedOption.Of(root)) Append(text, "-n __fish_use_subcommand", option);
        foreach (var verb in root.Subcommands)
        {
            text.Append(
                $"complete -c rulec -n __fish_use_subcommand -f -a {verb.Name} -d '{Quoted(verb.Description)}'\n");
            var condition = $"-n '__fish_seen_subcommand_from {verb.Name}'";
            var words = CompletedOption.ArgumentValues(verb);
            if (words.Count > 0) text.Append($"complete -c rulec {condition} -f -a '{string.Join(' ', words)}'\n");
            foreach (var option in CompletedOption.Of(verb, root)) Append(text, condition, option);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, string condition, CompletedOption option)
    {
        text.Append($"complete -c rulec {condition}");
        foreach (var name in option.Names)
            text.Append(name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s {name[1..]}");
        if (option.TakesValue)
            text.Append(option.Values.Count == 0 ? " -r" : $" -x -a '{string.Join(' ', option.Values)}'");
        text.Append($" -d '{Quoted(option.Summary)}'\n");
    }

    private static string Quoted(string? text) =>
        (text ?? "").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
}
