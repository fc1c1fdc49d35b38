using FsCheck;
using FsCheck.Fluent;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Gen;

/// <summary>Nodes called node-0: every configuration that changes a rule.</summary>
internal static class NodeGen
{
    private static readonly Family[] _families = [Family.Ipv4, Family.Ipv6];

    public static Gen<NodeFacts> Node { get; } =
        from config in Config
        from zone in Pick.Weighted((5, "zone-a"), (1, "zone-c"), (1, ""), (1, null))
        from podCidrs in Blocks(pool => pool.LocalPodCidr)
        from extras in Pick.Sequence(_families.Select(family =>
            FsCheck.Fluent.Gen.SubListOf(Pool.Of(family).Nodes.AsEnumerable().Skip(1))))
        from primaries in Pick.Weighted((6, (true, true)), (1, (true, false)), (1, (false, true)))
        from bpf in Pick.Weighted((3, true), (1, false))
        from liberal in Pick.Weighted<bool?>((3, null), (1, false), (1, true))
        from recent in Pick.From(100, 20, 2000)
        select new NodeFacts(
            "node-0", zone, podCidrs,
            _families.Select(family => Pool.Of(family).Nodes[0]).Concat(extras.SelectMany(ips => ips)).Order().ToSeq(),
            primaries.Item1 ? Pool.Of(Family.Ipv4).Nodes[0] : null, primaries.Item2 ? Pool.Of(Family.Ipv6).Nodes[0] : null,
            config, new KernelFacts { XtBpf = bpf, ConntrackTcpBeLiberal = liberal, RecentListEntries = recent });

    public static NodeFacts In(NodeFacts node, ProxyMode mode)
    {
        var shared = node.Config.Iptables;
        var nftables = node.Config.Nftables with { MasqueradeAll = shared.MasqueradeAll, MasqueradeBit = shared.MasqueradeBit };
        return node with { Config = node.Config with { Mode = mode, Nftables = nftables } };
    }

    private static Gen<ProxyConfig> Config =>
        from mode in Pick.Weighted(
            (4, DetectLocalMode.ClusterCidr), (2, DetectLocalMode.NodeCidr), (2, DetectLocalMode.BridgeInterface),
            (2, DetectLocalMode.InterfaceNamePrefix))
        from cidrs in Blocks(pool => pool.ClusterCidr)
        from nodePorts in NodePorts
        from bit in Pick.Weighted((5, 14), (1, 0), (1, 31), (1, 7))
        from all in Pick.Weighted((4, false), (1, true))
        from localhost in Pick.Weighted((3, true), (1, false))
        from externalIps in Pick.Weighted((7, true), (1, false))
        from liberal in Pick.Weighted((5, false), (1, true))
        select new ProxyConfig
        {
            DetectLocalMode = mode,
            ClusterCidrs = cidrs,
            BridgeInterface = mode == DetectLocalMode.BridgeInterface ? "cni0" : "",
            InterfaceNamePrefix = mode == DetectLocalMode.InterfaceNamePrefix ? "cni" : "",
            NodePortAddresses = nodePorts,
            FeatureGates = [new FeatureGate(FeatureGate.AllowServiceExternalIps, externalIps)],
            Conntrack = new ConntrackConfig { TcpBeLiberal = liberal },
            Iptables = new IptablesConfig { MasqueradeBit = bit, MasqueradeAll = all, LocalhostNodePorts = localhost },
        };

    private static Gen<NodePortAddresses> NodePorts => Pick.Weighted<NodePortAddresses>(
        (5, new(false, [])),
        (1, new(true, [])),
        (1, new(false, [Prefix.Parse("192.168.77.0/24")])),
        (1, new(false, [Prefix.Parse("192.168.77.3/32"), Prefix.Parse("fd00:77::3/128")])),
        (1, new(false, [Prefix.Parse("127.0.0.0/8"), Prefix.Parse("::1/128")])),
        (1, new(false, [Prefix.Parse("127.0.0.1/32"), Prefix.Parse("192.168.77.0/24"), Prefix.Parse("fd00:77::/64")])),
        (1, new(false, [Prefix.Parse("0.0.0.0/0"), Prefix.Parse("fd00:77::2/128")])),
        (1, new(false, [Prefix.Parse("10.9.9.0/24"), Prefix.Parse("fd00:9::/64")])));

    /// <summary>A block of both families, of one, or none at all.</summary>
    private static Gen<Seq<Prefix>> Blocks(Func<Pool, Prefix> block)
    {
        var (v4, v6) = (block(Pool.Of(Family.Ipv4)), block(Pool.Of(Family.Ipv6)));
        return Pick.Weighted<Seq<Prefix>>((6, [v4, v6]), (1, [v4]), (1, [v6]), (1, []));
    }
}
