using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Nftables;

/// <summary>
/// Names of the table's sets, maps and chains; README.md draws them. Chains in hooks are named like kube-proxy's
/// (service-semantics §5.2). None comes from input, so none can be too long or hold what nft does not read.
/// </summary>
internal static class Names
{
    public const string Table = "rulecompiler";

    /// <summary>Whose place we take (service-semantics §5.1).</summary>
    public const string KubeProxyTable = "kube-proxy";

    public const string Services = "services";
    public const string PodServices = "pod-services";
    public const string NodeServices = "node-services";
    public const string StickyEndpoints = "sticky-endpoints";
    public const string Slots = "slots";
    public const string LocalSlots = "local-slots";
    public const string Affinity = "affinity";
    public const string ClusterIps = "cluster-ips";
    public const string ServiceCidrs = "service-cidrs";
    public const string NodePortIps = "node-port-ips";
    public const string Firewalled = "firewalled";
    public const string SourceRanges = "source-ranges";
    public const string Refusals = "refusals";
    public const string Hairpins = "hairpins";

    public const string FilterPreroutingPreDnat = "filter-prerouting-pre-dnat";
    public const string FilterOutputPreDnat = "filter-output-pre-dnat";
    public const string FilterInput = "filter-input";
    public const string FilterForward = "filter-forward";
    public const string FilterOutput = "filter-output";
    public const string NatPrerouting = "nat-prerouting";
    public const string NatOutput = "nat-output";
    public const string NatPostrouting = "nat-postrouting";

    public const string NodePorts = "node-ports";
    public const string FirewallCheck = "firewall-check";
    public const string ClusterIpsCheck = "cluster-ips-check";
    public const string RejectChain = "reject-chain";

    /// <summary>
    /// A chain that translates: what it does first, whom it looks up, over how many endpoints, for how long.
    /// </summary>
    public static string Of(Choice choice)
    {
        var who = choice.Guard switch
        {
            MasqueradeGuard.Nobody => "",
            MasqueradeGuard.Everybody => "masquerade-",
            MasqueradeGuard.NotPods => "masquerade-others-",
        };
        var node = choice.OnNodePort ? "node-" : "";
        var set = choice.Local ? "local-" : "";
        var owner = choice.Owner is { } frontend ? $"-{frontend}" : "";
        return choice.AffinitySeconds is { } seconds
            ? string.Create(CultureInfo.InvariantCulture, $"{who}{node}{set}sticky-{choice.Endpoints}-{seconds}{owner}")
            : string.Create(CultureInfo.InvariantCulture, $"{who}{node}{set}pick-{choice.Endpoints}");
    }

    /// <summary>The map from frontends of a protocol, with an index, to endpoints.</summary>
    public static string EndpointsOf(Protocol protocol) => $"{protocol.KernelName()}-endpoints";

    /// <summary>
    /// A frontend as a part of names, at most 50 characters long: no colon can stand in one (src/scanner.l @v1.0.6),
    /// and no address has a dash.
    /// </summary>
    public static string Of(Frontend frontend, Protocol protocol)
    {
        var address = frontend.Address is { } given ? $"{given}-".Replace(':', '-') : "";
        return string.Create(
            CultureInfo.InvariantCulture, $"{address}{protocol.KernelName()}-{frontend.Port.Value}");
    }

    /// <summary>Who is bound to which slot.</summary>
    /// <param name="owner">Of one frontend; null for all.</param>
    public static string AffinityOf(string? owner) => owner is null ? Affinity : $"{Affinity}-{owner}";

    public static string FileOf(Family family) => family == Family.Ipv4 ? "ip.nft" : "ip6.nft";
}
