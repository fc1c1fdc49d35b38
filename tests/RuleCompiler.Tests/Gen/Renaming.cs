using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Gen;

/// <summary>
/// Turns everything IPv4 into IPv6: a.b.c.d becomes fd00:1:2:3:4:5:a.b.c.d, in which no two words are alike, and
/// 127.0.0.1 becomes ::1. The map keeps order and containment (prefixes grow by 96 bits, except 0.0.0.0/0),
/// so both families must behave the same under it, wherever localhost NodePorts, which IPv6 has not, are off.
/// </summary>
internal static class Renaming
{
    private static readonly UInt128 _base = Ip.Parse("fd00:1:2:3:4:5::").Bits;

    public static Scenario ToIpv6(Scenario scenario) => new(ToIpv6(scenario.Cluster), ToIpv6(scenario.Node));

    /// <summary>The IPv4 half of a scenario, without localhost NodePorts.</summary>
    public static Scenario OnlyIpv4(Scenario scenario)
    {
        var (cluster, node) = scenario;
        return new Scenario(
            new ClusterState(
                cluster.Services.Select(service => service with
                {
                    ClusterIps = V4(service.ClusterIps),
                    ExternalIps = V4(service.ExternalIps),
                    LoadBalancerIps = V4(service.LoadBalancerIps),
                    LoadBalancerSourceRanges = V4(service.LoadBalancerSourceRanges),
                }).Where(service => !service.ClusterIps.IsEmpty).ToSortedSeq(),
                cluster.EndpointSlices.Where(slice => slice.AddressType == Family.Ipv4).ToSortedSeq(), [], []),
            node with
            {
                PodCidrs = V4(node.PodCidrs),
                Addresses = V4(node.Addresses),
                PrimaryIpv6 = null,
                Config = node.Config with
                {
                    ClusterCidrs = V4(node.Config.ClusterCidrs),
                    NodePortAddresses = node.Config.NodePortAddresses with { Cidrs = V4(node.Config.NodePortAddresses.Cidrs) },
                    Iptables = node.Config.Iptables with { LocalhostNodePorts = false },
                },
            });
    }

    public static Flow ToIpv6(Flow flow) =>
        flow with { Source = ToIpv6(flow.Source), Destination = ToIpv6(flow.Destination) };

    public static Outcome ToIpv6(Outcome outcome) => outcome is Outcome.Translated translated
        ? translated with { To = new Endpoint(ToIpv6(translated.To.Address), translated.To.Port) }
        : outcome;

    private static ClusterState ToIpv6(ClusterState cluster) => new(
        cluster.Services.Select(service => service with
        {
            ClusterIps = ToIpv6(service.ClusterIps),
            ExternalIps = ToIpv6(service.ExternalIps),
            LoadBalancerIps = ToIpv6(service.LoadBalancerIps),
            LoadBalancerSourceRanges = ToIpv6(service.LoadBalancerSourceRanges),
        }).ToSortedSeq(),
        cluster.EndpointSlices.Select(slice => slice with
        {
            AddressType = Family.Ipv6,
            Endpoints = slice.Endpoints.Select(endpoint => endpoint with { Address = ToIpv6(endpoint.Address) }).ToSeq(),
        }).ToSortedSeq(), [], []);

    private static NodeFacts ToIpv6(NodeFacts node) => node with
    {
        PodCidrs = ToIpv6(node.PodCidrs),
        Addresses = ToIpv6(node.Addresses),
        PrimaryIpv4 = null,
        PrimaryIpv6 = node.PrimaryIpv4 is { } primary ? ToIpv6(primary) : null,
        Config = node.Config with
        {
            ClusterCidrs = ToIpv6(node.Config.ClusterCidrs),
            NodePortAddresses = node.Config.NodePortAddresses with { Cidrs = ToIpv6(node.Config.NodePortAddresses.Cidrs) },
        },
    };

    private static Ip ToIpv6(Ip ip) => ip == Ip.V4(0x7F00_0001) ? Ip.V6(1) : Ip.V6(_base | ip.Bits);

    private static Seq<Ip> ToIpv6(Seq<Ip> addresses) => addresses.Select(ToIpv6).ToSeq();

    private static Seq<Prefix> ToIpv6(Seq<Prefix> prefixes) => prefixes.Select(prefix =>
        prefix.IsAll ? Prefix.All(Family.Ipv6) : Prefix.Create(Ip.V6(_base | prefix.Network.Bits), prefix.Length + 96)).ToSeq();

    private static Seq<Ip> V4(Seq<Ip> addresses) => addresses.Where(address => address.Family == Family.Ipv4).ToSeq();

    private static Seq<Prefix> V4(Seq<Prefix> prefixes) => prefixes.Where(prefix => prefix.Family == Family.Ipv4).ToSeq();
}
