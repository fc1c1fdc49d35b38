using System.CommandLine;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>What a node's own tool would show of the compiled rules.</summary>
internal static class ShowVerb
{
    public static Command Create(Shell shell)
    {
        var cluster = new ClusterOptions(isRequired: true, takesSeveral: true);
        var mode = ModeOption.Create();
        var family = FamilyOption.Create("One family alone. Default: both.");
        var verb = new Verb(
            "show",
            "Print the compiled virtual servers of IPVS mode as ipvsadm -Ln lists them on the node.",
            new Example("to be compared with a node", "rulec show -f cluster.yaml --node node-0 --mode ipvs"))
        {
            mode,
            family,
        };
        cluster.AddTo(verb);
        verb.Runs(shell, (parsed, session) =>
        {
            if (cluster.Load(parsed, session) is not { } given) return ExitCode.BadInput;
            if (ModeOption.Apply(parsed.GetValue(mode), given, session) is not { } loaded) return ExitCode.BadInput;
            if (loaded.Node.Config.Mode != ProxyMode.Ipvs)
            {
                return session.Fail(ExitCode.BadInput, new Diagnostic(
                    DiagnosticCatalog.UnknownMode, default, "show knows the table of mode ipvs only",
                    "give --mode ipvs; rulec compile prints the rules of every mode"));
            }

            var families = parsed.GetValue(family) is { } one ? [one] : Compilation.Families;
            var tables = families.Select(each =>
            {
                var lowering = IpvsBackend.Instance.Lower(loaded.Compile().GraphReported(each, session));
                session.Report(lowering.Diagnostics);
                return lowering.Artifact;
            }).ToList();

            // The tool lists both families under one head.
            var both = tables[0] with { Servers = tables.SelectMany(table => table.Servers).ToSortedSeq() };
            session.Shell.Output.Write(IpvsBackend.PrintTable(both));
            return ExitCode.Fine;
        });
        return verb;
    }
}
