using RuleCompiler.Ir.Net;

namespace RuleCompiler.Tests.Gen;

/// <summary>
/// The few addresses that generated clusters are made of. They are few so that frontends collide, share an address,
/// and coincide with addresses of the node.
/// </summary>
internal sealed record Pool(
    Ip[] ClusterIps,
    Ip[] Externals,
    Ip[] LocalPods,
    Ip[] RemotePods,
    Ip[] Nodes,
    Ip OtherNode,
    Prefix LocalPodCidr,
    Prefix RemotePodCidr,
    Prefix ClusterCidr,
    Prefix[] SourceRanges,
    Ip[] Strangers,
    Ip Unused)
{
    private static readonly Pool _v4 = new(
        Ips("10.96.0.1 10.96.0.2 10.96.0.5"),
        Ips("203.0.113.1 203.0.113.2 198.51.100.1 192.168.77.2 192.168.77.3"),
        Ips("10.64.0.5 10.64.0.6 192.168.77.2"),
        Ips("10.64.1.5 10.64.1.6 192.168.77.9"),
        Ips("192.168.77.2 192.168.77.3 203.0.113.2"),
        Ip.Parse("192.168.77.9"),
        Prefix.Parse("10.64.0.0/24"), Prefix.Parse("10.64.1.0/24"), Prefix.Parse("10.64.0.0/16"),
        Prefixes("172.16.0.0/24 172.16.0.128/25 10.64.0.0/16 192.168.77.0/24 192.168.77.2/32 0.0.0.0/0 10.64.1.5/32"),
        Ips("172.16.0.9 172.16.0.200 8.8.8.8"),
        Ip.Parse("10.99.99.99"));

    private static readonly Pool _v6 = new(
        Ips("fd00:96::1 fd00:96::2 fd00:96::5"),
        Ips("2001:db8::1 2001:db8::2 2001:db8:1::1 fd00:77::2 fd00:77::3"),
        Ips("fd00:64::5 fd00:64::6 fd00:77::2"),
        Ips("fd00:64:0:1::5 fd00:64:0:1::6 fd00:77::9"),
        Ips("fd00:77::2 fd00:77::3 2001:db8::2"),
        Ip.Parse("fd00:77::9"),
        Prefix.Parse("fd00:64::/64"), Prefix.Parse("fd00:64:0:1::/64"), Prefix.Parse("fd00:64::/32"),
        Prefixes("fd00:16::/64 fd00:16::8000/113 fd00:64::/32 fd00:77::/64 fd00:77::2/128 ::/0 fd00:64:0:1::5/128"),
        Ips("fd00:16::9 fd00:16::8009 2001:4860::8888"),
        Ip.Parse("fd00:99::99"));

    public static Pool Of(Family family) => family switch
    {
        Family.Ipv4 => _v4,
        Family.Ipv6 => _v6,
    };

    private static Ip[] Ips(string text) => Array.ConvertAll(text.Split(' '), item => Ip.Parse(item));

    private static Prefix[] Prefixes(string text) => Array.ConvertAll(text.Split(' '), item => Prefix.Parse(item));
}
