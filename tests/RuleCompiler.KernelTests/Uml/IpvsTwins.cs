using RuleCompiler.Backends;
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
    private const string DumpEnd = "end of the dump";

    private readonly ManualClock _clock = new();
    private NetfilterMachine? _emulator;
    private IpvsArtifact? _has;

    public SortedSeq<Ip> Bound => _has!.Addresses;

    /// <summary>A clean node by the files that ship; after that by plans, as an agent would.</summary>
    public void Update(ClusterState cluster)
    {
        var desired = IpvsBackend.Instance.Lower(ServiceGraphBuilder.Build(cluster, node, family).Graph).Artifact;
        if (_has is not { } observed)
        {
            Start(desired);
            return;
        }

        foreach (var step in IpvsBackend.Instance.Plan(observed, desired))
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
                _has = IpvsBackend.Instance.Apply(_has, command);
                _emulator!.Load(IpvsTranslator.Translate(_has));
            }
        }

        scene.Settle();
        _clock.Advance(Scene.Settling);
    }

    /// <summary>
    /// Has the kernel say what it has now, for <see cref="StepsLeft"/>; but not raw, where the scene's own rule is.
    /// </summary>
    public void Dump()
    {
        var (iptables, version) = family == Family.Ipv4 ? ("iptables", 4) : ("ip6tables", 6);
        scene.Run(
            $"""
            echo '{DumpOf(family)}'
            ipset save
            ipvsadm -Sn
            for table in mangle nat filter; do {iptables}-legacy-save -t $table; done
            ip -o -{version} address show dev kube-ipvs0 | tr -s ' ' | cut -d ' ' -f 4 | cut -d / -f 1
            sysctl {string.Join(' ', _has!.Sysctls.Select(sysctl => sysctl.Name))}
            echo '{DumpEnd}'

            """,
            "sh");
    }

    /// <summary>What a plan still finds to do after all others, beside what drains.</summary>
    public IEnumerable<string> StepsLeft(Observations seen)
    {
        var lines = seen.Said.SkipWhile(line => line != DumpOf(family)).Skip(1).TakeWhile(line => line != DumpEnd);
        var dump = IpvsBackend.Instance.Parse([new ArtifactFile("dump", string.Join('\n', lines) + "\n")], family);
        if (dump.HasErrors) return [$"the dump does not parse: {dump.Diagnostics}"];
        return IpvsBackend.Instance.Plan(dump.Artifact, _has!)
            .Where(step => step is not IpvsStep.Reap)
            .Select(step => $"{family}, left to do: {IpvsBackend.Instance.PrintStep(step, family)}");
    }

    /// <returns>The probe's number in the scene, and what the emulator says of it.</returns>
    public (uint Number, Ending Expected) Send(Probe probe)
    {
        var packet = Packet.First(probe.Tuple, probe.InputInterface);
        if (probe.Tcp is { } segment) packet = packet with { Tcp = segment.Flags };
        var passage = _emulator!.Send(packet);
        coverage.Count(passage);
        if (Drains(probe.Tuple, passage.Sent.Tuple)) coverage.Count("kept while draining");
        var number = scene.Send(probe);

        // ip_vs_conn_expire_now sets the timer for this very jiffy: until the next one the connection is met again.
        if (passage.Steps.Any(step => step.Effect.EndsWith("the old server ends", StringComparison.Ordinal)))
            scene.Settle();
        return (number, Expectations.EndingOf(passage, host, probe));
    }

    private static string DumpOf(Family family) => $"dump of {family}";

    /// <summary>A server of weight 0 got it.</summary>
    private bool Drains(FlowTuple probe, FlowTuple sent) => _has!.Servers.Any(server =>
        (server.Address, server.Protocol, server.Port) == (probe.Destination, probe.Protocol, probe.DestinationPort) &&
        server.RealServers.Any(real =>
            real.Weight == 0 && real.Endpoint == new Endpoint(sent.Destination, sent.DestinationPort)));

    private void Start(IpvsArtifact desired)
    {
        var files = IpvsBackend.Instance.Print(desired);
        foreach (var file in files) scene.Apply(file with { Text = sabotage(file.Text) });
        var parsed = IpvsBackend.Instance.Parse(files, family);
        if (parsed.HasErrors) throw new InvalidOperationException($"our own text does not parse: {parsed.Diagnostics}");
        _has = parsed.Artifact;
        _emulator = new NetfilterMachine(IpvsTranslator.Translate(_has), host, _clock, new SeededRandom(seed));
    }

    /// <summary>ipvsadm carries its lines out one by one, and schedulers notice each.</summary>
    private static IEnumerable<IpvsStep> CommandsOf(IpvsStep step) => step is IpvsStep.ChangeServers servers
        ? servers.Commands.Select(command => new IpvsStep.ChangeServers([command]))
        : [step];
}
