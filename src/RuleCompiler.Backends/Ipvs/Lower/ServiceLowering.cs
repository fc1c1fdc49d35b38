using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>Collects virtual servers, addresses and entries of sets from the frontends of a graph.</summary>
internal sealed class ServiceLowering
{
    private readonly Family _family;
    private readonly NodeFacts _node;
    private readonly Seq<Ip> _nodePortAddresses;
    private readonly SchedulerChoice _schedulers;
    private readonly SortedDictionary<ServerKey, VirtualServer> _servers = [];
    private readonly Dictionary<SetName, SortedSet<IpSetEntry>> _entries = [];
    private readonly SortedSet<Ip> _addresses = [];
    private readonly HashSet<Ip> _localEndpoints = [];

    public ServiceLowering(ServiceGraph graph, NodeFacts node)
    {
        (_family, _node) = (graph.Family, node);
        _nodePortAddresses = NodePortAddresses(graph);
        _schedulers = new SchedulerChoice(node.Config.Ipvs.Scheduler);
        foreach (var set in Names.All) _entries.Add(set, []);
        foreach (var servicePort in graph.ServicePorts)
        {
            foreach (var candidate in servicePort.Candidates)
            {
                if (candidate.IsLocal) _localEndpoints.Add(candidate.Endpoint.Address);
            }
        }

        _addresses.UnionWith(graph.ClusterIps);

        // A frontend with an address of its own comes before the NodePort that has its number.
        foreach (var servicePort in graph.ServicePorts)
        {
            foreach (var frontend in servicePort.Frontends)
            {
                if (frontend.Address is { } address) AddFrontend(servicePort, frontend, address);
            }
        }

        foreach (var servicePort in graph.ServicePorts)
        {
            foreach (var frontend in servicePort.Frontends)
            {
                if (frontend.Address is null) AddNodePort(servicePort, frontend);
            }
        }

        AddHealthChecks(graph);
        foreach (var address in _nodePortAddresses) Entries(Names.NodePortIps).Add(new(address, null, null, null));
    }

    public Seq<Diagnostic> Diagnostics => _schedulers.Diagnostics;

    public Seq<Ip> Addresses() => _addresses.ToSeq();

    public Seq<VirtualServer> Servers() => _servers.Values.ToSeq();

    public Seq<IpSet> Sets(Seq<Ip> addresses)
    {
        Entries(Names.IpvsIps).UnionWith(addresses.Select(address => new IpSetEntry(address, null, null, null)));
        return _entries
            .Select(set => new IpSet(
                set.Key.In(_family), set.Key.Type, HashSizeOf(set.Key.Type),
                MaxElementsOf(set.Key.Type, set.Value.Count), set.Value.ToSeq()))
            .OrderBy(set => set.Name, StringComparer.Ordinal)
            .ToSeq();
    }

    /// <summary>kube-proxy's, which is the kernel's least too (service-semantics §6.5); the kernel grows it.</summary>
    private static int HashSizeOf(IpSetType type) => type == IpSetType.BitmapPort ? 0 : IpvsBackend.HashSizeDefault;

    /// <summary>
    /// kube-proxy's 65536 (service-semantics §6.5), beyond which its restore fails. A set with more entries gets four
    /// times the room, and again, so that it is seldom made anew.
    /// </summary>
    private static int MaxElementsOf(IpSetType type, int count)
    {
        if (type == IpSetType.BitmapPort) return 0;
        var room = IpvsBackend.MaxElementsDefault;
        while (room < count) room *= 4;
        return room;
    }

    /// <summary>Without the addresses that NodePorts are never on (service-semantics §3.2, §3.3).</summary>
    private Seq<Ip> NodePortAddresses(ServiceGraph graph)
    {
        var scope = graph.NodePorts is NodePortScope.Listed listed ? listed.Addresses : _node.Addresses;
        return scope
            .Where(address => address.Family == _family && !address.IsLoopback)
            .Where(address => _family == Family.Ipv4 || !address.IsLinkLocal)
            .Distinct().Order().ToSeq();
    }

    private void AddFrontend(ServicePort servicePort, Frontend frontend, Ip address)
    {
        var key = new ServerKey(address, servicePort.Name.Protocol, frontend.Port);
        if (!TryAddServer(servicePort, frontend, key)) return;
        if (!_node.IsLocal(address)) _addresses.Add(address);

        var entry = EntryOf(key);
        foreach (var set in SetsOf(frontend)) Entries(set).Add(entry);
        AddRefusals(frontend, key);
        if (frontend.AllowedSources is { } sources) AddSources(servicePort, entry, sources);
    }

    private static Seq<SetName> SetsOf(Frontend frontend)
    {
        var local = IsLocal(frontend.Verdicts);
        return frontend.Kind switch
        {
            FrontendKind.ClusterIp => [Names.ClusterIp],
            FrontendKind.ExternalIp => [local ? Names.ExternalIpLocal : Names.ExternalIp],
            FrontendKind.LoadBalancerIp when local => [Names.LoadBalancerSet, Names.LoadBalancerLocal],
            FrontendKind.LoadBalancerIp => [Names.LoadBalancerSet],
            FrontendKind.NodePort => throw new ArgumentOutOfRangeException(nameof(frontend)),
        };
    }

