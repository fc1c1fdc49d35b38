using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Cli.Documents;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>Explanations: of each service-port in each family its frontends, then its endpoints.</summary>
internal static class ExplanationDocument
{
    public static Document Of(IEnumerable<ExplainedPort> explained) =>
        Document.Of(new Block.Each(null, explained.Select(one => Document.Of(BlocksOf(one.Graph, one.Port))).ToSeq()));

    private static IEnumerable<Block> BlocksOf(ServiceGraph graph, ServicePort port)
    {
        yield return new Block.Heading(Line.Of(
            new Span(port.Name.ToString(), Tone.Name),
            $" {port.Name.Protocol.KernelName()} {graph.Family.ApiName()}  {port.Location}"));
        yield return new Block.Fact("service", port.Name.Service.ToString());
        yield return new Block.Fact("port", port.Name.PortName);
        yield return new Block.Fact("protocol", port.Name.Protocol.KernelName());
        yield return new Block.Fact("family", graph.Family.ApiName());
        yield return new Block.Fact("location", port.Location.ToString());
        if (port.AffinityTimeoutSeconds is { } seconds)
        {
            yield return new Block.Fact("affinityTimeoutSeconds", seconds);
            yield return new Block.Paragraph($"session affinity: one client keeps its endpoint for {seconds} s");
        }

        yield return new Block.Fact("topology", NameOf(port.Topology));
        if (port.Topology != TopologyMode.None) yield return new Block.Paragraph($"topology: {NameOf(port.Topology)}");
        if (port.Frontends.IsEmpty) yield return new Block.Paragraph("no frontend");
        yield return FrontendsOf(graph, port);
        yield return new Block.Fact("clusterSet", EndpointsOf(port.ClusterSet));
        yield return new Block.Fact("localSet", EndpointsOf(port.LocalSet));
        if (port.Candidates.IsEmpty)
            yield return new Block.Paragraph("no EndpointSlice of this Service has an endpoint for the port");
        yield return CandidatesOf(port);
    }

    private static Block.Table FrontendsOf(ServiceGraph graph, ServicePort port) => new(
        "frontends",
        [
            new Column("kind", "frontend"),
            new Column("address", "address", Fit: Fit.Prose),
            new Column("port", null),
            new Column("fromLocalPod", "from pods here", Fit: Fit.Prose),
            new Column("fromNode", "from the node", Fit: Fit.Prose),
            new Column("fromElsewhere", "from elsewhere", Fit: Fit.Prose),
            new Column("allowedSources", "open to", Rank: 1, Fit: Fit.Prose),
        ],
        port.Frontends.Select(frontend => (Seq<Cell>)
        [
            NameOf(frontend.Kind),
            new Cell(frontend.Address?.ToString(), AddressOf(frontend, graph)),
            frontend.Port.Value,
            CellOf(frontend.Verdicts.LocalPod, port),
            CellOf(frontend.Verdicts.Node, port),
            CellOf(frontend.Verdicts.External, port),
            frontend.AllowedSources is { } allowed
                ? Value.List(allowed.Select(prefix => (Value)prefix.ToString()))
                : new Cell(null, "all"),
        ]).ToSeq());

    private static Block.Table CandidatesOf(ServicePort port) => new(
        "candidates",
        [
            new Column("endpoint", "endpoint", InGroup: InGroup.Listed),
            new Column("state", "state", Rank: 3),
            new Column("onThisNode", "here", Rank: 2),
            new Column(null, "cluster set"),
            new Column("inClusterSet", null),
            new Column(null, "local set"),
            new Column("inLocalSet", null),
            new Column("reason", "why", Fit: Fit.Prose),
            new Column("location", "found in", Rank: 1, InGroup: InGroup.First),
        ],
        port.Candidates.Select(candidate => (Seq<Cell>)
        [
            candidate.Endpoint.ToString(),
            NameOf(candidate.State),
            candidate.IsLocal,
            candidate.InClusterSet ? "in" : "out",
            candidate.InClusterSet,
            candidate.InLocalSet ? "in" : "out",
            candidate.InLocalSet,
            candidate.Reason,
            candidate.Location.ToString(),
        ]).ToSeq(),
        Noun: "endpoints");

    private static Cell CellOf(Verdict verdict, ServicePort port) => verdict switch
    {
        Verdict.Balance balance => new Cell(
            Value.Of(
            [
                new Field("verdict", "balance"),
                new Field("over", NameOf(balance.Over)),
                new Field("sourceNat", balance.SourceNat),
            ]),
            DiagnosticText.Counted(
                port.Set(balance.Over).Count, balance.Over == EndpointSet.Local ? "local endpoint" : "endpoint")
            + (balance.SourceNat ? ", masqueraded" : "")),
        Verdict.Reject => new Cell(Value.Of([new Field("verdict", "reject")]), "reject"),
        Verdict.Drop => new Cell(Value.Of([new Field("verdict", "drop")]), "drop"),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static Value EndpointsOf(Seq<Endpoint> endpoints) =>
        Value.List(endpoints.Select(endpoint => (Value)endpoint.ToString()));

    private static string NameOf(FrontendKind kind) => kind switch
    {
        FrontendKind.ClusterIp => "ClusterIP",
        FrontendKind.ExternalIp => "ExternalIP",
        FrontendKind.LoadBalancerIp => "LoadBalancer",
        FrontendKind.NodePort => "NodePort",
    };

    private static string NameOf(EndpointSet set) => set switch
    {
        EndpointSet.Cluster => "cluster",
        EndpointSet.Local => "local",
    };

    private static string NameOf(EndpointState state) => state switch
    {
        EndpointState.Ready => "ready",
        EndpointState.ServingTerminating => "serving, terminating",
        EndpointState.Unusable => "not ready",
    };

    private static string NameOf(TopologyMode topology) => topology switch
    {
        TopologyMode.None => "none",
        TopologyMode.SameZone => "same zone",
        TopologyMode.SameNode => "same node",
    };

    private static string AddressOf(Frontend frontend, ServiceGraph graph)
    {
        if (frontend.Address is { } address) return new Endpoint(address, frontend.Port).ToString();
        return graph.NodePorts switch
        {
            NodePortScope.AllLocal { Localhost: true } => $"any local address:{frontend.Port}",
            NodePortScope.AllLocal => $"any local address but loopback:{frontend.Port}",
            NodePortScope.Listed { Addresses.IsEmpty: true } => $"no address:{frontend.Port}",
            NodePortScope.Listed listed =>
                string.Join(' ', listed.Addresses.Select(each => new Endpoint(each, frontend.Port))),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }
}
