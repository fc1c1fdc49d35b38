using System.Numerics;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>One way of a packet through the node, from its arrival to its end.</summary>
/// <param name="Sent">The packet as it left the node or reached a local socket; for a packet that ended here, as it was then.</param>
/// <param name="Reply">The tuple that an answer arrives with, when the flow is tracked: the reply direction of its conntrack entry.</param>
/// <param name="Steps">The rules that matched, in order.</param>
public sealed record Passage(Fate Fate, Packet Sent, FlowTuple? Reply, Seq<TraceStep> Steps)
{
    /// <summary>
    /// What the passage means for Services: the vocabulary of <c>Meaning</c>, flows and the kernel tests.
    /// </summary>
    public Outcome Outcome { get; init; } = new Outcome.Untouched();
}

/// <summary>How a packet ended.</summary>
public abstract record Fate
{
    private Fate()
    {
    }

    /// <summary>Handed to a socket of the node.</summary>
    public sealed record Delivered : Fate;

    /// <summary>Left by an interface.</summary>
    public sealed record Sent(string OutputInterface) : Fate;

    public sealed record Dropped : Fate;

    public sealed record Rejected(RejectKind With) : Fate;

    /// <summary>No route to the destination.</summary>
    public sealed record Unroutable : Fate;
}

/// <summary>
/// A rule that matched. <c>Service</c> is the service-port that the rule says it belongs to ("ns/name:port"), if any.
/// </summary>
public sealed record TraceStep(string Hook, string Table, string Chain, int RuleNumber, string RuleText, string? Service, string Effect);

/// <summary>The exact probability of every way that a packet can take: masses are rational and sum to 1.</summary>
public sealed record Distribution(Seq<WeightedOutcome> Outcomes)
{
    /// <summary>
    /// The masses are shares of one whole turn of a scheduler (rr, wrr): of many flows in a row exactly so many get
    /// each outcome, and which one a flow gets is no chance.
    /// </summary>
    public bool IsRotation { get; init; }
}

/// <summary>
/// <c>Numerator / Denominator</c> is the exact probability, in lowest terms; <c>Example</c> is one passage that ends
/// so.
/// </summary>
public sealed record WeightedOutcome(Outcome Outcome, BigInteger Numerator, BigInteger Denominator, Passage Example);
