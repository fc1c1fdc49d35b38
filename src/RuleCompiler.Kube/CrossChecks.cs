using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube;

/// <summary>
/// What objects say about each other: names that miss each other are the usual reason for a Service that refuses.
/// </summary>
internal static class CrossChecks
{
    public static List<Diagnostic> Run(Shelf<ObjectName, Service> services, Shelf<ObjectName, EndpointSlice> slices)
    {
        if (services.IsEmpty)
        {
            return [new Diagnostic(DiagnosticCatalog.NoServices, default,
                "found no Service, expected at least one", "dump them with: kubectl get services -A -o yaml")];
        }

        if (slices.IsEmpty)
        {
            return [new Diagnostic(DiagnosticCatalog.NoEndpointSlices, default,
                "found no EndpointSlice, expected those of the Services",
                "dump them with: kubectl get endpointslices -A -o yaml")];
        }

        var findings = new List<Diagnostic>();
        var byService = slices.Objects.ToLookup(slice => new ObjectName(slice.Name.Namespace, slice.ServiceName));
        foreach (var service in services.Objects)
        {
            CheckService(service, [.. byService[service.Name]], findings);
        }

        foreach (var slice in slices.Objects)
        {
            if (services.Knows(new ObjectName(slice.Name.Namespace, slice.ServiceName))) continue;
            findings.Add(new Diagnostic(DiagnosticCatalog.SliceWithoutService, slice.Location,
                $"found EndpointSlice {slice.Name} of Service {Words.Quote(slice.ServiceName)}, " +
                $"expected that Service in namespace {slice.Name.Namespace}",
                "add the Service, or correct the label kubernetes.io/service-name"));
        }

        return findings;
    }

    private static void CheckService(Service service, EndpointSlice[] slices, List<Diagnostic> findings)
    {
        if (slices.Length == 0)
        {
            findings.Add(new Diagnostic(DiagnosticCatalog.ServiceWithoutSlices, service.Location,
                $"found no EndpointSlice of Service {service.Name}, expected at least one",
                $"add one with label kubernetes.io/service-name: {service.Name.Name}"));
            return;
        }

        var filled = Array.FindAll(slices, slice => !slice.Endpoints.IsEmpty);
        if (filled.Length == 0) return;
        foreach (var port in service.Ports)
        {
            if (!Array.Exists(filled, slice => Offers(slice, port))) findings.Add(PortMissing(service, port, filled));
        }

        foreach (var slice in filled)
        {
            foreach (var port in slice.Ports)
            {
                if (!IsUsed(port, service)) findings.Add(PortUnused(service, port, slice));
            }
        }
    }

    private static bool Offers(EndpointSlice slice, ServicePortSpec port)
    {
        foreach (var offered in slice.Ports)
        {
            if (offered.Name == port.Name && offered.Protocol == port.Protocol) return true;
        }

        return false;
    }

    private static bool IsUsed(SlicePort offered, Service service)
    {
        foreach (var port in service.Ports)
        {
            if (offered.Name == port.Name && offered.Protocol == port.Protocol) return true;
        }

        return false;
    }

    private static Diagnostic PortMissing(Service service, ServicePortSpec port, EndpointSlice[] slices)
    {
        var offered = slices.SelectMany(slice => slice.Ports).Distinct()
            .Select(other => $"{Words.Quote(other.Name)} ({other.Protocol.KernelName()} {other.Port})").ToList();
        return new Diagnostic(DiagnosticCatalog.PortNotInSlices, port.Location,
            $"found no port {Words.Quote(port.Name)} ({port.Protocol.KernelName()}) " +
            $"of Service {service.Name} in its EndpointSlices, " +
            $"which have {(offered.Count == 0 ? "none" : Words.List(offered))}, expected the same name and protocol",
            "rename either one; until then connections to this port are refused");
    }

    private static Diagnostic PortUnused(Service service, SlicePort port, EndpointSlice slice) =>
        new(DiagnosticCatalog.SlicePortUnused, slice.Location,
            $"found port {Words.Quote(port.Name)} ({port.Protocol.KernelName()} {port.Port}) " +
            $"in EndpointSlice {slice.Name}, " +
            $"expected a port that Service {service.Name} has",
            "rename either one; nothing is sent to this port");
}
