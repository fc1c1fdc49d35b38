using System.CommandLine;

namespace RuleCompiler.Cli.Inputs;

internal static class RulesOption
{
    public static Option<string[]> Create() => new("--rules")
    {
        Description =
            "Rules instead of a cluster: text of iptables-save, nft list ruleset, ipvsadm -Sn, ipset save or rulec " +
            "compile, or - for standard input; repeatable, for what comes in several files.",
        HelpName = "FILE",
    };
}
