using RuleCompiler.Backends.Ipvs;
using RuleCompiler.KernelTests.Uml;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>Generated packets at generated clusters in IPVS mode: the kernel against the emulator.</summary>
public sealed class IpvsDifferentialTests(GuestKernel kernel, ITestOutputHelper output)
{
    private const int DifferencesShown = 10;
    private const int PacketsMin = 5000;
    private const int SabotagedClusters = 5;
    private const int SabotagePackets = 200;
    private const ulong SabotageSeed = 9_100_000;

    private static readonly string[] _schedulers =
        [.. Enum.GetNames<Scheduler>().Select(name => name.ToLowerInvariant())];

    /// <summary>
    /// What CI's run must have met, beside every scheduler. That flows are kept while a server drains is rarely met by
    /// chance; IpvsFactTests ask for it.
    /// </summary>
    private static readonly string[] _features =
    [
        "Sent", "Delivered", "Rejected", "Nothing", "affinity", "draining",
        "KUBE-CLUSTER-IP", "KUBE-EXTERNAL-IP", "KUBE-EXTERNAL-IP-LOCAL", "KUBE-LOAD-BALANCER",
        "KUBE-LOAD-BALANCER-LOCAL", "KUBE-LOAD-BALANCER-FW", "KUBE-LOAD-BALANCER-SOURCE-CIDR",
        "KUBE-LOAD-BALANCER-SOURCE-IP",
        "KUBE-NODE-PORT-TCP", "KUBE-NODE-PORT-UDP",
        "KUBE-NODE-PORT-SCTP-HASH", "KUBE-NODE-PORT-LOCAL-TCP", "KUBE-NODE-PORT-LOCAL-UDP",
        "KUBE-NODE-PORT-LOCAL-SCTP-HASH", "KUBE-NODE-PORT-IPS", "KUBE-HEALTH-CHECK-NODE-PORT", "KUBE-IPVS-IPS",
        "KUBE-LOOP-BACK", "KUBE-DROP-ALL", "KUBE-DROP-EXTERNAL",
    ];

    [Fact]
    public void The_kernel_does_with_every_packet_what_the_emulator_says()
    {
        var options = DifferentialOptions.FromEnvironment();
        Assert.SkipUnless(options.Ipvs, "another --flavour was asked for");
        var run = new IpvsDifferential(kernel);
        var (differences, clusters) = (new List<string>(), options.IpvsClusters);
        var started = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < clusters; i++)
        {
            var seed = options.Seed + (ulong)i;
            differences.AddRange(run.Run(HistoryOf(seed), seed, options.IpvsPackets / clusters)
                .Select(difference => $"--seed {seed} --clusters 1: {difference}"));
        }

        output.WriteLine(
            $"ipvs: {differences.Count} differences, {run.Packets} packets over {clusters} clusters " +
            $"from seed {options.Seed} in " +
            $"{TimeProvider.System.GetElapsedTime(started).TotalSeconds:F1} s; met: {run.Coverage}");
        Assert.True(differences.Count == 0,
            $"{differences.Count} differences\n" + string.Join('\n', differences.Take(DifferencesShown)));
        if (!options.IsCi) return;
        Assert.Empty(run.Coverage.Missing(_schedulers.Concat(_features)));
        Assert.True(run.Packets >= PacketsMin, $"{run.Packets} packets");
    }

    /// <summary>
    /// A comparison that never fails proves nothing: each of these changes one kind of line in the kernel only.
    /// </summary>
    [Theory]
    [InlineData(":8080 -m", ":8081 -m")]
    [InlineData("-w 1", "-w 0")]
    [InlineData("-j KUBE-MARK-MASQ", "-j RETURN")]
    [InlineData("-j MASQUERADE --random-fully", "-j ACCEPT")]
    public void A_wrong_line_in_the_kernel_is_noticed(string right, string wrong)
    {
        var run = new IpvsDifferential(kernel, text => text.Replace(right, wrong, StringComparison.Ordinal));
        var differences = 0;
        for (var seed = SabotageSeed; seed < SabotageSeed + SabotagedClusters && differences == 0; seed++)
            differences = run.Run(HistoryOf(seed), seed, SabotagePackets).Count;
        Assert.True(differences > 0, "nothing was noticed");
    }

    /// <summary>Every scheduler in its turn.</summary>
    private static History HistoryOf(ulong seed)
    {
        var history = Fuzz.Sample(UpdateGen.History, seed);
        var (node, config) = (history.Node, history.Node.Config);
        var scheduler = _schedulers[seed % (ulong)_schedulers.Length];
        return history with
        {
            Node = node with { Config = config with { Ipvs = config.Ipvs with { Scheduler = scheduler } } },
        };
    }
}
