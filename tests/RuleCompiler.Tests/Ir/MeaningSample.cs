using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Ir;

/// <summary>
/// One Service with every kind of frontend on node-0, as the tables of service-semantics have it: "local" endpoints are
/// on node-0, "remote" ones on node-1.
/// </summary>
internal sealed record MeaningSample
{
    public const string Local = "10.64.0.5:8080";
    public const string Remote = "10.64.1.5:8080";
    public const string LocalTerminating = "10.64.0.9:8080";
    public const string RemoteTerminating = "10.64.1.9:8080";

    public static readonly Ip Vip = Ip.Parse("203.0.113.1");
    public static readonly Ip NodeIp = Ip.Parse("192.168.77.2");

    public static readonly NodeFacts DefaultNode = NodeFacts.Create(
        new Node("node-0", "zone-a", [Prefix.Parse("10.64.0.0/24")], [NodeIp], default),
        new ProxyConfig { ClusterCidrs = [Prefix.Parse("10.64.0.0/16")] }, new KernelFacts());

    public Service Service { get; init; } = new(
        new ObjectName("ns", "svc"), ServiceType.LoadBalancer, [Ip.Parse("10.96.0.10")], [Ip.Parse("198.51.100.1")],
        [Vip], [], [new ServicePortSpec("", Protocol.Tcp, new Port(80), new Port(30080), default)],
        TrafficPolicy.Cluster, TrafficPolicy.Cluster, null, null, null, [], default);

    public Seq<SliceEndpoint> Endpoints { get; init; } = [ReadyOn("10.64.0.5", "node-0"), ReadyOn("10.64.1.5", "node-1")];

    public NodeFacts Node { get; init; } = DefaultNode;

    public ClusterState Cluster => new(
        [Service],
        [new EndpointSlice(new ObjectName("ns", "svc-1"), "svc", Family.Ipv4, [new SlicePort("", Protocol.Tcp, new Port(8080))], Endpoints, default)],
        [], [new ServiceCidr("kubernetes", ServiceCidrs, default)]);

    public Seq<Prefix> ServiceCidrs { get; init; } = [];

    public MeaningSample WithPolicies(TrafficPolicy inside, TrafficPolicy outside) =>
        this with { Service = Service with { InternalTrafficPolicy = inside, ExternalTrafficPolicy = outside } };

    /// <summary>Words of <c>RL RR TL TR</c>: ready or serving-terminating, local or remote; <c>UL</c> is not ready.</summary>
    public MeaningSample WithEndpoints(string words) => this with
    {
        Endpoints = words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word switch
        {
            "RL" => ReadyOn("10.64.0.5", "node-0"),
            "RR" => ReadyOn("10.64.1.5", "node-1"),
            "TL" => ReadyOn("10.64.0.9", "node-0") with { Ready = false, Terminating = true },
            "TR" => ReadyOn("10.64.1.9", "node-1") with { Ready = false, Terminating = true },
            "UL" => ReadyOn("10.64.0.7", "node-0") with { Ready = false, Serving = false },
            _ => throw new ArgumentException(word),
        }).ToSeq(),
    };

    public MeaningSample WithConfig(Func<ProxyConfig, ProxyConfig> change) =>
        this with { Node = Node with { Config = change(Node.Config) } };

    public MeaningSample WithoutDetector() => WithConfig(config => config with { ClusterCidrs = [] });

    public MeaningSample MasqueradeAll() =>
        WithConfig(config => config with { Iptables = config.Iptables with { MasqueradeAll = true } });

    /// <summary>
    /// The allowed outcomes in the short form of §3.11: endpoints by letter (L, R, and l, r for terminating ones), then
    /// <c>+M</c> when they are masqueraded; or reject, drop, untouched.
    /// </summary>
    /// <param name="source">pod, node, localhost, vip, external, or an address of the outside.</param>
    /// <param name="frontend">ClusterIP, externalIP, VIP, NodePort, localhost (NodePort on 127.0.0.1), or ADDRESS:PORT.</param>
    public string Meets(string source, string frontend)
    {
        var to = frontend switch
        {
            "ClusterIP" => "10.96.0.10:80",
            "externalIP" => "198.51.100.1:80",
            "VIP" => "203.0.113.1:80",
            "NodePort" => "192.168.77.2:30080",
            "localhost" => "127.0.0.1:30080",
            _ => frontend,
        };
        (string, string?) from = source switch
        {
            "pod" => ("10.64.0.77", "cni0"),
            "node" => ("192.168.77.2", null),
            "localhost" => ("127.0.0.1", null),
            "vip" => ("203.0.113.1", null),
            "external" => ("172.16.0.9", "eth0"),
            _ => (source, "eth0"),
        };
        var destination = Endpoint.Parse(to);
        var flow = new Flow(
            Ip.Parse(from.Item1), new Port(40000), Protocol.Tcp, destination.Address, destination.Port, from.Item2);
        return Short(Meaning.Of(Cluster, Node, flow));
    }

    private static string Short(Expectation expectation)
    {
        if (expectation.Outcomes[0] is not Outcome.Translated) return expectation.Outcomes.Single().ToString()!;
        var translated = expectation.Outcomes.Cast<Outcome.Translated>().ToArray();
        var letters = string.Concat(translated.Select(one => Letter(one.To.ToString())));
        return translated.All(one => one.SourceNat) ? letters + "+M"
            : translated.Any(one => one.SourceNat) ? throw new InvalidOperationException($"mixed: {expectation}")
            : letters;
    }

    private static string Letter(string endpoint) => endpoint switch
    {
        Local => "L",
        Remote => "R",
        LocalTerminating => "l",
        RemoteTerminating => "r",
        _ => endpoint,
    };

    private static SliceEndpoint ReadyOn(string ip, string node) =>
        new(Ip.Parse(ip), Ready: true, Serving: true, Terminating: false, node, [], [], default);
}
