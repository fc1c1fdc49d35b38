using System.CommandLine;
using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Cli.Generation;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;

namespace RuleCompiler.Cli.Verbs;

/// <summary>Synthetic clusters.</summary>
internal static class GenerateVerb
{
    public static Command Create(Shell shell)
    {
        var services = Number("--services", "Services.", 10, 0, GeneratorSettings.ServicesMax);
        var endpoints = Number("--endpoints", "Endpoints of each Service.", 3, 0, GeneratorSettings.EndpointsMax);
        var nodes = Number("--nodes", "Nodes.", 3, 1, GeneratorSettings.NodesMax);
        var seed = new Option<ulong>("--seed")
        {
            Description = "The same seed gives the same cluster.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        var names = string.Join(", ", GeneratorSettings.Names.Select(each => each.Name));
        var features = new Option<Features?>("--features")
        {
            Description = $"A comma-separated list of {names}. Default: all.",
            HelpName = "LIST",
            CustomParser = Words.One(
                "--features", $"a comma-separated list of {names}", static (string word, out Features? chosen) =>
                {
                    var isKnown = GeneratorSettings.TryParseFeatures(word, out var parsed);
                    chosen = parsed;
                    return isKnown;
                }),
        };
        features.CompletionSources.Clear();
        features.CompletionSources.Add([.. GeneratorSettings.Names.Select(each => each.Name)]);
        var verb = new Verb(
            "generate",
            "Write a synthetic cluster as YAML.",
            new Example("a mixed cluster", "rulec generate --services 100 --endpoints 5 --seed 7 > cluster.yaml"),
            new Example(
                "something to measure with",
                "rulec generate --services 5000 --endpoints 10 --features plain | rulec compile -f - --node node-0"))
        {
            services,
            endpoints,
            nodes,
            seed,
            features,
        };
        verb.Runs(shell, (parsed, session) =>
        {
            var settings = new GeneratorSettings(
                parsed.GetValue(services), parsed.GetValue(endpoints), parsed.GetValue(nodes), parsed.GetValue(seed),
                parsed.GetValue(features) ?? Features.All);
            var total = (long)settings.Services * settings.Endpoints;
            if (total > EndpointsTotalMax)
            {
                return session.Fail(ExitCode.BadInput, new Diagnostic(
                    DiagnosticCatalog.Usage, default,
                    $"--services times --endpoints is {total}; expected at most {EndpointsTotalMax}"));
            }

            session.Shell.Output.Write(ClusterYaml.Write(ClusterGenerator.Generate(settings)));
            var made = DiagnosticText.Counted(settings.Services, "Service");
            session.NoteVerbose($"{made}, {DiagnosticText.Counted(total, "endpoint")} at most");
            return ExitCode.Fine;
        });
        return verb;
    }

    private static Option<int> Number(string name, string what, int byDefault, int least, int most) => new(name)
    {
        Description = what,
        HelpName = "N",
        DefaultValueFactory = _ => byDefault,
        CustomParser = Words.One(
            name, $"{least} to {most}",
            (string word, out int value) => int.TryParse(word, out value) && value >= least && value <= most),
    };

    /// <summary>What the pods' range has room for.</summary>
    private const long EndpointsTotalMax = 2_000_000;
}
