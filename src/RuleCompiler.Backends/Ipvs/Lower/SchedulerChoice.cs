using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>
/// The scheduler of a Service: its annotation, else the node's configuration, else rr. kube-proxy knows no annotation
/// (README.md).
/// </summary>
internal sealed class SchedulerChoice
{
    private readonly Scheduler _default;
    private readonly List<Diagnostic> _diagnostics = [];
    private ObjectName? _reported;

    public SchedulerChoice(string configured)
    {
        if (configured.Length == 0 || IpvsBackend.TryParseScheduler(configured, out _default)) return;
        _default = Scheduler.Rr;
        _diagnostics.Add(Unknown(default, "ipvs.scheduler of the proxy's configuration", configured, _default));
    }

    public Seq<Diagnostic> Diagnostics => _diagnostics.ToSeq();

    public Scheduler Of(ServicePort servicePort)
    {
        if (ValueOf(servicePort.Annotations) is not { } annotation) return _default;
        if (IpvsBackend.TryParseScheduler(annotation.Value, out var scheduler)) return scheduler;
        if (_reported != servicePort.Name.Service)
        {
            // Once for a Service, whose ports follow one another.
            _reported = servicePort.Name.Service;
            _diagnostics.Add(Unknown(
                servicePort.Location, $"annotation {annotation.Key} of Service {servicePort.Name.Service}",
                annotation.Value, _default));
        }

        return _default;
    }

    private static Annotation? ValueOf(Seq<Annotation> annotations)
    {
        Annotation? found = null;
        foreach (var annotation in annotations)
        {
            if (annotation.Key == ServiceAnnotations.IpvsScheduler) return annotation;
            if (annotation.Key == ServiceAnnotations.MasqueradeAware) found = annotation;
        }

        return found;
    }

    private static Diagnostic Unknown(Location location, string where, string found, Scheduler instead) => new(
        DiagnosticCatalog.SchedulerUnknown, location,
        $"found '{found}' as {where}, expected one of {string.Join(", ", IpvsBackend.SchedulerNames)}; " +
        $"{IpvsBackend.NameOf(instead)} is used instead",
        "correct the name, or remove it");
}
