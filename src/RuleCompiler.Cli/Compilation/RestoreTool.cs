namespace RuleCompiler.Cli.Compilation;

/// <summary>The command that takes an artifact's file, by the file's name.</summary>
internal static class RestoreTool
{
    public static string For(string file) => file switch
    {
        "iptables.rules" => "iptables-restore --noflush",
        "ip6tables.rules" => "ip6tables-restore --noflush",
        "ip.nft" or "ip6.nft" => "nft -f -",
        "ipset.restore" or "ipset6.restore" => "ipset restore",
        "ipvs.restore" or "ipvs6.restore" => "ipvsadm -R",
        "addresses.txt" or "addresses6.txt" => "ip address add ADDRESS dev kube-ipvs0, for each line",
        "sysctl.conf" or "sysctl6.conf" => "sysctl -p -",
        _ => throw new ArgumentException($"no tool takes {file}", nameof(file)),
    };
}
