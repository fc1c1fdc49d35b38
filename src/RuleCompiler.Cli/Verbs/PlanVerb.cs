using System.CommandLine;
using RuleCompiler.Backends;
using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Cli.Inputs;

namespace RuleCompiler.Cli.Verbs;

/// <summary>From what is loaded to what should be.</summary>
internal static class PlanVerb
{
    public static Command Create(Shell shell)
    {
        var cluster = new ClusterOptions(isRequired: true, takesSeveral: true);
        var mode = ModeOption.Create();
        var observed = new Option<string[]>("--from")
        {
            Description = "What is loaded now, as the kernel's tools print it, or - for standard input; repeatable.",
            HelpName = "FILE",
            Required = true,
        };
        var family = FamilyOption.Create("The dump's family. Default: what the dump shows.");
        var verb = new Verb(
            "plan",
            "Print the fewest steps that turn a node's loaded rules into the desired ones.",
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
            if (ModeOption.Apply(parsed.GetValue(mode), loaded, session) is not { } chosen) return ExitCode.BadInput;
            var goal = BackendRegistry.Of(chosen.Node.Config.Mode);
            return Dump.Read(parsed.GetRequiredValue(observed), goal, parsed.GetValue(family), session) is { } dump
                ? Run(dump, chosen, session)
                : ExitCode.BadInput;
        });
        return verb;
    }

    private static int Run(Dump dump, LoadedCluster loaded, Session session)
    {
        var plan = Compilation.Create(loaded.Cluster, loaded.Node, dump.Backend).PlanFrom(dump.Files, dump.Family);
        session.Report(plan.Diagnostics);
        if (plan.Steps is not { } steps) return ExitCode.BadInput;
        foreach (var step in steps)
        {
            if (dump.Backend.UsesSeveralTools) session.Shell.Output.WriteLine($"# ==== for {step.Tool} ====");
            session.Shell.Output.Write(step.Text);
        }

        var lines = DiagnosticText.Counted(steps.Sum(step => step.Text.AsSpan().Count('\n')), "line");
        var blocks = DiagnosticText.Counted(steps.Count, "step");
        session.NoteVerbose(steps.IsEmpty ? "nothing to change" : $"{blocks}, {lines}");
        return ExitCode.Fine;
    }
}
