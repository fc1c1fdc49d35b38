using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>The IPVS backend (README.md). This part: from the graph to sets, addresses, servers and rules.</summary>
public sealed partial class IpvsBackend : Backend<IpvsArtifact, IpvsStep>
{
    private IpvsBackend()
    {
    }

    public static IpvsBackend Instance { get; } = new();

    public override string Name => "ipvs";

    public override ProxyMode Mode => ProxyMode.Ipvs;

    protected override Lowering<IpvsArtifact> LowerChecked(ServiceGraph graph, Lowering<IpvsArtifact>? previous)
    {
        var isEditable = previous is IpvsLowering && previous.Graph.IsOfSameNodeAs(graph);
        var before = isEditable ? (IpvsLowering)previous! : WithoutServices(graph);
        var lowering = new ServiceLowering(before, graph).Build();
        return lowering with
        {
            // Once for a Service: its annotations are those of all of its ports.
            Diagnostics =
            [
                .. new SchedulerChoice(graph.Node.Config.Ipvs.Scheduler).Diagnostics,
                .. lowering.Notes.DistinctBy(note => note.Key.Service).SelectMany(note => note.Diagnostics),
            ],
        };
    }

    private static IpvsLowering WithoutServices(ServiceGraph graph)
    {
        var config = graph.Node.Config.Ipvs;
        var artifact = new IpvsArtifact(
            graph.Family, [], [], [], new RuleLowering(graph, graph.Node).Build(),
            SysctlsOf(graph.Family, config), TimeoutsOf(config),
            config.ExcludeCidrs.Where(cidr => cidr.Family == graph.Family).Distinct().Order().ToSeq());
        var nodePortIps = ServicePortClaims.NodePortAddresses(graph)
            .Select(address => new IpSetEntry(address, null, null, null));
        var members = Names.All.ToDictionary(set => set, _ => default(Multiset<IpSetEntry>));
        members[Names.NodePortIps] = members[Names.NodePortIps].Update([], [.. nodePortIps]);
        return new IpvsLowering(graph.WithoutServices(), artifact, []) { Members = members };
    }

    /// <summary>
    /// Service-semantics §6.1, in the order of their names. conn_reuse_mode is left alone: kernels from 5.9 on do not
    /// need it, and older ones are not supported.
    /// </summary>
    private static Seq<Sysctl> SysctlsOf(Family family, IpvsConfig config)
    {
        List<Sysctl> sysctls = [];
        if (config.StrictArp && family == Family.Ipv4)
        {
            sysctls.Add(new("net.ipv4.conf.all.arp_announce", "2",
                "strictARP: announce only addresses of the interface, never those of kube-ipvs0"));
            sysctls.Add(new("net.ipv4.conf.all.arp_ignore", "1",
                "strictARP: answer ARP only for addresses of the interface, not for those of kube-ipvs0"));
        }

        if (family == Family.Ipv4)
            sysctls.Add(new("net.ipv4.ip_forward", "1", "answers of endpoints pass through this node"));
        sysctls.Add(new("net.ipv4.vs.conntrack", "1",
            "connection tracking sees what IPVS forwards, so that it can be masqueraded"));
        sysctls.Add(new("net.ipv4.vs.expire_nodest_conn", "1",
            "a connection to a real server that is gone is scheduled anew instead of waiting for its end"));
        sysctls.Add(new("net.ipv4.vs.expire_quiescent_template", "1",
            "session affinity forgets a real server whose weight is 0"));
        if (family == Family.Ipv6)
            sysctls.Add(new("net.ipv6.conf.all.forwarding", "1", "answers of endpoints pass through this node"));
        return sysctls.ToSeq();
    }

    /// <summary>If one is set, all three are sent; 0 leaves the kernel's (service-semantics §6.1).</summary>
    private static Timeouts? TimeoutsOf(IpvsConfig config)
    {
        var timeouts = new Timeouts(
            Seconds(config.TcpTimeout), Seconds(config.TcpFinTimeout), Seconds(config.UdpTimeout));
        return timeouts == default ? null : timeouts;

        // The tool's range (ipvsadm.c:process_options, "--set" @1.31).
        static int Seconds(TimeSpan time) => (int)Math.Clamp(time.TotalSeconds, 0, TimeoutSecondsMax);
    }
}
