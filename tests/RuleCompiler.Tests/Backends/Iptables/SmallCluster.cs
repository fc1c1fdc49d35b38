using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Backends.Iptables;

/// <summary>Clusters of a few lines for the backends' tests.</summary>
internal static class SmallCluster
{
    public static readonly NodeFacts Facts = NodeFacts.Create(
        new Node("node-0", "zone-a", [Prefix.Parse("10.64.0.0/24")], [Ip.Parse("192.168.77.2"), Ip.Parse("fd00:77::2")], default),
        new ProxyConfig { ClusterCidrs = [Prefix.Parse("10.64.0.0/16"), Prefix.Parse("fd00:64::/48")] },
        new KernelFacts());

    public static readonly Service Cart = new(
        new ObjectName("shop", "cart"), ServiceType.ClusterIp, [Ip.Parse("10.96.0.10"), Ip.Parse("fd00:96::a")], [], [], [],
        [new ServicePortSpec("http", Protocol.Tcp, new Port(80), null, default)],
        TrafficPolicy.Cluster, TrafficPolicy.Cluster, null, null, null, [], default);

    public static readonly Service Balancer = Cart with
    {
        Name = new ObjectName("shop", "web"),
        Type = ServiceType.LoadBalancer,
        ClusterIps = [Ip.Parse("10.96.0.20"), Ip.Parse("fd00:96::14")],
        LoadBalancerIps = [Ip.Parse("203.0.113.7"), Ip.Parse("2001:db8::7")],
        Ports = [new ServicePortSpec("http", Protocol.Tcp, new Port(80), new Port(30080), default)],
    };

    /// <summary>Endpoints ADDRESS or ADDRESS@NODE of a Service, port 8080 for its port "http".</summary>
    public static EndpointSlice Slice(this Service service, params string[] endpoints)
    {
        var parsed = endpoints.Select(text => text.Split('@')).Select(parts => new SliceEndpoint(
            Ip.Parse(parts[0]), true, true, false, parts.Length > 1 ? parts[1] : "node-1", [], [], default)).ToSeq();
        return new EndpointSlice(
            service.Name with { Name = service.Name.Name + "-1" }, service.Name.Name,
            parsed.Count > 0 ? parsed[0].Address.Family : Family.Ipv4,
            service.Ports.Select(port => new SlicePort(port.Name, port.Protocol, new Port(8080))).ToSeq(), parsed, default);
    }

    public static ServiceGraph Graph(
        SortedSeq<Service> services, SortedSeq<EndpointSlice> slices, NodeFacts? node = null, Family family = Family.Ipv4) =>
        ServiceGraphBuilder.Build(new ClusterState(services, slices, [], []), node ?? Facts, family).Graph;

    public static Lowering<IptablesRuleset> Lower(
        SortedSeq<Service> services, SortedSeq<EndpointSlice> slices, NodeFacts? node = null, Family family = Family.Ipv4) =>
        IptablesBackend.Instance.Lower(Graph(services, slices, node, family));

    /// <summary>The rules of some chains of a table, each as iptables-save would write it.</summary>
    public static string RulesOf(IptablesRuleset ruleset, TableName table, Predicate<string> chains)
    {
        var lines =
            from chain in ruleset.Find(table)!.Chains
            where chains(chain.Name)
            from rule in chain.Rules
            select $"-A {chain.Name} {IptablesBackend.PrintRule(rule, ruleset.Family)}\n";
        return string.Concat(lines);
    }
}
