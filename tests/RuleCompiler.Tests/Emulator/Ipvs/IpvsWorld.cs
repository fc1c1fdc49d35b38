using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// The node of <see cref="World"/> with virtual servers; the pods 10.64.0.0/24 are its own, 10.65.0.0/24 are elsewhere.
/// </summary>
internal sealed class IpvsWorld
{
    public IpvsWorld(IpvsArtifact artifact, HostNetwork? network = null)
    {
        network ??= artifact.Family == Family.Ipv4
            ? World.Network4 with { RouteLocalnet = false }
            : World.Network6;
        Emulator = new NetfilterMachine(
            IpvsTranslator.Translate(artifact), network, Clock, new SeededRandom(1));
    }

    public ManualClock Clock { get; } = new();

    public NetfilterMachine Emulator { get; }

    public Passage Send(string flow, string? input, TcpFlags? flags = null)
    {
        var packet = World.First(flow, input);
        return Emulator.Send(flags is null ? packet : packet with { Tcp = flags });
    }

    /// <summary>The endpoint that a new flow gets, or what became of it instead.</summary>
    public string Serve(string flow, string? input) => Send(flow, input).Outcome.ToString()!;

    public Passage Answer(Passage passage, TcpFlags flags = TcpFlags.Syn | TcpFlags.Ack)
    {
        var reply = passage.Reply!.Value;
        var input = passage.Fate is Fate.Sent sent ? sent.OutputInterface : null;
        return Emulator.Send(new Packet(reply, input, reply.Protocol == Protocol.Tcp ? flags : null));
    }

    public void Load(IpvsArtifact artifact) => Emulator.Load(IpvsTranslator.Translate(artifact));

    public void Wait(double seconds) => Clock.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>
    /// One virtual server; kube-ipvs0 has its address. "10.64.0.9:8080=2" is a real server of weight 2.
    /// </summary>
    public static IpvsArtifact Of(
        string server, Scheduler scheduler, params ReadOnlySpan<string> servers) =>
        Of(Server(server, scheduler, servers));

    public static IpvsArtifact Of(params ReadOnlySpan<VirtualServer> servers)
    {
        var all = servers.ToArray();
        return new IpvsArtifact(
            all[0].Address.Family, [], all.Select(one => one.Address).Distinct().ToSortedSeq(), all.ToSortedSeq(),
            new IptablesRuleset(all[0].Address.Family, []), []);
    }

    /// <summary>"tcp 10.96.0.1:80".</summary>
    public static VirtualServer Server(string server, Scheduler scheduler, params ReadOnlySpan<string> servers)
    {
        var words = server.Split(' ');
        var endpoint = Endpoint.Parse(words[1]);
        var real = new List<RealServer>();
        foreach (var text in servers)
        {
            var parts = text.Split('=');
            real.Add(new RealServer(
                Endpoint.Parse(parts[0]),
                parts.Length == 1 ? 1 : int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)));
        }

        return new VirtualServer(
            endpoint.Address, Enum.Parse<Protocol>(words[0], ignoreCase: true), endpoint.Port, scheduler,
            SchedulerFlags.None, null, real.ToSeq());
    }
}
