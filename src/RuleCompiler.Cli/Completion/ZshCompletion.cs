using System.CommandLine;
using System.Text;

namespace RuleCompiler.Cli.Completion;

internal static class ZshCompletion
{
    public static string For(RootCommand root)
    {
        var text = new StringBuilder(
            "#compdef rulec\n# zsh completion for rulec\n_rulec() {\n    local -a verbs\n    verbs=(\n");
        foreach (var verb in root.Subcommands) text.Append($"        '{verb.Name}:{Plain(verb.Description)}'\n");
        text.Append("""
                )
                if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
                    _describe verb verbs
                    return
                fi
                local verb=$words[2]
                if (( CURRENT > 2 )) && [[ $verb != -* ]]; then
                    shift words
                    (( CURRENT-- ))
                fi
                case $verb in
                    -*)
                        _arguments
            """);
        foreach (var option in CompletedOption.Of(root)) Append(text, option);
        text.Append("\n            ;;\n");
        foreach (var verb in root.Subcommands)
        {
            text.Append($"        {verb.Name})\n            _arguments");
            foreach (var option in CompletedOption.Of(verb, root)) Append(text, option);
            var words = CompletedOption.ArgumentValues(verb);
            text.Append(
                words.Count > 0
                    ? $" \\\n                '1:word:({string.Join(' ', words)})'"
                    : " \\\n                '*:file:_files'");
            text.Append("\n            ;;\n");
        }

        // From a directory of fpath the file itself is the function and runs at once; sourced it only defines it.
        return text.Append("    esac\n}\nif [[ $funcstack[1] == _rulec ]]; then _rulec \"$@\"; else compdef _rulec rulec; fi\n")
            .ToString();
    }

    private static void Append(StringBuilder text, CompletedOption option)
    {
        var (repeats, rest) = (option.Repeats ? "*" : "", $"[{Plain(option.Summary)}]{Action(option)}");
        foreach (var name in option.Names) text.Append($" \\\n                '{repeats}{name}{rest}'");
    }

    private static string Action(CompletedOption option) =>
        !option.TakesValue ? "" :
        option.Values.Count == 0 ? ":value:_files" :
        $":value:({string.Join(' ', option.Values)})";

    /// <summary>Quotes, colons and brackets have a meaning in _arguments and _describe.</summary>
    private static string Plain(string? text) => string.Concat((text ?? "").Where(letter => !"':[]".Contains(letter)));
}
