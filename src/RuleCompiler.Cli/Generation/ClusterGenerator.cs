using System.Globalization;
using System.Numerics;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Generation;

/// <summary>
/// Synthetic clusters: the same for the same settings, on any machine. About as mixed as clusters that people run: most
/// Services are plain, and every feature that is switched on is met by some.
/// </summary>
internal sealed class ClusterGenerator
{
    private readonly GeneratorSettings _settings;
    private readonly SeededRandom _random;
    private int _nextNodePort = FirstNodePort;
    private int _nextPod;

    private ClusterGenerator(GeneratorSettings settings)
    {
        _settings = settings;
        _random = new SeededRandom(settings.Seed);
    }

    public static ClusterState Generate(GeneratorSettings settings) => new ClusterGenerator(settings).Cluster();

    private ClusterState Cluster()
    {
        var services = new List<Service>(_settings.Services);
        var slices = new List<EndpointSlice>(_settings.Services);
        for (var i = 0; i < _settings.Services; i++)
        {
            var service = ServiceAt(i);
            services.Add(service);
            slices.AddRange(SlicesOf(service));
        }

        var cidrs = Has(Features.DualStack) ? new[] { ServiceRange4, ServiceRange6 } : [ServiceRange4];
        return new ClusterState(
            services.ToSortedSeq(), slices.ToSortedSeq(),
            Enumerable.Range(0, _settings.Nodes).Select(NodeAt).ToSortedSeq(),
            [new ServiceCidr("kubernetes", cidrs.ToSeq(), default)]);
    }

    private Node NodeAt(int index)
    {
        var families = Families(isDual: Has(Features.DualStack));
        return new Node(
            Text($"node-{index}"), ZoneOf(index), families.Select(family => PodRange(index, family)).ToSeq(),
            Addresses(families, NodeRange4, NodeRange6, index + 1), default);
    }

    private Service ServiceAt(int index)
    {
        var isDual = Has(Features.DualStack) && Chance(25);
        var families = Families(isDual);
        var type = TypeOf();
        var isOpen = type != ServiceType.ClusterIp;
        var external = !isOpen && Has(Features.ExternalIps) && Chance(5)
            ? Addresses(families, ExternalRange4, ExternalRange6, index + 1)
            : [];
        var isLocal = (isOpen || !external.IsEmpty) && Has(Features.LocalPolicies) && Chance(40);
        var isBalanced = type == ServiceType.LoadBalancer;
        var ports = PortsOf(isOpen);
        return new Service(
            new ObjectName(
                Text($"team-{index % NamespaceCount}"), Text($"{Words[_random.Next() % (uint)Words.Length]}-{index}")),
            type,
            Addresses(families, ServiceRange4, ServiceRange6, index + FirstClusterIp),
            external,
            isBalanced ? Addresses(families, BalancerRange4, BalancerRange6, index + 1) : [],
            isBalanced && Has(Features.SourceRanges) && Chance(20) ? SourceRanges : [],
            ports,
            Has(Features.LocalPolicies) && Chance(5) ? TrafficPolicy.Local : TrafficPolicy.Cluster,
            isLocal ? TrafficPolicy.Local : TrafficPolicy.Cluster,
            Has(Features.Affinity) && Chance(5) ? DefaultAffinitySeconds : null,
            isBalanced && isLocal ? NextNodePort() : null,
            FirstCreation.AddSeconds(index),
            [],
            default);
    }

    private ServiceType TypeOf()
    {
        // Two ports for the Service and one for its health check may be taken.
        if (_nextNodePort > LastNodePort - 3) return ServiceType.ClusterIp;
        var roll = _random.Next() % 100;
        return roll switch
        {
            < 5 when Has(Features.LoadBalancers) => ServiceType.LoadBalancer,
            < 15 when Has(Features.NodePorts) => ServiceType.NodePort,
            _ => ServiceType.ClusterIp,
        };
    }

    private Seq<ServicePortSpec> PortsOf(bool isOpen)
    {
        var protocol =
            Has(Features.Udp) && Chance(8) ? Protocol.Udp :
            Has(Features.Sctp) && Chance(2) ? Protocol.Sctp :
            Protocol.Tcp;
        var first = new ServicePortSpec("", protocol, new Port(80), NextIfOpen(), default);
        return Has(Features.ManyPorts) && Chance(15)
            ? [first with { Name = "main" }, new("metrics", Protocol.Tcp, new Port(9090), NextIfOpen(), default)]
            : [first];

        Port? NextIfOpen() => isOpen ? NextNodePort() : null;
    }

