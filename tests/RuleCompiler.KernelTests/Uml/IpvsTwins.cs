using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.KernelTests.Probing;

namespace RuleCompiler.KernelTests.Uml;

/// <summary>
/// One family of a node, twice: in a scene for the kernel, and in the emulator. Both go through the same.
/// </summary>
/// <param name="sabotage">Changes what the kernel gets, to see that it shows.</param>
internal sealed class IpvsTwins(
    Scene scene, HostNetwork host, NodeFacts node, Family family, ulong seed, Func<string, string> sabotage,
    IpvsCoverage coverage)
{
    /// <summary>
    /// Longer than a jiffy, after which the kernel ends connections to real servers that are gone
    /// (include/net/ip_vs.h:ip_vs_enqueue_expire_nodest_conns @v6.1).
    /// </summary>
    private static readonly TimeSpan _update = TimeSpan.FromMilliseconds(50);

    private readonly ManualClock _clock = new();
    private Emulator.Emulator? _emulator;
    private IpvsArtifact? _has;

    public Seq<Ip> Bound => _has!.Addresses;

    /// <summary>A clean node by the files that ship; after that by plans, as an agent would.</summary>
    public void Update(ClusterState cluster)
    {
        var desired = Ipvs.Lower(ServiceGraphBuilder.Build(cluster, node, family).Graph, node).Artifact;
        if (_has is not { } observed)
        {
            Start(desired);
            return;
        }

        foreach (var step in Ipvs.Plan(observed, desired))
        {
            // Nobody counts connections here, so nothing that drains is done with it.
            if (step is IpvsStep.Reap reap)
            {
                coverage.Count("draining", reap.Commands.Count);
                continue;
            }

            scene.Apply(step, family, sabotage);
            foreach (var command in CommandsOf(step))
            {
                _has = Ipvs.Apply(_has, command);
                _emulator!.Load(IpvsTranslator.Translate(_has));
            }
        }

        scene.Pause(_update);
        _clock.Advance(_update);
    }

    /// <returns>The probe's number in the scene, and what the emulator says of it.</returns>
    public (uint Number, Ending Expected) Send(Probe probe)
    {
        var packet = Packet.First(probe.Tuple, probe.InputInterface);
        if (probe.Tcp is { } segment) packet = packet with { Tcp = segment.Flags };
        var passage = _emulator!.Send(packet);
        coverage.Count(passage);
        if (Drains(probe.Tuple, passage.Sent.Tuple)) coverage.Count("kept while draining");
        return (scene.Send(probe), Expectations.EndingOf(passage, host, probe));
    }

    /// <summary>A server of weight 0 got it.</summary>
    private bool Drains(FlowTuple probe, FlowTuple sent) => _has!.Servers.Any(server =>
        (server.Address, server.Protocol, server.Port) == (probe.Destination, probe.Protocol, probe.DestinationPort) &&
        server.RealServers.Any(real =>
            real.Weight == 0 && real.Endpoint == new Endpoint(sent.Destination, sent.DestinationPort)));

    private void Start(IpvsArtifact desired)
    {
        var files = Ipvs.Print(desired);
        foreach (var file in files) scene.Apply(file with { Text = sabotage(file.Text) });
        var parsed = Ipvs.Parse(files, family);
        if (parsed.HasErrors) throw new InvalidOperationException($"our own text does not parse: {parsed.Diagnostics}");
        _has = parsed.Artifact;
        _emulator = new Emulator.Emulator(IpvsTranslator.Translate(_has), host, _clock, new SeededRandom(seed));
    }

    /// <summary>ipvsadm carries its lines out one by one, and schedulers notice each.</summary>
    private static IEnumerable<IpvsStep> CommandsOf(IpvsStep step) => step is IpvsStep.ChangeServers servers
        ? servers.Commands.Select(command => new IpvsStep.ChangeServers([command]))
        : [step];
}
