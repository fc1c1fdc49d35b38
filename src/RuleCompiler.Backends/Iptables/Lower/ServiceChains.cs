using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>The chains of one service-port while it is lowered: which are in use, and how they are called.</summary>
/// <param name="shadows">
/// One of its addresses has the port of some NodePort. Where that address is one of the node's own, the NodePort would
/// take what the service-port refuses, so such packets leave the table with ACCEPT and meet their refusal in filter.
/// </param>
internal sealed class ServiceChains(ServicePort servicePort, bool shadows)
{
    private readonly string _hash = Names.HashOf(servicePort.Name);
    private readonly List<Rule> _clusterMarks = [];
    private readonly List<Rule> _localMarks = [];
    private readonly Dictionary<Endpoint, string> _endpoints = [];
    private readonly List<Verdicts> _external = [];
    private readonly List<(Verdicts Verdicts, Seq<Prefix> Allowed)> _firewalls = [];

    public ServicePort ServicePort { get; } = servicePort;

    /// <summary>ns/name:port, for comments.</summary>
    public string Name { get; } = servicePort.Name.ToString();

    public Protocol Protocol => ServicePort.Name.Protocol;

    public bool Shadows { get; } = shadows;

    public bool UsesCluster { get; private set; }

    public bool UsesLocal { get; private set; }

    /// <summary>Rules in front of a set's choice of endpoints.</summary>
    public List<Rule> MarkRules(EndpointSet set) => set switch
    {
        EndpointSet.Cluster => _clusterMarks,
        EndpointSet.Local => _localMarks,
    };

    public string Chain(EndpointSet set) => set switch
    {
        EndpointSet.Cluster => Names.ClusterPrefix + _hash,
        EndpointSet.Local => Names.LocalPrefix + _hash,
    };

    /// <summary>The set's chain, which will be made.</summary>
    public string Use(EndpointSet set)
    {
        if (set == EndpointSet.Cluster) UsesCluster = true;
        else UsesLocal = true;
        return Chain(set);
    }

    /// <summary>
    /// The chain that carries out verdicts for external frontends; <c>IsNew</c> when it is to be filled.
    /// </summary>
    public (string Chain, bool IsNew) External(Verdicts verdicts)
    {
        var (variant, isNew) = IndexOf(_external, verdicts);
        return (Names.Variant(Names.ExternalPrefix + _hash, variant), isNew);
    }

    /// <summary>The chain that asks for the source first.</summary>
    public (string Chain, bool IsNew) Firewall(Verdicts verdicts, Seq<Prefix> allowed)
    {
        var (variant, isNew) = IndexOf(_firewalls, (verdicts, allowed));
        return (Names.Variant(Names.FirewallPrefix + _hash, variant), isNew);
    }

    /// <summary>The chain of an endpoint, only for session affinity; false when it is there already.</summary>
    public bool TryAddEndpoint(Endpoint endpoint, out string chain)
    {
        if (_endpoints.TryGetValue(endpoint, out chain!)) return false;
        _endpoints[endpoint] = chain = Names.Endpoint(ServicePort.Name, endpoint);
        return true;
    }

    public string EndpointChain(Endpoint endpoint) => _endpoints[endpoint];

    private static (int Index, bool IsNew) IndexOf<T>(List<T> list, T item)
    {
        if (list.IndexOf(item) is var index and >= 0) return (index, false);
        list.Add(item);
        return (list.Count - 1, true);
    }
}
