using System.Diagnostics;
using System.Globalization;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Kube;
using RuleCompiler.Linux;

namespace RuleCompiler.Bench;

/// <summary>What needs no kernel: compiling, reading rules, emulating.</summary>
internal static class InProcessBench
{
    /// <summary>Enough for the JIT to have optimised the loops.</summary>
    private const int WarmUps = 15;
    private const int Rounds = 9;
    /// <summary>Below the conntrack limit of a node, so that no flow is turned away.</summary>
    private const int Flows = 200_000;

    public static IEnumerable<Row> Text()
    {
        var (node, graph) = (Clusters.RecordedNode(ProxyMode.Iptables), Clusters.RecordedGraph(ProxyMode.Iptables));
        yield return Row.AtMost(
            "graph → text, 5,000 × 10, warm", Warm(() => Dataplane.Legacy.Rules(graph)), 150, " ms");
    }

    /// <summary>In a process of its own, since the peak of memory is a process's.</summary>
    public static IEnumerable<Row> Yaml()
    {
        var output = Tool.Run(Environment.ProcessPath!, ["yaml-worker"]).Split(' ');
        yield return Row.AtMost("12 MB YAML → text, cold process", Number(output[0]), 2500, " ms");
        yield return Row.AtMost("… its peak memory", Number(output[1]), 400, " MB");
    }

    public static int YamlWorker()
    {
        var milliseconds = Measure.Milliseconds(() =>
        {
            var cluster = ClusterReader.Read([new InputFile("cluster.yaml", Clusters.RecordedYaml())]).Cluster;
            var node = Clusters.RecordedNode(ProxyMode.Iptables);
            Dataplane.Legacy.Rules(Clusters.Graph(cluster, node));
        });
        var peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
        var kilobytes = Number(peak.Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim());
        Console.Write(string.Create(CultureInfo.InvariantCulture, $"{milliseconds} {kilobytes / 1024}"));
        return 0;
    }

    public static IEnumerable<Row> Parse()
    {
        var save = Clusters.Unzip(Clusters.KubeProxySave);
        var rules = save.AsSpan().Count("\n-A ");
        yield return Row.AtLeast(
            $"parse kube-proxy's dump, {rules:#,0} rules", rules / Warm(() => IptablesBackend.Instance.Parse([new("save", save)], Family.Ipv4)), 500,
            " thousand rules/s");

        var list = Clusters.Unzip(Clusters.KubeProxyNft);
        yield return Row.AtMost(
            $"parse kube-proxy's nft list ruleset, {list.AsSpan().Count('\n'):#,0} lines",
            Warm(() => NftablesBackend.Instance.Parse([new("list", list)], Family.Ipv4)), 1000, " ms");
    }

    public static IEnumerable<Row> Emulate()
    {
        var (node, graph) = (Clusters.RecordedNode(ProxyMode.Iptables), Clusters.RecordedGraph(ProxyMode.Iptables));
        var text = new ArtifactFile("iptables.rules", Dataplane.Legacy.Rules(graph));
        var program = IptablesTranslator.Translate(IptablesBackend.Instance.Parse([text], Family.Ipv4).Artifact);
        var frontends = graph.ServicePorts.Select(port => (port.Name.Protocol, port.Frontends[0].Address!.Value, port.Frontends[0].Port)).ToArray();
        var rates = new double[3];
        for (var round = 0; round < rates.Length; round++)
        {
            var emulator = new NetfilterMachine(
                program, HostNetworks.For(node, Family.Ipv4), TimeProvider.System, new SeededRandom((ulong)round));
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Flows; i++)
            {
                var (protocol, address, port) = frontends[(int)((uint)i * 2654435761u % (uint)frontends.Length)];
                var source = Ip.V4(0x0A400000u + 2 + (uint)(i / 50_000));
                var tuple = new FlowTuple(source, new Port((ushort)(10_000 + (i % 50_000))), protocol, address, port);
                emulator.Send(Packet.First(tuple, "cni0"), trace: false);
            }

            rates[round] = Flows / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        yield return Row.AtLeast("emulator, new flows at 5,000 services", Measure.Median(rates) / 1000, 200, " thousand flows/s");
    }

    /// <summary>The median in milliseconds when the JIT has done its work.</summary>
    private static double Warm(Action action)
    {
        for (var i = 0; i < WarmUps; i++) action();
        var times = new double[Rounds];
        for (var i = 0; i < Rounds; i++) times[i] = Measure.Milliseconds(action);
        return Measure.Median(times);
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
