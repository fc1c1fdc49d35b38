using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>Commands for virtual servers, by the time at which they are safe (README.md).</summary>
internal sealed class ServerPlanner
{
    private readonly IpvsArtifact _observed;
    private readonly IpvsArtifact _desired;

    public ServerPlanner(IpvsArtifact observed, IpvsArtifact desired)
    {
        (_observed, _desired) = (observed, desired);
        if (desired.Timeouts is { } timeouts && Differ(timeouts)) Changed.Add(new ServerCommand.SetTimeouts(timeouts));
        var ownership = new ServerOwnership(observed, desired);
        var servers = observed.Servers.ChangesTo(desired.Servers);
        foreach (var server in servers.Added)
        {
            if (observed.Find(server.Key) is { } old)
                Change(old, server);
            else
                Create(server);
        }

        foreach (var server in servers.Removed)
        {
            if (desired.Find(server.Key) is null && ownership.IsOurs(server.Key)) Delete(server);
        }
    }

    /// <summary>
    /// New, without real servers, on addresses that are bound: what was rejected there is rejected still.
    /// </summary>
    public List<ServerCommand> Announced { get; } = [];

    public List<ServerCommand> Changed { get; } = [];

    /// <summary>
    /// Gone from addresses that stay bound; they have had no real servers since <see cref="Changed"/>.
    /// </summary>
    public List<ServerCommand> Withdrawn { get; } = [];

    /// <summary>Of weight 0, to be deleted when their connections have ended.</summary>
    public List<ServerCommand.DeleteReal> Drained { get; } = [];

    /// <summary>0 leaves what is there.</summary>
    private bool Differ(Timeouts wanted) => _observed.Timeouts is not { } has ||
        Differs(wanted.TcpSeconds, has.TcpSeconds) || Differs(wanted.TcpFinSeconds, has.TcpFinSeconds) ||
        Differs(wanted.UdpSeconds, has.UdpSeconds);

    private static bool Differs(int wanted, int has) => wanted != 0 && wanted != has;

    private void Create(VirtualServer server)
    {
        (StaysBound(server.Address) ? Announced : Changed).Add(new ServerCommand.AddServer(server.Key, server.Options));
        foreach (var real in server.RealServers) Changed.Add(Add(server.Key, real));
    }

    /// <summary>First what joins, then what leaves, so that there is somebody at every moment.</summary>
    private void Change(VirtualServer old, VirtualServer server)
    {
        var key = server.Key;
        if (old.Options != server.Options) Changed.Add(new ServerCommand.EditServer(key, server.Options));
        var leaving = old.RealServers.ToDictionary(real => real.Endpoint);
        foreach (var real in server.RealServers)
        {
            if (!leaving.Remove(real.Endpoint, out var had))
                Changed.Add(Add(key, real));
            else if ((had.Weight, had.Forwarding) != (real.Weight, real.Forwarding))
                Changed.Add(new ServerCommand.EditReal(key, real.Endpoint, real.Forwarding, real.Weight));
        }

        foreach (var real in leaving.Values.OrderBy(real => real.Endpoint)) Drain(key, real);
    }

    /// <summary>Service-semantics §6.4: only TCP connections are worth waiting for.</summary>
    private void Drain(ServerKey key, RealServer real)
    {
        var delete = new ServerCommand.DeleteReal(key, real.Endpoint);
        if (key.Protocol != Protocol.Tcp || real.Connections is { Active: 0, Inactive: 0 })
        {
            Changed.Add(delete);
            return;
        }

        if (real.Weight != 0) Changed.Add(new ServerCommand.EditReal(key, real.Endpoint, real.Forwarding, 0));
        Drained.Add(delete);
    }

    /// <summary>
    /// On an address that stays bound the virtual server rejects for itself until the sets no longer speak for it;
    /// elsewhere packets are not for us from the moment that it is gone.
    /// </summary>
    private void Delete(VirtualServer server)
    {
        if (!StaysBound(server.Address))
        {
            Changed.Add(new ServerCommand.DeleteServer(server.Key));
            return;
        }

        foreach (var real in server.RealServers) Changed.Add(new ServerCommand.DeleteReal(server.Key, real.Endpoint));
        Withdrawn.Add(new ServerCommand.DeleteServer(server.Key));
    }

    private bool StaysBound(Ip address) =>
        _observed.Addresses.TryFind(address, out _) && _desired.Addresses.TryFind(address, out _);

    private static ServerCommand.AddReal Add(ServerKey key, RealServer real) =>
        new(key, real.Endpoint, real.Forwarding, real.Weight);
}
