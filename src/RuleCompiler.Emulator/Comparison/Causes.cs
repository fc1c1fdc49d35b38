using RuleCompiler.Ir;

namespace RuleCompiler.Emulator.Comparison;

/// <summary>Tells from a flow, and from who was asked, which of the known causes makes it differ.</summary>
internal static class Causes
{
    /// <summary>No mode may lose a client before its time; the template of a virtual server may outlive it.</summary>
    public static Cause OfAffinity(ComparedSide left, ComparedSide right, bool leftForgets, bool rightForgets) =>
        leftForgets != rightForgets && (leftForgets ? right : left).Mode == ProxyMode.Ipvs
            ? Cause.AffinityWhileConnected
            : Cause.Unknown;

    public static Cause Of(ComparedFlow at, Aspects aspects, ComparedSide left, ComparedSide right) => at.Aim switch
    {
        Aim.UnusedPort => Cause.UnusedServicePort,
        Aim.UnallocatedIp => Cause.UnallocatedServiceIp,
        Aim.Frontend => OfFrontend(at, aspects, left, right),
    };

    private static Cause OfFrontend(ComparedFlow at, Aspects aspects, ComparedSide left, ComparedSide right)
    {
        var (frontend, port) = (at.Frontend!, at.Service!);
        if (frontend.Kind == FrontendKind.NodePort)
        {
            if (at.Flow.Destination.IsLoopback) return Cause.LocalhostNodePort;
            var byDefault = HasDefaultAddresses(left) && HasDefaultAddresses(right);
            if (aspects == Aspects.Verdict && !IsPrimary(at, left) && byDefault)
                return Cause.SecondaryNodePortAddress;
        }

        var isOwnEndpoint = port.Candidates.Any(one => one.Endpoint.Address == at.Flow.Source);
        if (aspects == Aspects.SourceNat && isOwnEndpoint) return Cause.RemoteHairpin;
        var isUnserved = frontend.Verdicts.External is Ir.Verdict.Reject;
        if (isUnserved && at.Source == SourceKind.Node && frontend.Kind != FrontendKind.ClusterIp)
            return Cause.NodeToUnserved;
        if (isUnserved && frontend.Kind == FrontendKind.LoadBalancerIp) return Cause.BlockedAndUnserved;
        var isIpvs = left.Mode == ProxyMode.Ipvs || right.Mode == ProxyMode.Ipvs;
        return isIpvs && frontend.Kind != FrontendKind.ClusterIp && !port.LocalSet.IsEmpty && IsFromHere(at.Source)
            ? Cause.ShortCircuit
            : Cause.Unknown;
    }

    /// <summary>
    /// Sources that a short-circuit is for. A remote pod may count as a local one (service-semantics §3.8).
    /// </summary>
    private static bool IsFromHere(SourceKind source) => source switch
    {
        SourceKind.External => false,
        SourceKind.Pod or SourceKind.RemotePod or SourceKind.Node or SourceKind.Localhost or SourceKind.Allowed
            or SourceKind.OwnEndpoint or SourceKind.RemoteEndpoint => true,
    };

    private static bool IsPrimary(ComparedFlow at, ComparedSide side) =>
        side.Node.Primary(at.Flow.Destination.Family) == at.Flow.Destination;

    private static bool HasDefaultAddresses(ComparedSide side) =>
        side.Node.Config.NodePortAddresses is { Primary: false, Cidrs.IsEmpty: true };
}
