namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// What of a node's tables is ours to change: kube-proxy's chains and our own, which are made to look alike. Its canary
/// chains are not: removing them would make a kube-proxy that still runs write everything again.
/// </summary>
internal static class Ownership
{
    /// <summary>A chain that is rewritten, and removed when nothing needs it.</summary>
    public static bool IsOurs(TableName table, string chain)
    {
        if (IsTopLevel(table, chain)) return true;
        if (table is not (TableName.Nat or TableName.Filter)) return false;
        foreach (var prefix in _prefixes)
        {
            if (chain.StartsWith(prefix, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    /// <summary>
    /// A rule of a built-in chain that leads to a chain of ours. One without our kind of comment was put there by
    /// somebody else.
    /// </summary>
    public static bool IsOurJump(TableName table, Rule rule) =>
        rule.Target is Target.Jump jump && IsTopLevel(table, jump.Chain) &&
        rule.Comment is { } comment && comment.StartsWith("kubernetes ", StringComparison.Ordinal);

    private static bool IsTopLevel(TableName table, string chain) => (table, chain) switch
    {
        (TableName.Nat, Names.Services or Names.NodePorts or Names.Postrouting or Names.MarkMasquerade) => true,
        (TableName.Filter,
            Names.Services or Names.ExternalServices or Names.NodePorts or Names.Forward or Names.ProxyFirewall) => true,
        _ => false,
    };

    private static readonly string[] _prefixes =
    [
        Names.ClusterPrefix, Names.LocalPrefix, Names.ExternalPrefix, Names.FirewallPrefix, Names.EndpointPrefix,
    ];
}
