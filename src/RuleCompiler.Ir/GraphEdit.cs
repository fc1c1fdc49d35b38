using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// From one cluster's graph to another's: what the changed Services had goes, what they have comes. A graph from
/// scratch is the same with an empty cluster before it.
/// </summary>
internal sealed class GraphEdit(BuiltGraph? previous, ClusterState cluster, ServicePortFactory factory)
{
    private readonly ClusterState _before = previous?.Cluster ?? ClusterState.Empty;
    private readonly UnsettledPorts _unsettled = previous?.Unsettled ?? UnsettledPorts.None;
    private readonly List<ServicePort> _gone = [], _come = [];
    private readonly List<FrontendClaim> _goneClaims = [], _comeClaims = [];
    private readonly List<Ip> _goneIps = [], _comeIps = [];
    private readonly List<HealthCheckPort> _goneChecks = [], _comeChecks = [];
    private readonly List<Noted<ObjectName>> _goneNotes = [], _comeNotes = [];

    /// <param name="isNodeNew">
    /// The node's facts are others than the previous graph's: every Service may have changed.
    /// </param>
    public void Rebuild(bool isNodeNew)
    {
        foreach (var name in isNodeNew ? AllServices() : ChangedServices())
        {
            if (_before.FindService(name) is { } old && factory.Serves(old)) Remove(old);
            if (cluster.FindService(name) is { } service && factory.Serves(service)) Add(service);
        }
    }

    public SortedSeq<HealthCheckPort> HealthChecks =>
        (previous?.Graph.HealthChecks ?? []).Update(_goneChecks, _comeChecks);

    /// <summary>Every address, protocol and port has one owner now.</summary>
    public (SortedSeq<ServicePort> Settled, UnsettledPorts Unsettled) Settle()
    {
        var unsettled = _unsettled with
        {
            ServicePorts = _unsettled.ServicePorts.Update(_gone, _come),
            Claims = _unsettled.Claims.Update(_goneClaims, _comeClaims),
            ClusterIps = _unsettled.ClusterIps.Update(_goneIps, _comeIps),
            OfServices = _unsettled.OfServices.Update(_goneNotes, _comeNotes),
        };
        var before = previous?.Graph.ServicePorts ?? [];
        List<ServicePort> gone = [], come = [];
        List<Noted<ServicePortName>> goneNotes = [], comeNotes = [];
        foreach (var name in Contested(unsettled))
        {
            if (before.Find(name) is { } old) gone.Add(old);
            if (_unsettled.OfCollisions.TryFind(new(name, []), out var oldNote)) goneNotes.Add(oldNote);
            if (unsettled.ServicePorts.Find(name) is not { } unsettledPort) continue;
            var diagnostics = new List<Diagnostic>();
            come.Add(FrontendCollisions.Settle(unsettledPort, unsettled, diagnostics));
            if (diagnostics.Count > 0) comeNotes.Add(new(name, diagnostics.ToSeq()));
        }

        return (
            before.Update(gone, come),
            unsettled with { OfCollisions = unsettled.OfCollisions.Update(goneNotes, comeNotes) });
    }

    /// <summary>Of every Service that is or was.</summary>
    private IEnumerable<ObjectName> AllServices() =>
        _before.Services.Select(service => service.Name).Union(cluster.Services.Select(service => service.Name));

    /// <summary>Of those whose object or one of whose slices is another.</summary>
    private HashSet<ObjectName> ChangedServices()
    {
        var services = _before.Services.ChangesTo(cluster.Services);
        var slices = _before.EndpointSlices.ChangesTo(cluster.EndpointSlices);
        return
        [
            .. services.Removed.Select(service => service.Name), .. services.Added.Select(service => service.Name),
            .. slices.Removed.Select(slice => slice.Service), .. slices.Added.Select(slice => slice.Service),
        ];
    }

    private void Remove(Service service)
    {
        foreach (var servicePort in _unsettled.ServicePorts.Of(service.Name))
        {
            _gone.Add(servicePort);
            _goneClaims.AddRange(FrontendClaim.Of(servicePort, service));
        }

        if (_unsettled.OfServices.TryFind(new(service.Name, []), out var note)) _goneNotes.Add(note);
        if (!service.Ports.IsEmpty) _goneIps.Add(factory.ClusterIpOf(service));
        if (service.HealthCheckNodePort is { } port) _goneChecks.Add(new HealthCheckPort(service.Name, port));
    }

    private void Add(Service service)
    {
        var diagnostics = new List<Diagnostic>();
        foreach (var servicePort in factory.Build(service, cluster.SlicesOf(service.Name), diagnostics))
        {
            _come.Add(servicePort);
            _comeClaims.AddRange(FrontendClaim.Of(servicePort, service));
        }

        if (diagnostics.Count > 0) _comeNotes.Add(new(service.Name, diagnostics.ToSeq()));
        if (!service.Ports.IsEmpty) _comeIps.Add(factory.ClusterIpOf(service));
        if (service.HealthCheckNodePort is { } port) _comeChecks.Add(new HealthCheckPort(service.Name, port));
    }

    /// <summary>
    /// Service-ports that changed themselves, and those that claim what one of them claims or claimed. Also where the
    /// claims stay as they are: a loser's diagnostic has the owner's place.
    /// </summary>
    private IEnumerable<ServicePortName> Contested(UnsettledPorts unsettled)
    {
        if (previous is null) return unsettled.ServicePorts.Select(servicePort => servicePort.Name);
        return _gone.Concat(_come).Select(servicePort => servicePort.Name)
            .Concat(_goneClaims.Concat(_comeClaims)
                .SelectMany(claim => FrontendCollisions.ClaimsOn(claim, unsettled)).Select(claim => claim.Owner))
            .Distinct();
    }
}
