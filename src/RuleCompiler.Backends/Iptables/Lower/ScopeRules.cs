using System.Diagnostics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>The addresses that NodePorts are on, as rules.</summary>
internal static class ScopeRules
{
    private static readonly Prefix _loopbackV4 = Prefix.Create(Ip.V4(127u << 24), 8);
    private static readonly Prefix _loopbackV6 = Prefix.Host(Ip.V6(1));

    /// <summary>One list of matches for each rule that leads to the NodePorts.</summary>
    public static Seq<Seq<Match>> Of(NodePortScope scope, Family family) => scope switch
    {
        NodePortScope.AllLocal { Localhost: true } when family == Family.Ipv4 => [[Matches.DestinationIsLocal]],
        NodePortScope.AllLocal => [[Matches.To(Loopback(family), inverted: true), Matches.DestinationIsLocal]],
        NodePortScope.Listed listed => listed.Addresses.Select(address => (Seq<Match>)[Matches.To(address)]).ToSeq(),
        _ => throw new UnreachableException(),
    };

    /// <summary>Loopback is among them, which needs the kernel's route_localnet (service-semantics §3.3).</summary>
    public static bool HasLocalhost(NodePortScope scope, Family family) => family == Family.Ipv4 && scope switch
    {
        NodePortScope.AllLocal all => all.Localhost,
        NodePortScope.Listed listed => listed.Addresses.Any(address => address.IsLoopback),
        _ => throw new UnreachableException(),
    };

    public static Prefix Loopback(Family family) => family == Family.Ipv4 ? _loopbackV4 : _loopbackV6;
}
