using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using RuleCompiler.Spec;

namespace RuleCompiler.Tests.Spec;

/// <summary>Scenarios of the checkout. Objects that are left out with an error (a collision, say) are part of a scenario.</summary>
internal sealed class ScenarioFolders : IScenarioSource
{
    private readonly Dictionary<string, ScenarioReading> _known = new(StringComparer.Ordinal);

    public ScenarioReading ReadScenario(string folder) =>
        Once(folder, () => Read([$"{folder}/cluster.yaml", $"{folder}/nodes.yaml"], $"{folder}/kube-proxy-config.yaml"));

    public ScenarioReading ReadCluster(string file) => Once(file, () => Read([file], null));

    private ScenarioReading Once(string path, Func<ScenarioReading> read)
    {
        lock (_known)
        {
            return _known.TryGetValue(path, out var known) ? known : _known[path] = read();
        }
    }

    private static ScenarioReading Read(string[] files, string? configPath)
    {
        var missing = files.FirstOrDefault(file => !File.Exists(PathOf(file)));
        if (missing is not null)
        {
            return new ScenarioReading(null, [new Diagnostic(
                DiagnosticCatalog.FlowScenarioUnusable, Location.Whole(missing), "found no such file, expected one", "add it")]);
        }

        var cluster = ClusterReader.Read(files.Select(FileOf));
        var (config, diagnostics) = configPath is not null && File.Exists(PathOf(configPath))
            ? ConfigReader.Read(FileOf(configPath))
            : (new ProxyConfig(), default);
        return new ScenarioReading(
            cluster.Unreadable ? null : new Scenario(cluster.Cluster, config), cluster.Diagnostics.Concat(diagnostics).ToSeq());
    }

    private static InputFile FileOf(string path) => new(path, File.ReadAllBytes(PathOf(path)));

    private static string PathOf(string path) => Path.Combine(Checkout.Root, path);
}
