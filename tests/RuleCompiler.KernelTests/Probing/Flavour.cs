using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Net;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>The two implementations of the iptables tools: over nf_tables, and over x_tables.</summary>
public enum Flavour
{
    Nft,
    Legacy,
}

internal static class FlavourTools
{
    extension(Flavour flavour)
    {
        public Flavour Other => flavour switch { Flavour.Nft => Flavour.Legacy, Flavour.Legacy => Flavour.Nft };
    }

    /// <summary>iptables-nft-restore --noflush and its three siblings.</summary>
    public static void Restore(this Flavour flavour, NetworkNamespace node, Family family, string text) =>
        node.Run(() => Tool.Run(flavour.ToolOf(family, "restore"), ["--noflush"], text));

    public static string Save(this Flavour flavour, NetworkNamespace node, Family family) =>
        node.Run(() => Tool.Run(flavour.ToolOf(family, "save"), []));

    /// <summary>What the kernel has, as our parser reads it.</summary>
    public static Backends.Parsed<IptablesRuleset> Observe(this Flavour flavour, NetworkNamespace node, Family family) =>
        Iptables.Parse([new Backends.ArtifactFile("iptables-save", flavour.Save(node, family))], family);

    private static string ToolOf(this Flavour flavour, Family family, string verb)
    {
        var name = family switch { Family.Ipv4 => "iptables", Family.Ipv6 => "ip6tables" };
        var kind = flavour switch { Flavour.Nft => "nft", Flavour.Legacy => "legacy" };
        return $"{name}-{kind}-{verb}";
    }
}
