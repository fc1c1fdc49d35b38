using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// A service-port asks for an address, protocol and port. Of several claims on one, the first is the oldest Service's,
/// then the first by name.
/// </summary>
/// <param name="Address">Null for a NodePort.</param>
/// <param name="Created">Of the Service; one without a time counts as the youngest.</param>
internal readonly record struct FrontendClaim(
    Ip? Address, Protocol Protocol, Port Port, DateTimeOffset Created, ServicePortName Owner) : IKeyed<FrontendClaim>
{
    /// <summary>An address that is listed twice is claimed once.</summary>
    public static IEnumerable<FrontendClaim> Of(ServicePort servicePort, Service service) => servicePort.Frontends
        .Select(frontend => new FrontendClaim(
            frontend.Address, servicePort.Name.Protocol, frontend.Port,
            service.CreationTimestamp ?? DateTimeOffset.MaxValue, servicePort.Name))
        .Distinct();

    public static int CompareKeys(FrontendClaim left, FrontendClaim right)
    {
        if (ComparePlaces(left, right) is var byPlace and not 0) return byPlace;
        if (left.Created.CompareTo(right.Created) is var byAge and not 0) return byAge;
        return left.Owner.CompareTo(right.Owner);
    }

    /// <summary>By address, protocol and port alone.</summary>
    public static int ComparePlaces(FrontendClaim left, FrontendClaim right)
    {
        if (Nullable.Compare(left.Address, right.Address) is var byAddress and not 0) return byAddress;
        if (left.Protocol.CompareTo(right.Protocol) is var byProtocol and not 0) return byProtocol;
        return left.Port.CompareTo(right.Port);
    }
}

/// <summary>
/// Gives every (address, protocol, port) one owner: the first claim on it (service-semantics §3.10 leaves it to chance
/// upstream). The loser's frontend is left out and reported.
/// </summary>
internal static class FrontendCollisions
{
    /// <summary>The claims on the place of this one, the owner's first.</summary>
    public static IEnumerable<FrontendClaim> ClaimsOn(FrontendClaim place, UnsettledPorts unsettled) =>
        unsettled.Claims.Range(claim => FrontendClaim.ComparePlaces(claim, place));

    /// <summary>The service-port with the frontends that it owns.</summary>
    public static ServicePort Settle(ServicePort servicePort, UnsettledPorts unsettled, List<Diagnostic> diagnostics)
    {
        List<Frontend>? kept = null;
        for (var i = 0; i < servicePort.Frontends.Count; i++)
        {
            var frontend = servicePort.Frontends[i];
            var owner = OwnerOf(frontend.Address, servicePort.Name.Protocol, frontend.Port, unsettled)!.Value;
            var foreign = owner != servicePort.Name;
            // One service-port may list an address twice, as external IP and load-balancer IP: the first kind serves.
            if (foreign || Repeats(servicePort.Frontends.Span[..i], frontend))
            {
                kept ??= [.. servicePort.Frontends.Take(i)];
                if (foreign) diagnostics.Add(Collision(servicePort, frontend, unsettled.ServicePorts.Find(owner)!));
            }
            else
            {
                kept?.Add(frontend);
            }
        }

        return kept is null ? servicePort : servicePort with { Frontends = kept.ToSeq() };
    }

    /// <summary>Health check ports that are also somebody's TCP NodePort.</summary>
    public static IEnumerable<Diagnostic> WithHealthChecks(
        SortedSeq<HealthCheckPort> healthChecks, UnsettledPorts unsettled)
    {
        foreach (var check in healthChecks)
        {
            if (OwnerOf(null, Protocol.Tcp, check.Port, unsettled) is { } owner)
                yield return HealthCheckCollision(check, unsettled.ServicePorts.Find(owner)!);
        }
    }

    private static ServicePortName? OwnerOf(Ip? address, Protocol protocol, Port port, UnsettledPorts unsettled)
    {
        var frontend = new FrontendClaim(address, protocol, port, default, default);
        foreach (var claim in ClaimsOn(frontend, unsettled)) return claim.Owner;
        return null;
    }

    private static bool Repeats(ReadOnlySpan<Frontend> earlier, Frontend frontend)
    {
        foreach (var other in earlier)
        {
            if (other.Address == frontend.Address && other.Port == frontend.Port) return true;
        }

        return false;
    }

    private static Diagnostic Collision(ServicePort loser, Frontend frontend, ServicePort owner)
    {
        var place = frontend.Address is { } ip ? new Endpoint(ip, frontend.Port).ToString() : $"NodePort {frontend.Port}";
        return new Diagnostic(
            DiagnosticCatalog.FrontendCollision, loser.Location,
            $"{place}/{loser.Name.Protocol.KernelName()} of Service {loser.Name} is already taken by Service {owner.Name} " +
            $"({owner.Location}), which is older or comes first by name; it is left out",
            "give one of them another address or port");
    }

    private static Diagnostic HealthCheckCollision(HealthCheckPort check, ServicePort owner) => new(
        DiagnosticCatalog.HealthCheckPortCollision, owner.Location,
        $"healthCheckNodePort {check.Port} of Service {check.Service} is also the TCP NodePort of Service {owner.Name}",
        "change one of them");
}
