using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <content>Matches that rules around IPVS are made of.</content>
public sealed partial class IptablesBackend
{
    /// <summary>IPSET_MAXNAMELEN is 32 with the final NUL (uapi/linux/netfilter/ipset/ip_set.h @v6.1).</summary>
    internal const int SetNameCharsMax = 31;

    /// <summary>IPSET_DIM_MAX (include/uapi/linux/netfilter/ipset/ip_set.h @v6.1).</summary>
    internal const int SetDimensionsMax = 6;

    /// <summary>NAME src,dst,… as it is saved (extensions/libxt_set.c:print_match @iptables 1.8.9).</summary>
    private static void PrintSet(ArtifactWriter writer, string name, Seq<SetDimension> dimensions)
    {
        if (name.Length > SetNameCharsMax) throw Unprintable($"a set's name of more than {SetNameCharsMax} characters");
        if (dimensions.Count is 0 or > SetDimensionsMax) throw Unprintable($"a set of {dimensions.Count} dimensions");
        PrintWord(writer, name);
        for (var i = 0; i < dimensions.Count; i++)
        {
            writer.Write(i == 0 ? ' ' : ',');
            writer.Write(DimensionName(dimensions[i]));
        }
    }

    internal static string DimensionName(SetDimension dimension) => dimension switch
    {
        SetDimension.Source => "src",
        SetDimension.Destination => "dst",
    };

    /// <summary>In the order of iptables-save (extensions/libxt_ipvs.c:ipvs_mt_dump @iptables 1.8.9).</summary>
    private static void PrintVirtualServer(ArtifactWriter writer, Match.ToVirtualServer server, Family family)
    {
        if (server.Address.Family != family) throw Unprintable($"{server} for {family}");
        writer.Write(" -m ipvs --vproto ");
        writer.Write((byte)server.Protocol);
        writer.Write(" --vaddr ");
        writer.Write(server.Address);
        writer.Write(" --vport ");
        writer.Write(server.Port);
    }
}
