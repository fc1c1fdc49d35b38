using System.CommandLine;
using System.Text;

namespace RuleCompiler.Cli.Completion;

internal static class BashCompletion
{
    /// <summary>A function with one case per verb; whatever takes a free value completes file names.</summary>
    public static string For(RootCommand root)
    {
        var text = new StringBuilder();
        text.Append("""
            # bash completion for rulec; load with: source <(rulec completions bash)
            _rulec() {
                local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb= options= words= i
                # --option=value comes as three words
                if [[ $word == = ]]; then
                    word=
                elif [[ $previous == = && COMP_CWORD -gt 1 ]]; then
                    previous=${COMP_WORDS[COMP_CWORD-2]}
                fi
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case ${COMP_WORDS[i]} in

            """);
        var verbs = root.Subcommands.Select(verb => verb.Name).ToList();
        text.Append($"            {string.Join('|', verbs)}) verb=${{COMP_WORDS[i]}}; break ;;\n");
        text.Append("        esac\n    done\n    case $verb:$previous in\n");
        AppendValues(text, "", CompletedOption.Of(root));
        foreach (var verb in root.Subcommands) AppendValues(text, verb.Name, CompletedOption.Of(verb, root));
        text.Append("    esac\n    case $verb in\n");
        text.Append($"        '') words='{string.Join(' ', verbs)}' options='{Names(CompletedOption.Of(root))}' ;;\n");
        foreach (var verb in root.Subcommands)
        {
            var words = string.Join(' ', CompletedOption.ArgumentValues(verb));
            text.Append($"        {verb.Name}) words='{words}' options='{Names(CompletedOption.Of(verb, root))}' ;;\n");
        }

        text.Append("""
                esac
                if [[ $word == -* ]]; then
                    COMPREPLY=($(compgen -W "$options" -- "$word"))
                elif [[ -n $words ]]; then
                    COMPREPLY=($(compgen -W "$words" -- "$word"))
                else
                    COMPREPLY=($(compgen -f -- "$word"))
                fi
            }
            complete -o filenames -o bashdefault -F _rulec rulec

            """);
        return text.ToString();
    }

    private static void AppendValues(StringBuilder text, string verb, IEnumerable<CompletedOption> options)
    {
        foreach (var option in options.Where(option => option.TakesValue))
        {
            var pattern = string.Join('|', option.Names.Select(name => $"{verb}:{name}"));
            var values = option.Values.Count == 0 ? "-f" : $"-W '{string.Join(' ', option.Values)}'";
            text.Append($"        {pattern}) COMPREPLY=($(compgen {values} -- \"$word\")); return ;;\n");
        }
    }

    private static string Names(IEnumerable<CompletedOption> options) =>
        string.Join(' ', options.SelectMany(option => option.Names));
}
