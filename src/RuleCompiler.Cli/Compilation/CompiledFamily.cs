using RuleCompiler.Backends;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Emulator.Modes;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Compilation;

/// <summary>The road from a cluster to text, for one family.</summary>
internal sealed record CompiledFamily(Family Family, ServiceGraph Graph, Seq<ArtifactFile> Files)
{
    public static readonly Seq<Family> Both = [Family.Ipv4, Family.Ipv6];

    /// <summary>Compiles for the mode of the node's configuration, and reports what was wrong on the way.</summary>
    /// <param name="takesOver">In place of kube-proxy's rules; only where the mode can.</param>
    public static CompiledFamily Compile(
        LoadedCluster loaded, Family family, Session session, bool takesOver = false)
    {
        var graph = BuildGraph(loaded, family, session);
        var mode = ProxyModes.Of(loaded.Node.Config.Mode);
        var output = mode.Compile(graph, loaded.Node, takesOver);
        session.Report(output.Diagnostics);
        session.Report(output.Unsupported.Select(unsupported => Describe(unsupported, mode)));
        return new CompiledFamily(family, graph, output.Files);
    }

    public static Diagnostic Describe(Unsupported unsupported, IMode mode)
    {
        var owner = unsupported.For is { } name ? $" of {name}" : "";
        return new Diagnostic(
            DiagnosticCatalog.Unsupported, default, $"{mode.Name} cannot express {unsupported.Feature}{owner}",
            $"it needs {unsupported.Needs}");
    }

    public static ServiceGraph BuildGraph(LoadedCluster loaded, Family family, Session session)
    {
        var built = ServiceGraphBuilder.Build(loaded.Cluster, loaded.Node, family);
        session.Report(built.Diagnostics);
        return built.Graph;
    }
}
