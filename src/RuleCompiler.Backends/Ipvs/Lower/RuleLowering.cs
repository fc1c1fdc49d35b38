using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>
/// The iptables rules around IPVS. They depend on the node's configuration alone: what changes with Services is in the
/// sets that they ask. README.md draws the hooks.
/// </summary>
internal sealed class RuleLowering(ServiceGraph graph, NodeFacts node)
{
    private static readonly Match _notThroughIpvs = new Match.IsThroughIpvs(Inverted: true);
    private static readonly Target _markMasquerade = new Target.Jump(Names.MarkMasquerade);
    private static readonly Target _accept = new Target.Accept();
    private static readonly Target _return = new Target.Return();

    private readonly uint _mark = 1u << node.Config.MasqueradeBit;

    public IptablesRuleset Build() => new(graph.Family, [BuildMangle(), BuildNat(), BuildFilter()]);

    /// <summary>
    /// Refusals. INPUT sees packets before IPVS does (LOCAL_IN -150 against 99), OUTPUT those of the node itself
    /// (LOCAL_OUT -150 against -98); what comes through lo has passed OUTPUT (ip_vs_core.c:ip_vs_ops4 @v6.1).
    /// </summary>
    private Table BuildMangle()
    {
        var mangle = new TableBuilder(TableName.Mangle);
        const string Comment = "kube-proxy firewall rules";
        var firewall = new Target.Jump(Names.ProxyFirewall);
        var fromElsewhere = new Match.InInterface("lo", Inverted: true);
        mangle.Create("INPUT").Add(new Rule([fromElsewhere, Matches.IsNew], firewall, Comment));
        mangle.Create("OUTPUT").Add(new Rule([Matches.IsNew], firewall, Comment));

        mangle.Create(Names.ProxyFirewall).AddRange(
        [
            new Rule([To(Names.DropAll)], new Target.Drop(), "policy Local without an endpoint here"),
            new Rule(
                Strangers([To(Names.DropExternal), Matches.SourceIsForeign]), new Target.Drop(),
                "policy Local without an endpoint here"),
            new Rule(
                [To(Names.LoadBalancerFirewall)], new Target.Jump(Names.SourceRanges),
                "Kubernetes service load balancer ip + port for load balancer with sourceRange"),
        ]);
        mangle.Create(Names.SourceRanges).AddRange(
        [
            new Rule([ToFrom(Names.LoadBalancerSourceCidr)], _return),
            new Rule([ToFrom(Names.LoadBalancerSourceIp)], _return),
            new Rule([], new Target.Drop()),
        ]);
        return mangle.Build();
    }

    private Table BuildNat()
    {
        var nat = new TableBuilder(TableName.Nat);
        var services = new Rule([], new Target.Jump(Names.Services), "kubernetes service portals");
        nat.Create("PREROUTING").Add(services);
        nat.Create("OUTPUT").Add(services);
        nat.Create("POSTROUTING").Add(new Rule([], new Target.Jump(Names.Postrouting), "kubernetes postrouting rules"));
        nat.Create(Names.MarkMasquerade).Add(new Rule([], new Target.SetMark(_mark, _mark)));
        FillServices(nat.Create(Names.Services));
        nat.Create(Names.LoadBalancer).AddRange(
        [
            MarkNode(To(Names.LoadBalancerLocal)),
            new Rule([To(Names.LoadBalancerLocal)], _return),
            new Rule([], _markMasquerade),
        ]);
        FillNodePort(nat.Create(Names.NodePort));

        // A flow is masqueraded only when IPVS has taken it, so that a set may be filled before its server is there.
        var masquerade = new Target.Masquerade(node.Kernel.RandomFully);
        nat.Create(Names.Postrouting).AddRange(
        [
            new Rule([_notThroughIpvs], _return, "what IPVS does not forward"),
            new Rule(
                [ToFrom(Names.LoopBack)], masquerade,
                "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose"),
            new Rule([new Match.Mark(_mark, _mark, Inverted: true)], _return),
            new Rule([], new Target.SetMark(0, _mark)),
            new Rule([], masquerade, "kubernetes service traffic requiring SNAT"),
        ]);
        return nat.Build();
    }

