using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator.Comparison;

/// <summary>What about the outcomes of a flow differs.</summary>
[Flags]
public enum Aspects
{
    None = 0,

    /// <summary>Translated, rejected, dropped or untouched.</summary>
    Verdict = 1,
    Endpoints = 2,

    /// <summary>Exact shares of the same endpoints.</summary>
    Shares = 4,
    SourceNat = 8,

    /// <summary>Whether a client keeps its endpoint, and for how long.</summary>
    Affinity = 16,
}

/// <summary>A flow that meets one thing on the left and another on the right.</summary>
/// <param name="Left">The outcomes, as text: <c>10.64.0.5:80 masqueraded 1/2, …</c>.</param>
public sealed record Difference(ComparedFlow At, Aspects Aspects, string Left, string Right, Cause Cause);

/// <summary>Flows that differ alike.</summary>
/// <param name="Explanation">The profile's sentence; for what no profile lists, what was seen.</param>
public sealed record DifferenceGroup(
    Cause Cause, bool IsIntended, string Explanation, Aspects Aspects, SourceKind Source, Seq<Difference> Differences);

/// <summary>
/// Why modes, or kube-proxy and we, may differ. <c>spec/profiles</c> says between whom each is intended, and argues it.
/// </summary>
public enum Cause
{
    /// <summary>None that is known: never intended.</summary>
    Unknown,

    /// <summary>A NodePort on 127.0.0.1.</summary>
    LocalhostNodePort,

    /// <summary>A NodePort on an address that nodePortAddresses leaves to each mode's default.</summary>
    SecondaryNodePortAddress,
    UnusedServicePort,
    UnallocatedServiceIp,

    /// <summary>A client of another node that is its own endpoint.</summary>
    RemoteHairpin,

    /// <summary>A policy-Local frontend asked by a pod or the node.</summary>
    ShortCircuit,

    /// <summary>A client that comes back late, while a connection of its is still known.</summary>
    AffinityWhileConnected,

    /// <summary>A client that comes back by another frontend of its service-port.</summary>
    AffinityAcrossFrontends,

    /// <summary>A process of the node asks an external address that has no endpoint.</summary>
    NodeToUnserved,

    /// <summary>A source out of range asks a frontend that has no endpoint.</summary>
    BlockedAndUnserved,
}
