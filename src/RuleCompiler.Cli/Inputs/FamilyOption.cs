using System.CommandLine;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Inputs;

internal static class FamilyOption
{
    public static Option<Family?> Create(string description)
    {
        var option = new Option<Family?>("--family")
        {
            Description = description,
            HelpName = "ipv4|ipv6",
            CustomParser = Words.One("--family", "ipv4 or ipv6", static (string word, out Family? family) =>
            {
                family = word switch
                {
                    "ipv4" => Family.Ipv4,
                    "ipv6" => Family.Ipv6,
                    _ => null,
                };
                return family is not null;
            }),
        };
        option.CompletionSources.Clear();
        option.CompletionSources.Add("ipv4", "ipv6");
        return option;
    }
}
