using RuleCompiler.Ir.Net;

namespace RuleCompiler.Kube.Kinds;

/// <summary>The API's names of the families, in ipFamilies and addressType.</summary>
internal static class FamilyWords
{
    public static readonly (string, Family)[] All = [("IPv4", Family.Ipv4), ("IPv6", Family.Ipv6)];

    public static string Of(Family family) => family switch
    {
        Family.Ipv4 => "IPv4",
        Family.Ipv6 => "IPv6",
    };
}
