using System.Diagnostics;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>Makes a packet of a <c>from</c> line, and checks that its source is what the line calls it.</summary>
internal sealed class PacketResolver(ClusterState cluster, NodeFacts node, FlowStep step, List<Diagnostic> diagnostics)
{
    /// <summary>Null after a diagnostic.</summary>
    public Packet? Resolve(FlowAction.Open open, Port ephemeral)
    {
        var family = FamilyOf(open);
        if (SourceOf(open.Source, family) is not { } source) return null;
        if (DestinationOf(open.To, family) is not { } to) return null;
        if (Misnamed(open, source) is { } message)
        {
            diagnostics.Add(new Diagnostic(
                DiagnosticCatalog.FlowSourceMisnamed, step.Location, message, "correct the word or the address"));
            return null;
        }

        var isProcess = open.Source is FlowSource.NodeProcess or FlowSource.Localhost;
        var arrivesOn = isProcess ? null : open.Interface ?? CasePlan.InterfaceOf(source, node);
        var tuple = new FlowTuple(source, open.SourcePort ?? ephemeral, open.Protocol, to.Address, to.Port);
        return Packet.First(tuple, arrivesOn);
    }

    private Family FamilyOf(FlowAction.Open open) => (open.Source, open.To) switch
    {
        (FlowSource.Pod pod, _) => pod.Address.Family,
        (FlowSource.External external, _) => external.Address.Family,
        (FlowSource.NodeProcess { Address: { } address }, _) => address.Family,
        (_, FlowDestination.Address to) => to.At.Address.Family,
        _ => step.Family,
    };

    private Ip? SourceOf(FlowSource source, Family family) => source switch
    {
        FlowSource.Pod pod => pod.Address,
        FlowSource.External external => external.Address,
        FlowSource.NodeProcess process => process.Address ?? Primary(family),
        FlowSource.Localhost => Loopback(family),
        _ => throw new UnreachableException(),
    };

    private Endpoint? DestinationOf(FlowDestination to, Family family) => to switch
    {
        FlowDestination.Address address => address.At,
        FlowDestination.NodeAddress at => Primary(family) is { } ip ? new Endpoint(ip, at.Port) : null,
        FlowDestination.Localhost at => new Endpoint(Loopback(family), at.Port),
        _ => throw new UnreachableException(),
    };

    private Ip? Primary(Family family)
    {
        if (node.Primary(family) is { } address) return address;
        diagnostics.Add(new Diagnostic(
            DiagnosticCatalog.FlowNodeAddressMissing, step.Location,
            $"found 'node', expected node {node.Name} to have an {family.ApiName()} address",
            "write the address, or choose the other family"));
        return null;
    }

    private string? Misnamed(FlowAction.Open open, Ip source)
    {
        switch (open.Source)
        {
            case FlowSource.Pod when node.IsLocal(source):
                return $"found pod {source}, which is an address of {node.Name}, expected a pod's address";
            case FlowSource.Pod when !IsPodAddress(source):
                return $"found pod {source}, expected an address in a node's podCIDRs or in clusterCIDR";
            case FlowSource.External when node.IsLocal(source):
                return $"found external {source}, which is an address of {node.Name}, expected one outside of the node";
            case FlowSource.External when IsPodAddress(source):
                return $"found external {source}, which is a pod's address, expected one outside of the pod ranges";
            case FlowSource.NodeProcess when !node.IsLocal(source):
                return $"found node {source}, expected an address of {node.Name}: {string.Join(", ", node.Addresses)}";
            case FlowSource.NodeProcess or FlowSource.Localhost when open.Interface is not null:
                return $"found via {open.Interface}, expected none: a process's packets arrive on no interface";
            default:
                return null;
        }
    }

    private bool IsPodAddress(Ip address) =>
        node.Config.ClusterCidrs.Any(cidr => cidr.Contains(address)) ||
        cluster.Nodes.Any(each => each.PodCidrs.Any(cidr => cidr.Contains(address)));

    private static Ip Loopback(Family family) => family switch
    {
        Family.Ipv4 => Ip.V4(0x7F000001),
        Family.Ipv6 => Ip.V6(1),
    };
}
