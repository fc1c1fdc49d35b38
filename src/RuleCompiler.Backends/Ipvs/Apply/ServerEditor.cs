using System.Diagnostics;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>Virtual servers while commands change them: what ipvsadm and the kernel do, on values.</summary>
internal sealed class ServerEditor
{
    private readonly SortedDictionary<ServerKey, Draft> _servers = [];

    public ServerEditor(SortedSeq<VirtualServer> servers, Timeouts? timeouts)
    {
        Timeouts = timeouts;
        foreach (var server in servers)
        {
            var draft = new Draft { Options = server.Options };
            foreach (var real in server.RealServers) draft.Reals.Add(real.Endpoint, real);
            _servers.Add(server.Key, draft);
        }
    }

    public Timeouts? Timeouts { get; private set; }

    public SortedSeq<VirtualServer> Finish() => _servers.Select(server => new VirtualServer(
        server.Key.Address, server.Key.Protocol, server.Key.Port, server.Value.Options.Scheduler,
        server.Value.Options.Flags, server.Value.Options.PersistenceSeconds, server.Value.Reals.Values.ToSeq(),
        server.Value.Options.OnePacket)).ToSortedSeq();

    /// <summary>Null, or why the kernel refuses the command.</summary>
    public string? Execute(ServerCommand command)
    {
        switch (command)
        {
            case ServerCommand.AddServer add:
                return _servers.TryAdd(add.Key, new Draft { Options = add.Options })
                    ? null
                    : "there is such a virtual server already";
            case ServerCommand.EditServer edit:
                if (!_servers.TryGetValue(edit.Key, out var server)) return NoServer;
                server.Options = edit.Options;
                return null;
            case ServerCommand.DeleteServer delete:
                return _servers.Remove(delete.Key) ? null : NoServer;
            case ServerCommand.AddReal add:
                return AddReal(add.Key, new RealServer(add.Endpoint, add.Weight, add.Forwarding));
            case ServerCommand.EditReal edit:
                if (!_servers.TryGetValue(edit.Key, out server)) return NoServer;
                if (!server.Reals.TryGetValue(edit.Endpoint, out var real)) return NoReal;
                server.Reals[edit.Endpoint] = real with { Weight = edit.Weight, Forwarding = edit.Forwarding };
                return null;
            case ServerCommand.DeleteReal delete:
                if (!_servers.TryGetValue(delete.Key, out server)) return NoServer;
                return server.Reals.Remove(delete.Endpoint) ? null : NoReal;
            case ServerCommand.SetTimeouts set:
                Timeouts = set.Timeouts;
                return null;
            case ServerCommand.Clear:
                _servers.Clear();
                return null;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>A real server as a listing shows it, with its connections.</summary>
    public string? AddReal(ServerKey key, RealServer real)
    {
        if (!_servers.TryGetValue(key, out var server)) return NoServer;
        return server.Reals.TryAdd(real.Endpoint, real) ? null : "the virtual server has this real server already";
    }

    private const string NoServer = "there is no such virtual server";
    private const string NoReal = "the virtual server does not have this real server";

    private sealed class Draft
    {
        public ServerOptions Options { get; set; }

        public SortedDictionary<Endpoint, RealServer> Reals { get; } = [];
    }
}
