using System.CommandLine;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Inputs;

/// <summary><c>--mode</c>: which backend. Names are the rooms' names.</summary>
internal static class ModeOption
{
    public static readonly Seq<string> Names = [Iptables.Name];

    public static Option<string?> Create()
    {
        var option = new Option<string?>("--mode")
        {
            Description = $"The backend: {string.Join(", ", Names)}. Default: mode of the configuration.",
            HelpName = "MODE",
        };
        option.CompletionSources.Add([.. Names]);
        return option;
    }

    /// <summary>False, and reported, when there is no such backend.</summary>
    public static bool IsKnown(string? named, ProxyConfig config, Session session)
    {
        var (mode, origin) = named is not null ? (named, "--mode") : (NameOf(config.Mode), "mode of the configuration");
        if (Names.Contains(mode)) return true;
        session.Report(new Diagnostic(
            DiagnosticCatalog.UnknownMode, default, $"{origin} is '{mode}'; expected one of {string.Join(", ", Names)}",
            named is null ? $"give --mode {Names[0]} to compile for it all the same" : null));
        return false;
    }

    private static string NameOf(ProxyMode mode) => mode switch
    {
        ProxyMode.Iptables => "iptables",
        ProxyMode.Ipvs => "ipvs",
        ProxyMode.Nftables => "nftables",
    };
}
