using System.CommandLine;
using System.Text;
using RuleCompiler.Ir.Net;
using RuleCompiler.Kube;

namespace RuleCompiler.Cli.Inputs;

internal static class RulesOption
{
    public static Option<string?> Create() => new("--rules")
    {
        Description = "Rules instead of a cluster: text of iptables-save or rulec compile, or - for standard input.",
        HelpName = "FILE",
    };

    /// <summary>
    /// The family of a dump. The tools name themselves in a comment; other texts show it by their addresses. Text
    /// without any address means the same in both.
    /// </summary>
    public static Family FamilyOf(InputFile rules)
    {
        foreach (var line in Encoding.UTF8.GetString(rules.Content.Span).AsSpan().EnumerateLines())
        {
            if (line.StartsWith('#'))
            {
                if (line.Contains("ip6tables", StringComparison.Ordinal)) return Family.Ipv6;
                if (line.Contains("iptables", StringComparison.Ordinal)) return Family.Ipv4;
            }

            foreach (var option in AddressOptions)
            {
                var at = line.IndexOf(option, StringComparison.Ordinal);
                if (at < 0) continue;
                var word = line[(at + option.Length)..];
                var end = word.IndexOfAny('/', ' ');
                if (Ip.TryParse(end < 0 ? word : word[..end], null, out var ip)) return ip.Family;
            }
        }

        return Family.Ipv4;
    }

    private static readonly string[] AddressOptions = [" -s ", " -d "];
}
