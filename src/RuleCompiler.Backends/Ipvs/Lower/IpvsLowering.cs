using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>An artifact, and who asks for what in it.</summary>
internal sealed record IpvsLowering(ServiceGraph Graph, IpvsArtifact Artifact, Seq<Diagnostic> Diagnostics)
    : Lowering<IpvsArtifact>(Graph, Artifact, Diagnostics)
{
    /// <summary>Of every frontend, also those that another has the key of.</summary>
    public SortedSeq<ServerClaim> Claims { get; init; }

    /// <summary>Counted by service-port.</summary>
    public Multiset<Ip> LocalEndpoints { get; init; }

    /// <summary>Endpoints of virtual servers, counted by virtual server.</summary>
    public Multiset<IpSetEntry> Uses { get; init; }

    /// <summary>healthCheckNodePorts, counted by Service.</summary>
    public Multiset<IpSetEntry> HealthChecks { get; init; }

    /// <summary>Of kube-ipvs0, counted by Service and frontend.</summary>
    public Multiset<Ip> Addresses { get; init; }

    /// <summary>Of the service-ports that have any.</summary>
    public SortedSeq<Noted<ServicePortName>> Notes { get; init; }

    /// <summary>The entries of every set, counted by virtual server.</summary>
    public required IReadOnlyDictionary<SetName, Multiset<IpSetEntry>> Members { get; init; }
}
