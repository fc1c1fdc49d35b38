using System.CommandLine;
using RuleCompiler.Backends;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>What a Service means on one node, and why.</summary>
internal static class ExplainVerb
{
    public static Command Create(Shell shell)
    {
        var service = new Argument<string>("SERVICE")
        {
            Description = "NAMESPACE/NAME or NAMESPACE/NAME:PORT, where PORT is a port's name or number.",
        };
        var cluster = new ClusterOptions(isRequired: true, takesSeveral: false);
        var family = FamilyOption.Create("One family alone. Default: both.");
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var verb = new Verb(
            "explain",
            "Tell what a node does for a Service: frontends, verdicts, endpoints, and why each endpoint is in or out.",
            new Example("every port of a Service", "rulec explain default/kubernetes -f cluster.yaml --node node-0"),
            new Example(
                "one port, for a program",
                "rulec explain kube-system/dns:metrics -f cluster.yaml --node node-0 --json"))
        {
            service,
        };
        cluster.AddTo(verb);
        verb.Options.Add(family);
        verb.Options.Add(json);
        verb.Runs(shell, (parsed, session) =>
        {
            if (cluster.Load(parsed, session) is not { } loaded) return ExitCode.BadInput;
            var families = parsed.GetValue(family) is { } one ? [one] : Compilation.Families;
            var word = parsed.GetRequiredValue(service);
            var compilation = loaded.Compile();
            var graphs = families.Select(each => compilation.GraphReported(each, session)).ToList();
            var found = graphs
                .SelectMany(graph => graph.ServicePorts.Select(port => new ExplainedPort(graph, port)))
                .Where(explained => Names(word, explained.Port))
                .OrderBy(explained => explained.Port.Name).ThenBy(explained => explained.Graph.Family)
                .ToList();
            if (found.Count == 0) return session.Fail(ExitCode.BadInput, Unknown(word, loaded.Cluster, graphs));
            session.Answer(ExplanationDocument.Of(found), parsed.GetValue(json));
            return ExitCode.Fine;
        });
        return verb;
    }

    private static bool Names(string word, ServicePort port)
    {
        if (word == port.Name.Service.ToString() || word == port.Name.ToString()) return true;
        return port.Frontends.Any(frontend =>
            frontend.Kind != FrontendKind.NodePort && word == $"{port.Name.Service}:{frontend.Port}");
    }

    private static Diagnostic Unknown(string word, ClusterState cluster, List<ServiceGraph> graphs)
    {
        var names = cluster.Services.Select(service => service.Name.ToString())
            .Concat(graphs.SelectMany(graph => graph.ServicePorts).Select(port => port.Name.ToString()))
            .Distinct().Order(StringComparer.Ordinal).ToList();
        var sameName = names.Where(name => name.EndsWith("/" + word, StringComparison.Ordinal)).Take(3).ToList();
        var hint =
            sameName.Count > 0 ? $"did you mean {string.Join(" or ", sameName)}?" :
            Nearest.To(word, names) is { } nearest ? $"did you mean {nearest}?" :
            "headless and ExternalName Services and those of another proxy are not programmed";
        return new Diagnostic(
            DiagnosticCatalog.UnknownService, default, $"no Service port that this node programs is called '{word}'",
            hint);
    }
}

/// <summary>A service-port in one family.</summary>
internal sealed record ExplainedPort(ServiceGraph Graph, ServicePort Port);
