using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>What some service-ports ask for; nothing in it follows from other service-ports.</summary>
internal sealed class ServicePortClaims(ServiceGraph graph)
{
    private readonly Family _family = graph.Family;
    private readonly NodeFacts _node = graph.Node;
    private readonly Seq<Ip> _nodePortAddresses = NodePortAddresses(graph);
    private readonly SchedulerChoice _schedulers = new(graph.Node.Config.Ipvs.Scheduler);
    private readonly List<ServerClaim> _claims = [];
    private readonly List<Ip> _localEndpoints = [];
    private readonly List<Noted<ServicePortName>> _notes = [];

    public IReadOnlyCollection<ServerClaim> Claims => _claims;

    public IReadOnlyCollection<Ip> LocalEndpoints => _localEndpoints;

    public IReadOnlyCollection<Noted<ServicePortName>> Notes => _notes;

    public void Add(ServicePort servicePort)
    {
        foreach (var candidate in servicePort.Candidates)
        {
            if (candidate.IsLocal) _localEndpoints.Add(candidate.Endpoint.Address);
        }

        if (_schedulers.NoteOf(servicePort) is { } note) _notes.Add(new(servicePort.Name, [note]));
        foreach (var frontend in servicePort.Frontends)
        {
            if (frontend.Address is { } address)
                AddFrontend(servicePort, frontend, address);
            else
                AddNodePort(servicePort, frontend);
        }
    }

    /// <summary>Without the addresses that NodePorts are never on (service-semantics §3.2, §3.3).</summary>
    public static Seq<Ip> NodePortAddresses(ServiceGraph graph)
    {
        var scope = graph.NodePorts is NodePortScope.Listed listed ? listed.Addresses : graph.Node.Addresses;
        return scope
            .Where(address => address.Family == graph.Family && !address.IsLoopback)
            .Where(address => graph.Family == Family.Ipv4 || !address.IsLinkLocal)
            .Distinct().Order().ToSeq();
    }

    private void AddFrontend(ServicePort servicePort, Frontend frontend, Ip address)
    {
        var key = new ServerKey(address, servicePort.Name.Protocol, frontend.Port);
        var entry = EntryOf(key);
        List<SetMember> members = [.. SetsOf(frontend).Select(set => new SetMember(set, entry))];
        if (RefusalOf(frontend) is { } refusal) members.Add(new(refusal, entry));
        if (frontend.AllowedSources is { } sources) AddSources(servicePort, entry, sources, members);
        _claims.Add(new ServerClaim(
            ServerOf(servicePort, frontend, key), OnNodePort: false, _node.IsLocal(address) ? null : address,
            members.ToSeq()));
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
        var ports = Names.NodePorts(protocol);
        foreach (var address in _nodePortAddresses)
        {
            var key = new ServerKey(address, protocol, frontend.Port);
            var entry = ports.Type == IpSetType.BitmapPort ? EntryOf(frontend.Port) : EntryOf(key);
            List<SetMember> members = [new(ports, entry)];
            if (IsLocal(frontend.Verdicts)) members.Add(new(Names.LocalNodePorts(protocol), entry));
            if (RefusalOf(frontend) is { } refusal) members.Add(new(refusal, EntryOf(key)));
            _claims.Add(new ServerClaim(
                ServerOf(servicePort, frontend, key), OnNodePort: true, Binds: null, members.ToSeq()));
        }
    }

    private VirtualServer ServerOf(ServicePort servicePort, Frontend frontend, ServerKey key)
    {
        var scheduler = _schedulers.Of(servicePort);
        return new VirtualServer(
            key.Address, key.Protocol, key.Port, scheduler,
            scheduler == Scheduler.Mh ? SchedulerFlags.Port : SchedulerFlags.None, servicePort.AffinityTimeoutSeconds,
            EndpointsOf(servicePort, frontend.Verdicts)
                .Select(endpoint => new RealServer(endpoint, IpvsBackend.WeightDefault)).ToSeq());
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

    private static SetName? RefusalOf(Frontend frontend) => frontend.Verdicts switch
    {
        { External: Verdict.Drop, Node: Verdict.Drop } => Names.DropAll,
        { External: Verdict.Drop } => Names.DropExternal,
        _ => null,
    };

    private void AddSources(ServicePort servicePort, IpSetEntry frontend, Seq<Prefix> sources, List<SetMember> members)
    {
        members.Add(new(Names.LoadBalancerFirewall, frontend));
        foreach (var source in sources)
        {
            // Where the node is admitted, so are the Service's own addresses, which it then has as its source (§3.4).
            var own = source.Length == _family.AddressBits() && servicePort.Frontends.Any(other =>
                other.Kind == FrontendKind.LoadBalancerIp && other.Address == source.Network);
            var set = own ? Names.LoadBalancerSourceIp : Names.LoadBalancerSourceCidr;
            members.Add(new(set, frontend with { Third = source }));
        }
    }

    private static IpSetEntry EntryOf(Port port) => new(null, null, port, null);

    private static IpSetEntry EntryOf(ServerKey key) => new(key.Address, key.Protocol, key.Port, null);
}
