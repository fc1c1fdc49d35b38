using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// What does not depend on Services: the jumps from the built-in chains and the chains for marked and related packets
/// (service-semantics §4.2, §4.4, §4.5). Comments are kube-proxy's.
/// </summary>
internal static class FixedChains
{
    /// <summary>The bit that means "masquerade me".</summary>
    public static uint MarkOf(NodeFacts node) => 1u << node.Config.Iptables.MasqueradeBit;

    public static void FillNat(TableBuilder nat, ServiceGraph graph, NodeFacts node)
    {
        var services = new Rule([], new Target.Jump(Names.Services), "kubernetes service portals");
        nat.Create("PREROUTING").Add(services);
        nat.Create("OUTPUT").Add(services);
        nat.Create("POSTROUTING").Add(new Rule([], new Target.Jump(Names.Postrouting), "kubernetes postrouting rules"));

        var mark = MarkOf(node);
        nat.Create(Names.MarkMasquerade).Add(new Rule([], new Target.SetMark(mark, mark)));

        // The mark is taken off so that the packet is not masqueraded again when it passes once more in a tunnel.
        var unmarked = new Match.Mark(mark, mark, Inverted: true);
        var masquerade = new Target.Masquerade(node.Kernel.RandomFully);
        var postrouting = nat.Create(Names.Postrouting);
        Hairpin.FillPostrouting(nat, graph, node, unmarked, masquerade);
        postrouting.Add(new Rule([unmarked], new Target.Return()));
        postrouting.Add(new Rule([], new Target.SetMark(0, mark)));
        postrouting.Add(new Rule([], masquerade, "kubernetes service traffic requiring SNAT"));
    }

    public static void FillFilter(TableBuilder filter, ServiceGraph graph, NodeFacts node)
    {
        var localhost = ScopeRules.HasLocalhost(graph.NodePorts, graph.Family);
        FillFilterHooks(filter, localhost);
        if (localhost) FillFirewall(filter);

        var healthChecks = filter.Create(Names.NodePorts);
        foreach (var check in graph.HealthChecks)
        {
            healthChecks.Add(new DispatchKey(null, Protocol.Tcp, check.Port)
                .To(new Target.Accept(), $"{check.Service} health check node port"));
        }

        var forward = filter.Create(Names.Forward);
        if (!node.ConntrackTcpBeLiberal)
            forward.Add(new Rule([new Match.ConntrackState(ConntrackStates.Invalid)], new Target.Drop()));
        var mark = MarkOf(node);
        forward.Add(new Rule([new Match.Mark(mark, mark)], new Target.Accept(), "kubernetes forwarding rules"));
        forward.Add(new Rule(
            [new Match.ConntrackState(ConntrackStates.Related | ConntrackStates.Established)], new Target.Accept(),
            "kubernetes forwarding conntrack rule"));
        Hairpin.FillForward(filter, graph, node);
    }

    /// <summary>
    /// kube-proxy's order on a clean host, but INPUT accepts health checks last: a frontend of their number has the
    /// packets (RC3002), also when it refuses them. OUTPUT leads to the external frontends too, where kube-proxy lets a
    /// process of the node wait for an address without endpoints (service-semantics §13.2 #9).
    /// </summary>
    private static void FillFilterHooks(TableBuilder filter, bool localhost)
    {
        var firewall = new Rule([], new Target.Jump(Names.Firewall));
        var proxyFirewall = NewTo(Names.ProxyFirewall, "kubernetes load balancer firewall");
        var nodePorts = new Rule([], new Target.Jump(Names.NodePorts), "kubernetes health check service ports");
        var external = NewTo(Names.ExternalServices, "kubernetes externally-visible service portals");
        var services = NewTo(Names.Services, "kubernetes service portals");
        var forward = new Rule([], new Target.Jump(Names.Forward), "kubernetes forwarding rules");

        var input = filter.Create("INPUT");
        var output = filter.Create("OUTPUT");
        if (localhost)
        {
            input.Add(firewall);
            output.Add(firewall);
        }

        input.AddRange([proxyFirewall, external, nodePorts]);
        filter.Create("FORWARD").AddRange([proxyFirewall, forward, services, external]);
        output.AddRange([proxyFirewall, services, external]);

        static Rule NewTo(string chain, string comment) => new([Matches.IsNew], new Target.Jump(chain), comment);
    }

    /// <summary>
    /// route_localnet lets other hosts reach 127.0.0.0/8 of this one, which nobody expects; translated NodePort
    /// traffic is spared (https://nvd.nist.gov/vuln/detail/CVE-2020-8558).
    /// </summary>
    private static void FillFirewall(TableBuilder filter)
    {
        var loopback = ScopeRules.Loopback(Family.Ipv4);
        var known = ConntrackStates.Related | ConntrackStates.Established | ConntrackStates.Dnat;
        filter.Create(Names.Firewall).Add(new Rule(
            [Matches.From(loopback, inverted: true), Matches.To(loopback), new Match.ConntrackState(known, Inverted: true)],
            new Target.Drop(), "block incoming localnet connections"));
    }
}
