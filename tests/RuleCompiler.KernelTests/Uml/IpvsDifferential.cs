using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Probing;
using RuleCompiler.Tests.Gen;

namespace RuleCompiler.KernelTests.Uml;

/// <summary>
/// The same packets, in the same order, through the emulator and through a kernel with IPVS. Schedulers count and
/// remember, but nothing in them is chance: each packet has one right ending.
/// </summary>
/// <param name="sabotage">Changes what the kernel gets, to see that it shows.</param>
internal sealed class IpvsDifferential(GuestKernel kernel, Func<string, string>? sabotage = null)
{
    private static readonly Family[] _families = [Family.Ipv4, Family.Ipv6];

    /// <summary>Every probe has a port of its own, so that none belongs to another's flow.</summary>
    private const int FirstSourcePort = 10_000;

    public long Packets { get; private set; }

    /// <summary>Endings by kind: a run that never sees one of them tests less than it says.</summary>
    public SortedDictionary<string, long> Endings { get; } = new(StringComparer.Ordinal);

    /// <summary>Virtual servers by scheduler.</summary>
    public SortedDictionary<string, long> Schedulers { get; } = new(StringComparer.Ordinal);

    /// <returns>Differences; none when the kernel does as the emulator says.</returns>
    public List<string> Run(Scenario scenario, ulong seed, int packets)
    {
        scenario = scenario.In(ProxyMode.Ipvs);
        var hosts = Array.ConvertAll(_families, family => HostNetworks.For(scenario.Node, family));
        var scene = Scene.Of(hosts);
        var sent = new List<(Probe Probe, uint Number, Ending Expected)>();
        for (var i = 0; i < _families.Length; i++)
        {
            var program = Load(scene, scenario, _families[i]);
            var emulator = new Emulator.Emulator(program, hosts[i], new ManualClock(), new SeededRandom(seed));
            foreach (var probe in Probes(scenario, _families[i], seed, packets / _families.Length))
            {
                var passage = emulator.Send(Packet.First(probe.Tuple, probe.InputInterface));
                sent.Add((probe, scene.Send(probe), Expectations.EndingOf(passage, hosts[i], probe)));
            }
        }

        var seen = kernel.Play(scene);
        Packets += sent.Count;
        var differences = new List<string>();
        foreach (var (probe, number, expected) in sent)
        {
            var ending = seen.EndingOf(number, probe);
            Endings[ending.GetType().Name] = Endings.GetValueOrDefault(ending.GetType().Name) + 1;
            if (ending != expected)
                differences.Add($"packet {number}, {probe}\n  emulator {expected}\n  kernel   {ending}");
        }

        return differences;
    }

    /// <summary>The text into the kernel, and the program of that text.</summary>
    private Program Load(Scene scene, Scenario scenario, Family family)
    {
        var graph = ServiceGraphBuilder.Build(scenario.Cluster, scenario.Node, family).Graph;
        var files = Ipvs.Print(Ipvs.Lower(graph, scenario.Node).Artifact);
        foreach (var file in files.AsEnumerable())
            scene.Apply(sabotage is null ? file : file with { Text = sabotage(file.Text) });
        var parsed = Ipvs.Parse(files, family);
        if (parsed.HasErrors) throw new InvalidOperationException($"our own text does not parse: {parsed.Diagnostics}");
        foreach (var server in parsed.Artifact.Servers.AsEnumerable())
        {
            var name = server.Scheduler.ToString();
            Schedulers[name] = Schedulers.GetValueOrDefault(name) + 1;
        }

        return IpvsTranslator.Translate(parsed.Artifact);
    }

    /// <summary>The covering flows in an order of the seed, as many as fit; where there are too few, all again.</summary>
    private static IEnumerable<Probe> Probes(Scenario scenario, Family family, ulong seed, int limit)
    {
        var random = new SeededRandom(seed);
        var flows = FlowGen.Covering(scenario, family)
            .Select(flow => (Key: random.Next(), Flow: flow)).OrderBy(one => one.Key).Select(one => one.Flow).ToArray();
        for (var i = 0; flows.Length > 0 && i < limit; i++)
        {
            var flow = flows[i % flows.Length];
            yield return new Probe(
                new FlowTuple(
                    flow.Source, new Port((ushort)(FirstSourcePort + i)), flow.Protocol,
                    flow.Destination, flow.DestinationPort),
                flow.InputInterface);
        }
    }
}
