using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using RuleCompiler.Spec;

namespace RuleCompiler.Cli.Inputs;

/// <summary>Scenarios in a directory tree, each read once.</summary>
/// <param name="root">What the paths in flow files start from.</param>
internal sealed class ScenarioFolders(string root, Session session) : IScenarioSource
{
    private readonly Dictionary<string, ScenarioReading> _known = new(StringComparer.Ordinal);

    /// <summary>
    /// The nearest directory above a flow file from which its scenario can be found, else the current one.
    /// </summary>
    public static string RootOf(string flowPath, string scenario)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(flowPath));
        for (; directory is not null; directory = Path.GetDirectoryName(directory))
            if (Directory.Exists(Path.Combine(directory, scenario))) return directory;
        return Directory.GetCurrentDirectory();
    }

    public ScenarioReading ReadScenario(string folder)
    {
        var config = Path.Combine(root, folder, "kube-proxy-config.yaml");
        return Once(folder, () => Read(["cluster.yaml", "nodes.yaml"], folder, File.Exists(config) ? config : null));
    }

    public ScenarioReading ReadCluster(string file) => Once(file, () => Read([file], "", configPath: null));

    private ScenarioReading Once(string path, Func<ScenarioReading> read) =>
        _known.TryGetValue(path, out var known) ? known : _known[path] = read();

    private ScenarioReading Read(string[] names, string folder, string? configPath)
    {
        var files = names.Select(name => InputFiles.Read(Path.Combine(root, folder, name), session)).ToList();
        var config = configPath is null ? null : InputFiles.Read(configPath, session);
        if (files.Contains(null) || (configPath is not null && config is null)) return new ScenarioReading(null, []);
        var cluster = ClusterReader.Read(files.OfType<InputFile>());
        var (proxy, diagnostics) = config is null ? (new ProxyConfig(), []) : ConfigReader.Read(config);
        var scenario = cluster.Unreadable ? null : new Scenario(cluster.Cluster, proxy);
        return new ScenarioReading(scenario, cluster.Diagnostics.Concat(diagnostics).ToSeq());
    }
}
