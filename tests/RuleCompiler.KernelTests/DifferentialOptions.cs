using System.Globalization;
using RuleCompiler.KernelTests.Probing;

namespace RuleCompiler.KernelTests;

/// <summary>What <c>dev.cs kernel</c> asks for; the defaults are CI's.</summary>
internal sealed record DifferentialOptions(int Packets, ulong Seed, int Clusters, IReadOnlyList<Flavour> Flavours)
{
    public static DifferentialOptions FromEnvironment() => new(
        (int)Number("PACKETS", 200_000), Number("SEED", 20260101), (int)Number("CLUSTERS", 200),
        Environment.GetEnvironmentVariable("RULEC_KERNEL_FLAVOUR") switch
        {
            "nft" => [Flavour.Nft],
            "legacy" => [Flavour.Legacy],
            "nftables" => [Flavour.Nftables],
            _ => Probing.Flavours.All,
        });

    private static ulong Number(string name, ulong otherwise) =>
        ulong.TryParse(Environment.GetEnvironmentVariable($"RULEC_KERNEL_{name}"), CultureInfo.InvariantCulture, out var number)
            ? number
            : otherwise;
}