    /// <summary>
    /// At most a hundred endpoints a slice, as the controller makes them (maxEndpointsPerSlice's default).
    /// </summary>
    private IEnumerable<EndpointSlice> SlicesOf(Service service)
    {
        var count = Has(Features.Empty) && Chance(3) ? 0 : _settings.Endpoints;
        var hasHints = Has(Features.Hints) && Chance(10);
        var firstPod = _nextPod;
        _nextPod += count;
        var states = Enumerable.Range(0, count).Select(_ => ConditionsOf()).ToList();
        var ports = service.Ports.Select(SlicePortOf).ToSeq();
        foreach (var family in service.ClusterIps.Select(ip => ip.Family))
        {
            for (var start = 0; start == 0 || start < count; start += EndpointsPerSlice)
            {
                var name = Text($"{service.Name.Name}-{Letter((int)family)}{start / EndpointsPerSlice}");
                var part = Enumerable.Range(start, Math.Min(EndpointsPerSlice, count - start));
                yield return new EndpointSlice(
                    service.Name with { Name = name },
                    service.Name.Name, family, ports,
                    part.Select(i => EndpointAt(firstPod + i, service.Name, i, family, states[i], hasHints)).ToSeq(),
                    default);
            }
        }
    }

    private SliceEndpoint EndpointAt(
        int pod, ObjectName service, int index, Family family, (bool Ready, bool Terminating) conditions, bool hasHints)
    {
        var node = pod % _settings.Nodes;
        return new SliceEndpoint(
            At(PodRange(node, family), (pod / _settings.Nodes) + 2), conditions.Ready,
            conditions.Ready || conditions.Terminating,
            conditions.Terminating, Text($"node-{node}"), hasHints ? [ZoneOf(node)] : [], [], default)
        {
            Pod = new ObjectName(service.Namespace, Text($"{service.Name}-{index}")),
        };
    }

    private (bool Ready, bool Terminating) ConditionsOf()
    {
        if (!Has(Features.Terminating)) return (Ready: true, Terminating: false);
        return (_random.Next() % 100) switch
        {
            < 3 => (Ready: false, Terminating: true),
            < 6 => (Ready: false, Terminating: false),
            _ => (Ready: true, Terminating: false),
        };
    }

    private bool Has(Features feature) => _settings.Features.HasFlag(feature);

    private bool Chance(uint percent) => _random.Next() % 100 < percent;

    private Port NextNodePort() => new((ushort)_nextNodePort++);

    /// <summary>Each node has an equal part of the pods' range.</summary>
    private Prefix PodRange(int node, Family family)
    {
        var (range, hostBits) = family == Family.Ipv4
            ? (PodRange4, 32 - PodRange4.Length - NodeBits)
            : (PodRange6, 64);
        return Prefix.Create(At(range, (UInt128)node << hostBits), family.AddressBits() - hostBits);
    }

    private int NodeBits => BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)_settings.Nodes));

    private static SlicePort SlicePortOf(ServicePortSpec port) =>
        new(port.Name, port.Protocol, new Port((ushort)(port.Port.Value + 8000)));

    private static Seq<Ip> Addresses(Seq<Family> families, Prefix range4, Prefix range6, int offset) =>
        families.Select(family => At(family == Family.Ipv4 ? range4 : range6, offset)).ToSeq();

    private static string ZoneOf(int node) => Text($"zone-{Letter(node % 3)}");

    private static char Letter(int index) => (char)('a' + index);

    private static Seq<Family> Families(bool isDual) => isDual ? [Family.Ipv4, Family.Ipv6] : [Family.Ipv4];

    private static Ip At(Prefix range, UInt128 offset) => Ip.Create(range.Family, range.Network.Bits + offset);

    private static Ip At(Prefix range, int offset) => At(range, (UInt128)offset);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // Ranges are RFC 1918, RFC 4193, RFC 2544 and RFC 3849; none overlaps another.
    private static readonly Prefix ServiceRange4 = Prefix.Parse("10.96.0.0/12");
    private static readonly Prefix ServiceRange6 = Prefix.Parse("fd00:10:96::/108");
    private static readonly Prefix PodRange4 = Prefix.Parse("10.128.0.0/9");
    private static readonly Prefix PodRange6 = Prefix.Parse("fd00:10:128::/48");
    private static readonly Prefix NodeRange4 = Prefix.Parse("172.16.0.0/16");
    private static readonly Prefix NodeRange6 = Prefix.Parse("fd00:172:16::/64");
    private static readonly Prefix BalancerRange4 = Prefix.Parse("198.18.0.0/16");
    private static readonly Prefix BalancerRange6 = Prefix.Parse("2001:db8:18::/64");
    private static readonly Prefix ExternalRange4 = Prefix.Parse("198.19.0.0/16");
    private static readonly Prefix ExternalRange6 = Prefix.Parse("2001:db8:19::/64");
    private static readonly Seq<Prefix> SourceRanges =
        [Prefix.Parse("203.0.113.0/24"), Prefix.Parse("2001:db8:113::/48")];

    private static readonly string[] Words =
    [
        "api", "auth", "cache", "cart", "catalog", "checkout", "events", "gateway", "ledger", "mail", "search", "users",
    ];

    private static readonly DateTimeOffset FirstCreation = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // The API server's default --service-node-port-range.
    private const int FirstNodePort = 30000;
    private const int LastNodePort = 32767;

    /// <summary>The range's first addresses belong to the API server and DNS by custom.</summary>
    private const int FirstClusterIp = 16;

    private const int NamespaceCount = 8;
    private const int EndpointsPerSlice = 100;
    private const int DefaultAffinitySeconds = 10_800;
}
