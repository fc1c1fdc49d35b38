using System.CommandLine;
using RuleCompiler.Emulator.Modes;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Inputs;

/// <summary><c>--mode</c>: which backend. Names are the rooms' names.</summary>
internal static class ModeOption
{
    public static readonly Seq<string> Names = ProxyModes.All.Select(mode => mode.Name).ToSeq();

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

    /// <summary>The mode of that name, else the configuration's. Null, and reported, when there is none.</summary>
    public static IMode? Choose(string? named, ProxyConfig config, Session session)
    {
        if (named is null) return ProxyModes.Of(config.Mode);
        if (ProxyModes.Named(named) is { } mode) return mode;
        session.Report(new Diagnostic(
            DiagnosticCatalog.UnknownMode, default,
            $"--mode is '{named}'; expected one of {string.Join(", ", Names)}"));
        return null;
    }

    /// <summary>The cluster as the chosen mode sees it. Null, and reported, when there is no such backend.</summary>
    public static LoadedCluster? Apply(string? named, LoadedCluster loaded, Session session) =>
        Choose(named, loaded.Node.Config, session) is { } mode ? loaded.In(mode.Mode) : null;
}
