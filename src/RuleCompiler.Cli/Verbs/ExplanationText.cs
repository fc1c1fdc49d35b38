using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Verbs;

/// <summary>Explanations for people.</summary>
internal static class ExplanationText
{
    /// <param name="isVerbose">With the places of the endpoints on a terminal too.</param>
    public static void Write(IReadOnlyList<ExplainedPort> explained, Display display, bool isVerbose)
    {
        for (var i = 0; i < explained.Count; i++)
        {
            if (i > 0) display.Line();
            WriteOne(explained[i], display, withPlaces: isVerbose || !display.IsTerminal);
        }
    }

    public static string Describe(Verdict verdict, ServicePort port) => verdict switch
    {
        Verdict.Balance balance =>
            DiagnosticText.Counted(
                port.Set(balance.Over).Count, balance.Over == EndpointSet.Local ? "local endpoint" : "endpoint")
            + (balance.SourceNat ? ", masqueraded" : ""),
        Verdict.Reject => "reject",
        Verdict.Drop => "drop",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    public static string NameOf(FrontendKind kind) => kind switch
    {
        FrontendKind.ClusterIp => "ClusterIP",
        FrontendKind.ExternalIp => "ExternalIP",
        FrontendKind.LoadBalancerIp => "LoadBalancer",
        FrontendKind.NodePort => "NodePort",
    };

    public static string NameOf(EndpointSet set) => set switch
    {
        EndpointSet.Cluster => "cluster",
        EndpointSet.Local => "local",
    };

    public static string NameOf(EndpointState state) => state switch
    {
        EndpointState.Ready => "ready",
        EndpointState.ServingTerminating => "serving, terminating",
        EndpointState.Unusable => "not ready",
    };

    public static string NameOf(TopologyMode topology) => topology switch
    {
        TopologyMode.None => "none",
        TopologyMode.SameZone => "same zone",
        TopologyMode.SameNode => "same node",
    };

    private static void WriteOne(ExplainedPort explained, Display display, bool withPlaces)
    {
        var (graph, port) = explained;
        var name = display.Paint(port.Name.ToString(), Tint.Cyan);
        display.Line($"{name} {port.Name.Protocol.KernelName()} {graph.Family.ApiName()}  {port.Location}");
        if (port.AffinityTimeoutSeconds is { } seconds)
            display.Line($"  session affinity: one client keeps its endpoint for {seconds} s");
        if (port.Topology != TopologyMode.None) display.Line($"  topology: {NameOf(port.Topology)}");
        display.Line();
        display.Table(
            ["frontend", "address", "from pods here", "from the node", "from elsewhere", "open to"],
            port.Frontends.Select(frontend => Row(frontend, graph, port)),
            indent: 2);
        display.Line();
        if (port.Candidates.IsEmpty)
        {
            display.Line("  no EndpointSlice of this Service has an endpoint for the port");
            return;
        }

        string[] headers = ["endpoint", "state", "here", "cluster set", "local set", "why", "found in"];
        var columns = withPlaces ? headers.Length : headers.Length - 1;
        display.Table(headers[..columns], port.Candidates.Select(candidate => Row(candidate)[..columns]), indent: 2);
    }

    private static string[] Row(Frontend frontend, ServiceGraph graph, ServicePort port) =>
    [
        NameOf(frontend.Kind),
        AddressOf(frontend, graph),
        Describe(frontend.Verdicts.LocalPod, port),
        Describe(frontend.Verdicts.Node, port),
        Describe(frontend.Verdicts.External, port),
        frontend.AllowedSources is { } allowed ? string.Join(' ', allowed) : "all",
    ];

    private static string[] Row(Candidate candidate) =>
    [
        candidate.Endpoint.ToString(),
        NameOf(candidate.State),
        candidate.IsLocal ? "yes" : "no",
        candidate.InClusterSet ? "in" : "out",
        candidate.InLocalSet ? "in" : "out",
        candidate.Reason,
        candidate.Location.ToString(),
    ];

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
