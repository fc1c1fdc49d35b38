using RuleCompiler.Ir;

namespace RuleCompiler.Emulator.Comparison;

/// <summary>What a compared flow is aimed at.</summary>
public enum Aim
{
    /// <summary>A frontend that the cluster has.</summary>
    Frontend,

    /// <summary>A Service's address at a port that no Service has there.</summary>
    UnusedPort,

    /// <summary>An address of a ServiceCIDR that is nobody's.</summary>
    UnallocatedIp,
}

/// <summary>Who sends a compared flow. Every class that a rule can tell from another.</summary>
public enum SourceKind
{
    /// <summary>A pod of this node that is no endpoint.</summary>
    Pod,

    /// <summary>A pod of another node.</summary>
    RemotePod,

    /// <summary>A process of the node, from the node's address.</summary>
    Node,

    /// <summary>A process of the node, from 127.0.0.1 or ::1.</summary>
    Localhost,
    External,

    /// <summary>From outside, and in the source ranges of the frontend.</summary>
    Allowed,

    /// <summary>An endpoint of the frontend on this node: it may reach itself.</summary>
    OwnEndpoint,

    /// <summary>An endpoint of the frontend on another node.</summary>
    RemoteEndpoint,
}

/// <summary>A flow that two sides are asked about.</summary>
/// <param name="Service">Whose frontend it is aimed at; null where it is aimed at nobody's.</param>
/// <param name="Frontend">Null unless <c>Aim</c> is a frontend.</param>
public sealed record ComparedFlow(Aim Aim, ServicePort? Service, Frontend? Frontend, SourceKind Source, Flow Flow);
