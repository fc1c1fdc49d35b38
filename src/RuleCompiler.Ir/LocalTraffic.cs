using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>How a node tells a packet of its own pods (service-semantics §3.8).</summary>
public abstract record LocalTraffic
{
    private LocalTraffic()
    {
    }

    /// <summary>No detector for this family: nothing counts as a local pod.</summary>
    public sealed record Undetected : LocalTraffic;

    public sealed record SourceIn(Prefix Cidr) : LocalTraffic;

    public sealed record ArrivesOn(string Interface) : LocalTraffic;

    public sealed record ArrivesOnPrefix(string InterfacePrefix) : LocalTraffic;

    /// <summary>As the node's configuration says: only the first CIDR of the family counts.</summary>
    public static LocalTraffic Of(NodeFacts node, Family family) => node.Config.DetectLocalMode switch
    {
        DetectLocalMode.ClusterCidr => FirstOf(node.Config.ClusterCidrs, family),
        DetectLocalMode.NodeCidr => FirstOf(node.PodCidrs, family),
        DetectLocalMode.BridgeInterface => new ArrivesOn(node.Config.BridgeInterface),
        DetectLocalMode.InterfaceNamePrefix => new ArrivesOnPrefix(node.Config.InterfaceNamePrefix),
    };

    private static LocalTraffic FirstOf(Seq<Prefix> cidrs, Family family)
    {
        foreach (var cidr in cidrs)
        {
            if (cidr.Family == family) return new SourceIn(cidr);
        }

        return new Undetected();
    }
}
