using RuleCompiler.Ir;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube.Kinds;

/// <summary>networking.k8s.io ServiceCIDR.</summary>
internal static class ServiceCidrReader
{
    public static ServiceCidr? Read(Value root, string name)
    {
        var errors = root.Report.Errors;
        var cidrs = ServiceReader.PrefixesOf(root["spec"].AsMap()["cidrs"]);
        return root.Report.Errors == errors ? new ServiceCidr(name, cidrs, root.Location) : null;
    }
}