    /// <summary>Each address and port is in the sets of one kind of frontend: the order of kinds is all one.</summary>
    private void FillServices(List<Rule> services)
    {
        Match clusterIp = To(Names.ClusterIp), loadBalancer = To(Names.LoadBalancerSet);
        Match externalIp = To(Names.ExternalIp), externalIpLocal = To(Names.ExternalIpLocal);
        services.AddRange(
        [
            new Rule([loadBalancer], new Target.Jump(Names.LoadBalancer), "Kubernetes service lb portal"),
            new Rule(
                ClusterIpMasquerade(clusterIp), _markMasquerade,
                "Kubernetes service cluster ip + port for masquerade purpose"),
            MarkNode(externalIpLocal),
            new Rule([externalIpLocal], _accept),
            new Rule(
                [externalIp], _markMasquerade,
                "Kubernetes service external ip + port for masquerade and filter purpose"),
            new Rule([externalIp], _accept),
            new Rule([clusterIp], _accept),
            new Rule([loadBalancer], _accept),
            new Rule([InSet(Names.NodePortIps, SetDimension.Destination)], new Target.Jump(Names.NodePort)),
        ]);
    }

    /// <summary>Service-semantics §3.7 rows 2 to 4, and §6.6 where nothing tells a local pod.</summary>
    private Seq<Match> ClusterIpMasquerade(Match toClusterIp)
    {
        if (node.Config.MasqueradeAll) return [toClusterIp];
        return graph.LocalTraffic is LocalTraffic.Undetected
            ? [toClusterIp, InSet(Names.ClusterIp, SetDimension.Source, SetDimension.Destination)]
            : Strangers([toClusterIp]);
    }

    private void FillNodePort(List<Rule> nodePort)
    {
        foreach (var protocol in (ReadOnlySpan<Protocol>)[Protocol.Tcp, Protocol.Udp, Protocol.Sctp])
        {
            var carried = Matches.Of(protocol);
            var (all, local) = (NodePorts(Names.NodePorts(protocol)), NodePorts(Names.LocalNodePorts(protocol)));
            nodePort.Add(new Rule(Strangers([carried, local, Matches.SourceIsLocal]), _markMasquerade));
            nodePort.Add(new Rule([carried, local], _return));
            nodePort.Add(new Rule([carried, all], _markMasquerade));
        }

        // A bitmap:port is asked for the port alone (service-semantics §6.5).
        Match.InSet NodePorts(SetName set) => set.Type == IpSetType.BitmapPort
            ? InSet(set, SetDimension.Destination)
            : To(set);
    }

    private Table BuildFilter()
    {
        var filter = new TableBuilder(TableName.Filter);
        filter.Create("INPUT").AddRange(
        [
            new Rule([], new Target.Jump(Names.IpvsFilter), "kubernetes ipvs access filter"),
            new Rule([], new Target.Jump(Names.NodePort), "kubernetes health check rules"),
        ]);
        filter.Create("FORWARD").Add(new Rule([], new Target.Jump(Names.Forward), "kubernetes forwarding rules"));

        Seq<Match> healthCheck = [Matches.Of(Protocol.Tcp), InSet(Names.HealthCheck, SetDimension.Destination)];
        filter.Create(Names.IpvsFilter).AddRange(
        [
            new Rule([To(Names.LoadBalancerSet)], _return),
            new Rule([To(Names.ClusterIp)], _return),
            new Rule([To(Names.ExternalIp)], _return),
            new Rule([To(Names.ExternalIpLocal)], _return),
            new Rule(healthCheck, _return),
            new Rule(
                [Matches.IsNew, InSet(Names.IpvsIps, SetDimension.Destination)],
                new Target.Reject(RejectKind.PortUnreachable)),
        ]);
        filter.Create(Names.NodePort).Add(new Rule(healthCheck, _accept, "Kubernetes health check node port"));
        filter.Create(Names.Forward).Add(new Rule(
            [new Match.ConntrackState(ConntrackStates.Related | ConntrackStates.Established)], _accept,
            "kubernetes forwarding conntrack rule"));
        return filter.Build();
    }

    /// <summary>Policy Local masquerades only what the node itself sends (service-semantics §3.7 row 6).</summary>
    private Rule MarkNode(Match toLocal) => new(Strangers([toLocal, Matches.SourceIsLocal]), _markMasquerade);

    /// <summary>The matches, and not from a local pod, where that can be told.</summary>
    private Seq<Match> Strangers(ReadOnlySpan<Match> matches) =>
        Matches.LocalPod(graph.LocalTraffic, inverted: true) is { } stranger
            ? Matches.InOrder([stranger, .. matches])
            : Matches.InOrder(matches);

    private Match.InSet To(SetName set) => InSet(set, SetDimension.Destination, SetDimension.Destination);

    private Match.InSet ToFrom(SetName set) =>
        InSet(set, SetDimension.Destination, SetDimension.Destination, SetDimension.Source);

    private Match.InSet InSet(SetName set, params ReadOnlySpan<SetDimension> dimensions) =>
        new Match.InSet(set.In(graph.Family), Seq.Create(dimensions));
}
