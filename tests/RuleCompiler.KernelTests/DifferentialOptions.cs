using System.Globalization;
using RuleCompiler.KernelTests.Probing;

namespace RuleCompiler.KernelTests;

/// <summary>What <c>dev.cs kernel</c> asks for; the defaults are CI's.</summary>
internal sealed record DifferentialOptions(int Packets, ulong Seed, int Clusters, IReadOnlyList<Flavour> Flavours)
{
    /// <summary>A user-mode kernel is some fifty times slower.</summary>
    private const int IpvsShare = 30;

    private const int CiPackets = 200_000;
    private const ulong CiSeed = 20260101;
    private const int CiClusters = 200;

    public bool Ipvs { get; private init; }

    public bool IsCi => (Packets, Seed, Clusters) == (CiPackets, CiSeed, CiClusters);

    public int IpvsPackets => Math.Max(1, Packets / IpvsShare);

    /// <summary>Of 200: two for each of the thirteen schedulers.</summary>
    public int IpvsClusters => Math.Max(1, Clusters * 26 / 200);

    public static DifferentialOptions FromEnvironment() => new(
        (int)Number("PACKETS", CiPackets), Number("SEED", CiSeed), (int)Number("CLUSTERS", CiClusters),
        Environment.GetEnvironmentVariable("RULEC_KERNEL_FLAVOUR") switch
        {
            "nft" => [Flavour.Nft],
            "legacy" => [Flavour.Legacy],
            "nftables" => [Flavour.Nftables],
            "ipvs" => [],
            _ => Probing.Flavours.All,
        })
    {
        Ipvs = Environment.GetEnvironmentVariable("RULEC_KERNEL_FLAVOUR") is null or "" or "all" or "ipvs",
    };

    private static ulong Number(string name, ulong otherwise) =>
        ulong.TryParse(Environment.GetEnvironmentVariable($"RULEC_KERNEL_{name}"), CultureInfo.InvariantCulture, out var number)
            ? number
            : otherwise;
}
