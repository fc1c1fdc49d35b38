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

    public SchedulerChoice(string configured)
    {
        if (configured.Length == 0 || IpvsBackend.TryParseScheduler(configured, out _default)) return;
        _default = Scheduler.Rr;
        Diagnostics = [Unknown(default, "ipvs.scheduler of the proxy's configuration", configured, _default)];
    }

    /// <summary>Of the configuration.</summary>
    public Seq<Diagnostic> Diagnostics { get; } = [];

    public Scheduler Of(ServicePort servicePort) =>
        ValueOf(servicePort.Annotations) is { } annotation &&
        IpvsBackend.TryParseScheduler(annotation.Value, out var scheduler)
            ? scheduler
            : _default;

    /// <summary>What is wrong with the Service's annotation; null: nothing, or it has none.</summary>
    public Diagnostic? NoteOf(ServicePort servicePort) =>
        ValueOf(servicePort.Annotations) is { } annotation && !IpvsBackend.TryParseScheduler(annotation.Value, out _)
            ? Unknown(
                servicePort.Location, $"annotation {annotation.Key} of Service {servicePort.Name.Service}",
                annotation.Value, _default)
            : null;

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
