namespace RuleCompiler.Emulator;

/// <summary>
/// kube-proxy names a Service's chains after it: <c>service-HASH8-ns/name/protocol/port</c>, and an endpoint's with
/// <c>__address/port</c> behind it (service-semantics §5.6).
/// </summary>
internal static class NftChainNames
{
    private static readonly string[] Prefixes = ["service-", "local-", "external-", "firewall-", "endpoint-"];

    /// <summary>Base32 characters of the hash, and the dash behind them.</summary>
    private const int HashLength = 8;

    /// <summary>"ns/name:port" or "ns/name"; null for any other chain, and for a name that was cut.</summary>
    public static string? ServiceOf(string chain)
    {
        foreach (var prefix in Prefixes)
        {
            if (chain.StartsWith(prefix, StringComparison.Ordinal)) return ServiceIn(chain.AsSpan(prefix.Length));
        }

        return null;
    }

    private static string? ServiceIn(ReadOnlySpan<char> rest)
    {
        if (rest.Length <= HashLength || rest[HashLength] != '-') return null;
        rest = rest[(HashLength + 1)..];
        if (rest.IndexOf("__") is >= 0 and var endpoint) rest = rest[..endpoint];
        var port = rest.LastIndexOf('/');
        if (port < 0) return null;
        var protocol = rest[..port].LastIndexOf('/');
        if (protocol < 0) return null;
        var (name, portName) = (rest[..protocol].ToString(), rest[(port + 1)..].ToString());
        return RuleComment.ServiceOf(portName.Length == 0 ? name : $"{name}:{portName}");
    }
}
