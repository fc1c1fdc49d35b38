using System.CommandLine;
using RuleCompiler.Backends;
using RuleCompiler.Emulator;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Emulator.Comparison;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>What two modes, or a mode and a node, do differently.</summary>
internal sealed class CompareVerb
{
    private readonly ClusterOptions _cluster = new(isRequired: true, takesSeveral: true);
    private readonly Option<string[]> _left = Side("--left");
    private readonly Option<string[]> _right = Side("--right");
    private readonly Option<Family?> _family = FamilyOption.Create("One family alone. Default: what both sides have.");
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON." };

    private readonly Option<string[]> _profile = new("--profile")
    {
        Description = "Files of intended differences in place of rulec's own (spec/profiles); repeatable.",
        HelpName = "FILE",
    };

    public static Command Create(Shell shell)
    {
        var options = new CompareVerb();
        var verb = new Verb(
            "compare",
            "Compare what two modes, or a mode and the rules of a running node, do to every flow.",
            new Example(
                "before a migration",
                "rulec compare -f cluster.yaml --node node-0 --left iptables --right nftables"),
            new Example(
                "against what kube-proxy programmed",
                "nft list ruleset | rulec compare -f cluster.yaml --node node-0 --left nftables --right -"),
            new Example(
                "a node in IPVS mode",
                "rulec compare -f cluster.yaml --node node-0 --left ipvs --right ipvs.txt --right ipset.txt"))
        {
            options._left,
            options._right,
            options._family,
            options._profile,
            options._json,
        };
        options._cluster.AddTo(verb);
        verb.Runs(shell, options.Run);
        return verb;
    }

    private static Option<string[]> Side(string name)
    {
        var option = new Option<string[]>(name)
        {
            Description =
                $"{string.Join(", ", ModeOption.Names)}, or a file with a node's rules (- for standard input); "
                + "repeatable for files.",
            HelpName = "MODE|FILE",
            Required = true,
        };
        option.CompletionSources.Add([.. ModeOption.Names]);
        return option;
    }

    private int Run(ParseResult parsed, Session session)
    {
        if (_cluster.Load(parsed, session) is not { } loaded) return ExitCode.BadInput;
        if (Profiles(parsed, session) is not { } profile) return ExitCode.BadInput;
        var family = parsed.GetValue(_family);
        if (Given(parsed.GetRequiredValue(_left), loaded, family, session) is not { } left) return ExitCode.BadInput;
        if (Given(parsed.GetRequiredValue(_right), loaded, family, session) is not { } right) return ExitCode.BadInput;
        var families = left.Families.Where(one => right.Families.Contains(one)).ToList();
        if (families.Count == 0)
        {
            return session.Fail(ExitCode.BadInput, new Diagnostic(
                DiagnosticCatalog.NoInput, default, "the two sides have no address family in common",
                "give dumps of one family, or --family"));
        }

        var reports = new List<ComparisonReport>();
        foreach (var one in families)
        {
            if (left.Load(one, session) is not { } leftSide || right.Load(one, session) is not { } rightSide)
                return ExitCode.BadInput;
            var graph = left.Cluster.Compile().GraphReported(one, session);
            reports.Add(session.Error.Working(
                "comparing", () => ComparisonReport.Of(graph, leftSide, rightSide, profile)));
        }

        if (parsed.GetValue(_json)) ComparisonJson.Write(left.Name, right.Name, reports, session.Shell.Output);
        else ComparisonText.Write(left.Name, right.Name, reports, session.Output, session.IsVerbose);
        return reports.TrueForAll(report => report.IsAsIntended) ? ExitCode.Fine : ExitCode.Findings;
    }

    private Profile? Profiles(ParseResult parsed, Session session)
    {
        var files = parsed.GetValue(_profile) is { Length: > 0 } paths
            ? InputFiles.ReadAll(paths, [".md"], session)?.Select(file =>
                (file.Path, System.Text.Encoding.UTF8.GetString(file.Content.Span)))
            : OwnProfiles.All;
        if (files is null) return null;
        var (profile, diagnostics) = Profile.Parse(files);
        session.Report(diagnostics);
        return diagnostics.IsEmpty ? profile : null;
    }

    private static GivenSide? Given(string[] words, LoadedCluster loaded, Family? family, Session session)
    {
        if (words is [var word] && BackendRegistry.Named(word) is { } backend)
            return new GivenSide(word, loaded.In(backend.Mode), null, family is { } one ? [one] : Compilation.Families);
        if (Dump.Read(words, null, loaded, family, session) is not { } dump) return null;
        return new GivenSide(string.Join(", ", words), loaded.In(dump.Backend.Mode), dump, dump.Families);
    }

    /// <summary>A side before its rules are loaded; <c>Dump</c> is null for a mode.</summary>
    private sealed record GivenSide(string Name, LoadedCluster Cluster, Dump? Dump, Seq<Family> Families)
    {
        /// <summary>Null, and reported, when the rules cannot run.</summary>
        public ComparedSide? Load(Family family, Session session)
        {
            var compilation = Cluster.Compile();
            var files = Dump?.Files ?? compilation.FilesReported(family, session);
            var (program, diagnostics) = PacketPrograms.Load(compilation.Backend, files, family);
            session.Report(diagnostics);
            return program is null ? null : new ComparedSide(Name, program, Cluster.Node, Dump?.IsKubeProxys == true);
        }
    }
}
