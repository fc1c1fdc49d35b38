using RuleCompiler.Backends.Ipvs;

namespace RuleCompiler.Emulator;

/// <summary>
/// The schedulers that look at counts and weights only (net/netfilter/ipvs/ip_vs_{lc,wlc,sed,nq,fo,ovf}.c @v6.1). Among
/// equals the first in the list wins, which is the one that was added last.
/// </summary>
internal sealed class ByLoad(Scheduler scheduler, List<RealServerState> servers) : Picker(servers)
{
    public override RealServerState? Pick(in ConnTuple flow, long now, bool commits) => scheduler switch
    {
        Scheduler.Lc => LeastConnections(),
        Scheduler.Wlc => LeastByWeight(Servers, server => server.Overhead),
        Scheduler.Sed => LeastByWeight(Servers, server => server.Active + 1),
        Scheduler.Nq => Servers.Find(server => server is { Weight: > 0, Active: 0 }) ??
            LeastByWeight(Servers, server => server.Active + 1),
        Scheduler.Fo => Heaviest(_ => true),
        Scheduler.Ovf => Heaviest(server => server.Active <= server.Weight),
        _ => throw new InvalidOperationException($"{scheduler} looks at more than load"),
    };

    /// <summary>
    /// The least load in proportion to weight: load1 · weight2 &gt; load2 · weight1 in 64 bits. The first one has
    /// a weight above 0; a weight of 0 makes the left side 0 and so never wins.
    /// </summary>
    public static RealServerState? LeastByWeight(IEnumerable<RealServerState> servers, Func<RealServerState, long> load)
    {
        RealServerState? least = null;
        foreach (var server in servers)
        {
            if (least is null)
            {
                if (server.Weight > 0) least = server;
            }
            else if (load(least) * server.Weight > load(server) * least.Weight)
            {
                least = server;
            }
        }

        return least;
    }

    private RealServerState? LeastConnections()
    {
        RealServerState? least = null;
        foreach (var server in Servers)
        {
            if (server.Weight != 0 && (least is null || server.Overhead < least.Overhead)) least = server;
        }

        return least;
    }

    private RealServerState? Heaviest(Func<RealServerState, bool> accepts)
    {
        RealServerState? heaviest = null;
        foreach (var server in Servers)
        {
            if (server.Weight > (heaviest?.Weight ?? 0) && accepts(server)) heaviest = server;
        }

        return heaviest;
    }
}
