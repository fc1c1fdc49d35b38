using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// Gives every (address, protocol, port) one owner: the oldest Service, then the first by name (service-semantics
/// §3.10 leaves it to chance upstream). The loser's frontend is left out and reported.
/// </summary>
internal static class FrontendCollisions
{
    public static Seq<ServicePort> Resolve(
        List<ServicePort> servicePorts, Service[] services, List<HealthCheckPort> healthChecks, List<Diagnostic> diagnostics)
    {
        var created = services.ToDictionary(service => service.Name, service => service.CreationTimestamp ?? DateTimeOffset.MaxValue);
        var owners = new Dictionary<(Ip?, Protocol, Port), ServicePort>();
        foreach (var servicePort in servicePorts)
        {
            foreach (var frontend in servicePort.Frontends)
            {
                var key = KeyOf(servicePort, frontend);
                // servicePorts come in name order, so a later one wins only by age.
                if (!owners.TryGetValue(key, out var owner) ||
                    created[servicePort.Name.Service] < created[owner.Name.Service])
                    owners[key] = servicePort;
            }
        }

        foreach (var check in healthChecks)
        {
            if (owners.TryGetValue((null, Protocol.Tcp, check.Port), out var owner))
                diagnostics.Add(HealthCheckCollision(check, owner));
        }

        return servicePorts.Select(servicePort => Arbitrate(servicePort, owners, diagnostics)).ToSeq();
    }

    private static ServicePort Arbitrate(
        ServicePort servicePort, Dictionary<(Ip?, Protocol, Port), ServicePort> owners, List<Diagnostic> diagnostics)
    {
        List<Frontend>? kept = null;
        for (var i = 0; i < servicePort.Frontends.Count; i++)
        {
            var frontend = servicePort.Frontends[i];
            var owner = owners[KeyOf(servicePort, frontend)];
            var foreign = !ReferenceEquals(owner, servicePort);
            // One service-port may list an address twice, as external IP and load-balancer IP: the first kind serves.
            if (foreign || Repeats(servicePort.Frontends.Span[..i], frontend))
            {
                kept ??= [.. servicePort.Frontends.Take(i)];
                if (foreign) diagnostics.Add(Collision(servicePort, frontend, owner));
            }
            else
            {
                kept?.Add(frontend);
            }
        }

        return kept is null ? servicePort : servicePort with { Frontends = kept.ToSeq() };
    }

    private static (Ip?, Protocol, Port) KeyOf(ServicePort servicePort, Frontend frontend) =>
        (frontend.Address, servicePort.Name.Protocol, frontend.Port);

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
