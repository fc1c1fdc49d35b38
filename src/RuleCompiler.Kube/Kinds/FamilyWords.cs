using RuleCompiler.Ir.Net;

namespace RuleCompiler.Kube.Kinds;

/// <summary>The API's names of the families, in ipFamilies and addressType.</summary>
internal static class FamilyWords
{
    public static readonly (string, Family)[] All =
        [.. Enum.GetValues<Family>().Select(family => (family.ApiName(), family))];
}
