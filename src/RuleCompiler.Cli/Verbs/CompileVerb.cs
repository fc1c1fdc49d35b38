using System.CommandLine;
using RuleCompiler.Backends;
using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>From YAML to rules.</summary>
internal static class CompileVerb
{
    public static Command Create(Shell shell)
    {
        var cluster = new ClusterOptions(isRequired: true, takesSeveral: true);
        var mode = ModeOption.Create();
        var family = FamilyOption.Create("One family alone; standard output is then what its restore tool reads.");
        var directory = new Option<string?>("--output", "-o")
        {
            Description = "Write the files of each family into this directory instead of standard output.",
            HelpName = "DIR",
        };
        var takeOver = new Option<bool>("--take-over")
        {
            Description = "nftables: delete kube-proxy's table of the family in the transaction that loads ours.",
        };
        var verb = new Verb(
            "compile",
            "Compile Services and EndpointSlices into the rules of one node.",
            new Example("both families, as text", "rulec compile -f cluster.yaml --node node-0 --mode iptables"),
            new Example(
                "straight into the kernel",
                "rulec compile -f cluster.yaml --node node-0 --family ipv4 | iptables-restore --noflush"),
            new Example(
                "from a living cluster",
                "kubectl get svc,endpointslices,nodes -A -o yaml | rulec compile -f - --node node-0 -o rules/"),
            new Example(
                "in the place of kube-proxy, which runs no more",
                "rulec compile -f cluster.yaml --node node-0 --mode nftables --take-over | nft -f -"),
            new Example(
                "annotations for a code host",
                "rulec compile -f manifests/ --node node-0 --diagnostics sarif 2> rulec.sarif"));
        cluster.AddTo(verb);
        verb.Options.Add(mode);
        verb.Options.Add(family);
        verb.Options.Add(directory);
        verb.Options.Add(takeOver);
        verb.Runs(shell, (parsed, session) =>
        {
            if (cluster.Load(parsed, session) is not { } loaded) return ExitCode.BadInput;
            if (ModeOption.Apply(parsed.GetValue(mode), loaded, session) is not { } chosen) return ExitCode.BadInput;
            var takesOver = parsed.GetValue(takeOver);
            var compilation = chosen.Compile();
            if (takesOver && !compilation.Backend.CanTakeOver) return CannotTakeOver(compilation.Backend, session);
            var families = parsed.GetValue(family) is { } one ? [one] : Compilation.Families;
            var compiled = families.Select(one => Compile(compilation, one, takesOver, session)).ToList();
            return Run(compiled, parsed.GetValue(directory), session);
        });
        return verb;
    }

    /// <summary>Where chains and rules of several owners share tables, nothing takes one owner's away at once.</summary>
    private static int CannotTakeOver(Backend backend, Session session)
    {
        var able = string.Join(", ", BackendRegistry.All.Where(one => one.CanTakeOver).Select(one => one.Name));
        return session.Fail(ExitCode.BadInput, new Diagnostic(
            DiagnosticCatalog.Usage, default,
            $"--take-over does not go with mode {backend.Name}; expected {able}",
            "load the rules, then run kube-proxy --cleanup in the mode that it ran in"));
    }

    private static CompiledFamily Compile(Compilation compilation, Family family, bool takesOver, Session session)
    {
        var files = compilation.FilesReported(family, session);
        return new CompiledFamily(
            family, compilation.Graph(family), takesOver ? compilation.TakeOverFiles(family) : files);
    }

    private static int Run(List<CompiledFamily> compiled, string? directory, Session session)
    {
        foreach (var one in compiled)
        {
            var ports = DiagnosticText.Counted(one.Graph.ServicePorts.Count, "service port");
            var frontendCount = one.Graph.ServicePorts.Sum(port => port.Frontends.Count);
            var frontends = DiagnosticText.Counted(frontendCount, "frontend");
            var lines = DiagnosticText.Counted(one.Files.Sum(file => file.Text.AsSpan().Count('\n')), "line");
            session.NoteVerbose($"{one.Family.ApiName()}: {ports}, {frontends}, {lines}");
        }

        return directory is null ? Print(compiled, session) : Write(compiled, directory, session);
    }

    /// <summary>In front of each of several files stands a comment, which the kernel's tools pass over.</summary>
    private static int Print(List<CompiledFamily> compiled, Session session)
    {
        var isAlone = compiled.Sum(one => one.Files.Count) == 1;
        foreach (var one in compiled)
        {
            foreach (var file in one.Files)
            {
                if (!isAlone)
                {
                    session.Shell.Output.WriteLine(
                        $"# ==== {one.Family.ApiName()}: for {file.Tool} ====");
                }

                session.Shell.Output.Write(file.Text);
            }
        }

        return ExitCode.Fine;
    }

    private static int Write(List<CompiledFamily> compiled, string directory, Session session)
    {
        var path = directory;
        try
        {
            Directory.CreateDirectory(directory);
            foreach (var file in compiled.SelectMany(one => one.Files))
            {
                path = Path.Combine(directory, file.Name);
                session.Shell.WriteFile(path, unfinished => File.WriteAllText(unfinished, file.Text));
                session.NoteVerbose($"wrote {path}");
            }

            return ExitCode.Fine;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return session.Fail(ExitCode.BadInput, new Diagnostic(
                DiagnosticCatalog.UnwritableOutput, Location.Whole(path),
                $"cannot be written: {InputFiles.ReasonOf(exception)}"));
        }
    }

    private sealed record CompiledFamily(Family Family, ServiceGraph Graph, Seq<ArtifactFile> Files);
}
