using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Compilation;

/// <summary>The road from a cluster to text, for one family.</summary>
internal sealed record CompiledFamily(
    Family Family, ServiceGraph Graph, IptablesRuleset Artifact, Seq<ArtifactFile> Files)
{
    public static readonly Seq<Family> Both = [Family.Ipv4, Family.Ipv6];

    /// <summary>Compiles, and reports what was wrong on the way.</summary>
    public static CompiledFamily Compile(LoadedCluster loaded, Family family, Session session)
    {
        var graph = BuildGraph(loaded, family, session);
        var lowering = Iptables.Lower(graph, loaded.Node);
        session.Report(lowering.Diagnostics);
        session.Report(lowering.Unsupported.Select(Describe));
        return new CompiledFamily(family, graph, lowering.Artifact, Iptables.Print(lowering.Artifact));
    }

    public static Diagnostic Describe(Unsupported unsupported)
    {
        var owner = unsupported.For is { } name ? $" of {name}" : "";
        return new Diagnostic(
            DiagnosticCatalog.Unsupported, default, $"{Iptables.Name} cannot express {unsupported.Feature}{owner}",
            $"it needs {unsupported.Needs}");
    }

    public static ServiceGraph BuildGraph(LoadedCluster loaded, Family family, Session session)
    {
        var built = ServiceGraphBuilder.Build(loaded.Cluster, loaded.Node, family);
        session.Report(built.Diagnostics);
        return built.Graph;
    }

    /// <summary>The tool that takes the family's text.</summary>
    public static string RestoreTool(Family family) => family switch
    {
        Family.Ipv4 => "iptables-restore --noflush",
        Family.Ipv6 => "ip6tables-restore --noflush",
    };
}
