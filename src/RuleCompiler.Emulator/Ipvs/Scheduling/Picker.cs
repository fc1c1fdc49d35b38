using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// A scheduler of one virtual server: which real server a new connection gets. The list of servers is the virtual
/// server's own and changes under it.
/// </summary>
internal abstract class Picker(List<RealServerState> servers)
{
    protected List<RealServerState> Servers { get; } = servers;

    /// <summary>
    /// The pick moves along with every connection and does not depend on which one it is: only its shares over a whole
    /// turn say anything of balance.
    /// </summary>
    public virtual bool IsRotation => false;

    /// <param name="commits">False leaves everything that the scheduler remembers as it is.</param>
    /// <returns>Null when no server takes new connections.</returns>
    public abstract RealServerState? Pick(in ConnTuple flow, long now, bool commits);

    /// <summary>How often each server is picked in one whole turn of a rotation, in the order of the list.</summary>
    public virtual IEnumerable<(RealServerState Server, int Share)> Turn() => [];

    /// <summary>A server was added or its weight was set.</summary>
    public virtual void Changed()
    {
    }

    /// <param name="at">Where it was in the list.</param>
    public virtual void Removed(RealServerState server, int at) => Changed();

    public static Picker Create(
        Scheduler scheduler, SchedulerFlags flags, List<RealServerState> servers, Family family, long now) =>
        scheduler switch
        {
            Scheduler.Rr => new RoundRobin(servers),
            Scheduler.Wrr => new WeightedRoundRobin(servers),
            Scheduler.Lc or Scheduler.Wlc or Scheduler.Sed or Scheduler.Nq or Scheduler.Fo or Scheduler.Ovf =>
                new ByLoad(scheduler, servers),
            Scheduler.Lblc => new LocalityLeastConnection(servers, now, isReplicated: false),
            Scheduler.Lblcr => new LocalityLeastConnection(servers, now, isReplicated: true),
            Scheduler.Dh => new DestinationHashing(servers, family),
            Scheduler.Sh => new SourceHashing(servers, flags, family),
            Scheduler.Mh => new MaglevHashing(servers, flags, family),
        };
}
