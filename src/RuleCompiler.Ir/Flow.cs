using RuleCompiler.Ir.Net;

namespace RuleCompiler.Ir;

/// <summary>
/// The first packet of a flow as the node sees it. <c>InputInterface</c> is null for a packet that a process of the
/// node itself sends (netfilter's OUTPUT path).
/// </summary>
public sealed record Flow(
    Ip Source,
    Port SourcePort,
    Protocol Protocol,
    Ip Destination,
    Port DestinationPort,
    string? InputInterface);

/// <summary>What becomes of the first packet of a flow.</summary>
public abstract record Outcome
{
    private Outcome()
    {
    }

    /// <summary>No Service rule applies: the packet goes on, unchanged, wherever routing sends it.</summary>
    public sealed record Untouched : Outcome
    {
        public override string ToString() => "untouched";
    }

    /// <summary>Answered with an ICMP or ICMPv6 port-unreachable error.</summary>
    public sealed record Rejected : Outcome
    {
        public override string ToString() => "reject";
    }

    /// <summary>Discarded silently.</summary>
    public sealed record Dropped : Outcome
    {
        public override string ToString() => "drop";
    }

    /// <summary>
    /// Sent to an endpoint; <c>SourceNat</c> when it leaves with an address of the node as its source.
    /// </summary>
    public sealed record Translated(Endpoint To, bool SourceNat) : Outcome
    {
        public override string ToString() => SourceNat ? $"{To} masqueraded" : $"{To}";
    }
}
