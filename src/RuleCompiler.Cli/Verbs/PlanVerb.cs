using System.CommandLine;
using System.Text;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Cli.Compilation;
using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Verbs;

/// <summary>From what is loaded to what should be.</summary>
internal static class PlanVerb
{
    public static Command Create(Shell shell)
    {
        var cluster = new ClusterOptions(isRequired: true, takesSeveral: true);
        var mode = ModeOption.Create();
        var observed = new Option<string>("--from")
        {
            Description = "What is loaded now: the output of iptables-save or ip6tables-save, or - for standard input.",
            HelpName = "FILE",
            Required = true,
        };
        var family = FamilyOption.Create("The dump's family. Default: what the dump shows.");
        var verb = new Verb(
            "plan",
            "Print the least restore script that turns a node's loaded rules into the desired ones.",
            new Example("what would change", "iptables-save | rulec plan --from - -f cluster.yaml --node node-0"),
            new Example(
                "change it",
                "iptables-save | rulec plan --from - -f cluster.yaml --node node-0 | iptables-restore --noflush"))
        {
            observed,
            family,
            mode,
        };
        cluster.AddTo(verb);
        verb.Runs(shell, (parsed, session) =>
        {
            if (cluster.Load(parsed, session) is not { } loaded) return ExitCode.BadInput;
            if (!ModeOption.IsKnown(parsed.GetValue(mode), loaded.Node.Config, session)) return ExitCode.BadInput;
            if (InputFiles.Read(parsed.GetRequiredValue(observed), session) is not { } dump) return ExitCode.BadInput;
            var chosen = parsed.GetValue(family) ?? RulesOption.FamilyOf(dump);
            var before = Iptables.Parse(
                [new ArtifactFile(dump.Path, Encoding.UTF8.GetString(dump.Content.Span))], chosen);
            session.Report(before.Diagnostics);
            return before.HasErrors ? ExitCode.BadInput : Run(before.Artifact, loaded, chosen, session);
        });
        return verb;
    }

    private static int Run(IptablesRuleset before, LoadedCluster loaded, Family family, Session session)
    {
        var steps = Iptables.Plan(before, CompiledFamily.Compile(loaded, family, session).Artifact);
        foreach (var step in steps) session.Shell.Output.Write(Iptables.PrintStep(step, family));
        var lines = DiagnosticText.Counted(steps.Sum(step => step.Commands.Count), "line");
        var blocks = DiagnosticText.Counted(steps.Count, "step");
        session.NoteVerbose(steps.IsEmpty ? "nothing to change" : $"{blocks}, {lines}");
        return ExitCode.Fine;
    }
}
