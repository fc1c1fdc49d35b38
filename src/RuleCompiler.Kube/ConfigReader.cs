using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Config;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube;

/// <summary>Reads a KubeProxyConfiguration as kube-proxy 1.36 does (service-semantics §10).</summary>
public static class ConfigReader
{
    private const string Kind = "KubeProxyConfiguration";
    private const string ApiVersion = "kubeproxy.config.k8s.io/v1alpha1";

    /// <summary>
    /// The first KubeProxyConfiguration of the file; other documents, such as kubeadm's, are passed over. A wrong field
    /// is
    /// reported and has its default in the result. All sections are validated, whatever the mode is, since a command
    /// line may
    /// choose another mode.
    /// </summary>
    public static (ProxyConfig Config, Seq<Diagnostic> Diagnostics) Read(InputFile file)
    {
        var report = new Report(file.Path, new StringPool());
        ProxyConfig? config = null;
        if (SourceBytes.TryNormalize(file.Content, report, out var utf8))
        {
            var tokens = ClusterReader.TokensOf(utf8, report);
            new DocumentReader(tokens, report, DiagnosticCatalog.DuplicateConfigField).ReadAll(found =>
            {
                if (found is { Kind: Kind, ApiVersion: ApiVersion }) config ??= ProxyConfigReader.Read(found.Value);
            });
        }

        if (config is null && report.Errors == 0)
        {
            report.Add(DiagnosticCatalog.NotProxyConfiguration, 0, 0,
                $"found no object of kind {Kind} and apiVersion {ApiVersion}, expected one",
                "dump it with: kubectl -n kube-system get configmap kube-proxy -o jsonpath='{.data.config\\.conf}'");
        }

        return (config ?? new ProxyConfig(), report.Diagnostics.ToSeq());
    }
}
