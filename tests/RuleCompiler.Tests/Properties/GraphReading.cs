using System.Diagnostics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Properties;

/// <summary>What a graph says of a flow, by the documentation of its types: the graph's side of the argument with the judge.</summary>
internal static class GraphReading
{
    public static Expectation Of(ServiceGraph graph, NodeFacts node, Flow flow)
    {
        var verdict = Unstopped(graph, node, flow);
        var stopped = StopsAtLoopback(graph, flow) && verdict.Outcomes[0] is not Outcome.Translated;
        return stopped ? new([new Outcome.Dropped()]) : verdict;
    }

    private static Expectation Unstopped(ServiceGraph graph, NodeFacts node, Flow flow)
    {
        var owners =
            from servicePort in graph.ServicePorts
            where servicePort.Name.Protocol == flow.Protocol
            from frontend in servicePort.Frontends
            where frontend.Port == flow.DestinationPort
            where frontend.Address is { } address
                ? address == flow.Destination
                : IsNodePortAddress(graph.NodePorts, node, flow.Destination)
            orderby frontend.Address is null
            select (servicePort, frontend);
        if (owners.FirstOrDefault() is not (not null, not null) owner)
            return new([new Outcome.Untouched()]);

        var (port, chosen) = owner;
        if (chosen.AllowedSources is { } allowed && !allowed.Any(range => range.Contains(flow.Source)))
            return new([new Outcome.Dropped()]);
        return VerdictFor(graph, node, flow, chosen.Verdicts) switch
        {
            Verdict.Reject => new([new Outcome.Rejected()]),
            Verdict.Drop => new([new Outcome.Dropped()]),
            Verdict.Balance balance => new(port.Set(balance.Over).Select(Outcome (endpoint) => new Outcome.Translated(
                endpoint,
                (balance.SourceNat || endpoint.Address == flow.Source)
                    && (flow.InputInterface is null || !node.IsLocal(endpoint.Address)))).ToSeq()),
            _ => throw new UnreachableException(),
        };
    }

    private static Verdict VerdictFor(ServiceGraph graph, NodeFacts node, Flow flow, Verdicts verdicts)
    {
        var isLocalPod = graph.LocalTraffic switch
        {
            LocalTraffic.Undetected => false,
            LocalTraffic.SourceIn source => source.Cidr.Contains(flow.Source),
            LocalTraffic.ArrivesOn arrives => flow.InputInterface == arrives.Interface,
            LocalTraffic.ArrivesOnPrefix arrives =>
                flow.InputInterface?.StartsWith(arrives.InterfacePrefix, StringComparison.Ordinal) == true,
            _ => throw new UnreachableException(),
        };
        return isLocalPod ? verdicts.LocalPod : node.IsLocal(flow.Source) ? verdicts.Node : verdicts.External;
    }

    private static bool IsNodePortAddress(NodePortScope scope, NodeFacts node, Ip address) => scope switch
    {
        NodePortScope.AllLocal all =>
            node.IsLocal(address) && (!address.IsLoopback || (all.Localhost && address.Family == Family.Ipv4)),
        NodePortScope.Listed listed => listed.Addresses.Contains(address),
        _ => throw new UnreachableException(),
    };

    private static bool StopsAtLoopback(ServiceGraph graph, Flow flow)
    {
        if (flow.Destination is not { Family: Family.Ipv4, IsLoopback: true } || flow.Source.IsLoopback) return false;
        return graph.NodePorts switch
        {
            NodePortScope.AllLocal all => all.Localhost,
            NodePortScope.Listed listed => listed.Addresses.Any(address => address.IsLoopback),
            _ => throw new UnreachableException(),
        };
    }
}
