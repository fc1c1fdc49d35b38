using RuleCompiler.Ir.Net;
using Xunit;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>The packet filters that a namespace of the running kernel can have. <see cref="Flavours"/> says how each is driven.</summary>
public enum Flavour
{
    /// <summary>iptables rules in nf_tables.</summary>
    Nft,

    /// <summary>iptables rules in x_tables.</summary>
    Legacy,

    /// <summary>nftables mode's own tables.</summary>
    Nftables,
}

internal static class Flavours
{
    private static readonly IKernelRoom _nft = IptablesRoom.Of("nft"), _legacy = IptablesRoom.Of("legacy");
    private static readonly IKernelRoom _nftables = NftablesRoom.Create();

    public static IReadOnlyList<Flavour> All { get; } = Enum.GetValues<Flavour>();

    /// <summary>For theories.</summary>
    public static TheoryData<Flavour> Each { get; } = [.. All];

    public static TheoryData<Flavour, Family> EachFamily { get; } = new MatrixTheoryData<Flavour, Family>(All, [Family.Ipv4, Family.Ipv6]);

    extension(Flavour flavour)
    {
        public IKernelRoom Room => flavour switch
        {
            Flavour.Nft => _nft,
            Flavour.Legacy => _legacy,
            Flavour.Nftables => _nftables,
        };
    }
}
