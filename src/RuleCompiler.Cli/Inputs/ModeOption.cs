using System.CommandLine;
using RuleCompiler.Backends;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Inputs;

/// <summary><c>--mode</c>: which backend. Its values are the backends' names.</summary>
internal static class ModeOption
{
    public static readonly Seq<string> Names = BackendRegistry.All.Select(backend => backend.Name).ToSeq();

    /// <summary>The default where rules can be given.</summary>
    public const string AsRulesShow = "Default: what --rules shows, or mode of the configuration.";

    public static Option<string?> Create(string description = "Default: mode of the configuration.")
    {
        var option = new Option<string?>("--mode")
        {
            Description = $"The backend: {string.Join(", ", Names)}. {description}",
            HelpName = "MODE",
        };
        option.CompletionSources.Add([.. Names]);
        return option;
    }

    /// <summary>The backend of that name, else of the configured mode. Null, and reported, when there is none.</summary>
    public static Backend? Choose(string? named, ProxyConfig config, Session session)
    {
        if (named is null) return BackendRegistry.Of(config.Mode);
        if (BackendRegistry.Named(named) is { } backend) return backend;
        session.Report(new Diagnostic(
            DiagnosticCatalog.UnknownMode, default,
            $"--mode is '{named}'; expected one of {string.Join(", ", Names)}"));
        return null;
    }

    /// <summary>The cluster as the chosen mode sees it. Null, and reported, when there is no such backend.</summary>
    public static LoadedCluster? Apply(string? named, LoadedCluster loaded, Session session) =>
        Choose(named, loaded.Node.Config, session) is { } backend ? loaded.In(backend.Mode) : null;
}
