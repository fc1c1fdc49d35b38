using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>Reads nodePortAddresses for one family: service-semantics §3.2 and §3.3.</summary>
internal static class NodePortScopes
{
    private static readonly Ip _localhost = Ip.Parse("127.0.0.1");

    public static NodePortScope Of(NodeFacts node, Family family, List<Diagnostic> diagnostics)
    {
        var localhostWanted = family == Family.Ipv4 &&
            node.Config is { Mode: ProxyMode.Iptables, Iptables.LocalhostNodePorts: true };
        var cidrs = CidrsOf(node);
        var own = cidrs.Where(cidr => cidr.Family == family).ToArray();
        if (own.Length == 0 || own.Any(cidr => cidr.IsAll))
        {
            if (own.Length == 0 && cidrs.Length > 0 && node.Addresses.Any(address => address.Family == family))
                diagnostics.Add(OpenOnOtherFamily(node, family));
            return new NodePortScope.AllLocal(localhostWanted);
        }

        var addresses = node.Addresses.Where(address => own.Any(cidr => cidr.Contains(address))).ToList();
        if (own.Any(cidr => IsOnLoopback(cidr) || cidr.Contains(_localhost)))
        {
            if (localhostWanted && own.Any(cidr => cidr.Contains(_localhost)))
                addresses.Add(_localhost);
            else
                diagnostics.Add(NoLocalhost(family, node.Config.Mode));
        }

        return new NodePortScope.Listed(addresses.Distinct().Order().ToSeq());
    }

    /// <summary>
    /// <c>primary</c> stands for the node's primary addresses; with none known nothing is restricted.
    /// </summary>
    private static Prefix[] CidrsOf(NodeFacts node)
    {
        var configured = node.Config.EffectiveNodePortAddresses;
        return configured.Primary
            ? [.. new[] { node.PrimaryIpv4, node.PrimaryIpv6 }.OfType<Ip>().Where(ip => !ip.IsLoopback).Select(Prefix.Host)]
            : [.. configured.Cidrs];
    }

    private static bool IsOnLoopback(Prefix cidr) =>
        cidr.Network.IsLoopback && cidr.Length >= (cidr.Family == Family.Ipv4 ? 8 : 128);

    private static Diagnostic OpenOnOtherFamily(NodeFacts node, Family family) => new(
        DiagnosticCatalog.NodePortsOpenOnOtherFamily, default,
        $"nodePortAddresses has no {family.ApiName()} CIDR, so NodePorts answer on every {family.ApiName()} address " +
        $"of node {node.Name}",
        $"add {family.ApiName()} CIDRs to nodePortAddresses");

    private static Diagnostic NoLocalhost(Family family, ProxyMode mode) => new(
        DiagnosticCatalog.LocalhostNodePortsUnsupported, default,
        $"nodePortAddresses names {family.ApiName()} loopback addresses, but NodePorts are not served there",
        (family, mode) switch
        {
            (Family.Ipv4, ProxyMode.Iptables) => "set iptables.localhostNodePorts, or remove the loopback CIDR",
            (Family.Ipv4, _) => "remove the loopback CIDR: only iptables mode serves NodePorts there",
            _ => "remove the loopback CIDR: the kernel cannot route IPv6 from loopback",
        });
}
