using RuleCompiler.Ir.Net;

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
}
