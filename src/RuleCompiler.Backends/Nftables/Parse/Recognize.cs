using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>What a text shows before it is parsed.</content>
public sealed partial class NftablesBackend
{
    /// <summary>Output of <c>nft list ruleset</c>, with or without -j, or a script for <c>nft -f</c>.</summary>
    public override bool Recognizes(Seq<ArtifactFile> files) =>
        DumpText.BeginsWithAny(files, ["{", "table ", "add table ", "delete table "]);

    public override Seq<Family> FamiliesOf(Seq<ArtifactFile> files) => DumpText.Families(
        ipv4: DumpText.Holds(files, "table ip ") || DumpText.Holds(files, "\"family\": \"ip\""),
        ipv6: DumpText.Holds(files, "table ip6 ") || DumpText.Holds(files, "\"family\": \"ip6\""));

    /// <summary>kube-proxy's table has a name of its own.</summary>
    public override bool IsKubeProxys(Seq<ArtifactFile> files) => DumpText.Holds(files, Names.KubeProxyTable);
}