    /// <summary>One virtual server on each address; packets to others are the host's.</summary>
    private void AddNodePort(ServicePort servicePort, Frontend frontend)
    {
        var protocol = servicePort.Name.Protocol;
        var local = IsLocal(frontend.Verdicts);
        foreach (var address in _nodePortAddresses)
        {
            var key = new ServerKey(address, protocol, frontend.Port);
            if (!TryAddServer(servicePort, frontend, key)) continue;
            var ports = Names.NodePorts(protocol);
            var entry = ports.Type == IpSetType.BitmapPort ? EntryOf(frontend.Port) : EntryOf(key);
            Entries(ports).Add(entry);
            if (local) Entries(Names.LocalNodePorts(protocol)).Add(entry);
            AddRefusals(frontend, key);
        }
    }

    /// <summary>False where an earlier frontend has the key.</summary>
    private bool TryAddServer(ServicePort servicePort, Frontend frontend, ServerKey key)
    {
        if (_servers.ContainsKey(key)) return false;
        var scheduler = _schedulers.Of(servicePort);
        var flags = scheduler == Scheduler.Mh ? SchedulerFlags.Port : SchedulerFlags.None;
        var endpoints = EndpointsOf(servicePort, frontend.Verdicts);
        _servers.Add(key, new VirtualServer(
            key.Address, key.Protocol, key.Port, scheduler, flags, servicePort.AffinityTimeoutSeconds,
            endpoints.Select(endpoint => new RealServer(endpoint, IpvsBackend.WeightDefault)).ToSeq()));
        foreach (var endpoint in endpoints) AddHairpin(key.Protocol, endpoint);
        return true;
    }

    /// <summary>
    /// A virtual server has one set of real servers, whoever asks. In a graph for this mode all verdicts of a frontend
    /// agree; of another's the local set is taken, which no policy forbids.
    /// </summary>
    private static Seq<Endpoint> EndpointsOf(ServicePort servicePort, Verdicts verdicts)
    {
        var balanced = Balances(verdicts).Select(balance => (EndpointSet?)balance.Over).Max();
        return balanced is { } over ? servicePort.Set(over) : [];
    }

    /// <summary>Only the node's own packets are masqueraded, or others' are not let in at all: policy Local.</summary>
    private static bool IsLocal(Verdicts verdicts) =>
        verdicts.External is Verdict.Drop || Balances(verdicts).Any(balance => !balance.SourceNat);

    private static IEnumerable<Verdict.Balance> Balances(Verdicts verdicts) =>
        new[] { verdicts.LocalPod, verdicts.Node, verdicts.External }.OfType<Verdict.Balance>();

    private void AddRefusals(Frontend frontend, ServerKey key)
    {
        if (frontend.Verdicts is { External: Verdict.Drop, Node: Verdict.Drop })
            Entries(Names.DropAll).Add(EntryOf(key));
        else if (frontend.Verdicts.External is Verdict.Drop)
            Entries(Names.DropExternal).Add(EntryOf(key));
    }

    private void AddSources(ServicePort servicePort, IpSetEntry frontend, Seq<Prefix> sources)
    {
        Entries(Names.LoadBalancerFirewall).Add(frontend);
        foreach (var source in sources)
        {
            // Where the node is admitted, so are the Service's own addresses, which it then has as its source (§3.4).
            var own = source.Length == _family.AddressBits() && servicePort.Frontends.Any(other =>
                other.Kind == FrontendKind.LoadBalancerIp && other.Address == source.Network);
            var set = own ? Names.LoadBalancerSourceIp : Names.LoadBalancerSourceCidr;
            Entries(set).Add(frontend with { Third = source });
        }
    }

    /// <summary>An endpoint of this node that reaches itself would answer itself, past the node.</summary>
    private void AddHairpin(Protocol protocol, Endpoint endpoint)
    {
        if (!_localEndpoints.Contains(endpoint.Address)) return;
        Entries(Names.LoopBack).Add(new(endpoint.Address, protocol, endpoint.Port, Prefix.Host(endpoint.Address)));
    }

    /// <summary>A NodePort of the same number has the packets (RC3002).</summary>
    private void AddHealthChecks(ServiceGraph graph)
    {
        foreach (var check in graph.HealthChecks)
        {
            var entry = EntryOf(check.Port);
            if (!Entries(Names.NodePortTcp).Contains(entry)) Entries(Names.HealthCheck).Add(entry);
        }
    }

    private SortedSet<IpSetEntry> Entries(SetName set) => _entries[set];

    private static IpSetEntry EntryOf(Port port) => new(null, null, port, null);

    private static IpSetEntry EntryOf(ServerKey key) => new(key.Address, key.Protocol, key.Port, null);
}
