using RuleCompiler.Ir;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube.Kinds;

/// <summary>The part that all kinds share.</summary>
internal static class Metadata
{
    /// <summary>What kubectl puts an object in that says nothing.</summary>
    private const string DefaultNamespace = "default";

    /// <summary>A namespaced object's name; null when either part is wrong, which is reported.</summary>
    public static ObjectName? NameOf(Value root)
    {
        var metadata = MapOf(root);
        var space = metadata["namespace"];
        var name = metadata["name"];
        var namespaceText = space.IsPresent ? space.AsDnsLabel() : DefaultNamespace;
        return name.AsDnsSubdomain() is { } text && namespaceText is not null
            ? new ObjectName(namespaceText, text)
            : null;
    }

    public static string? ClusterNameOf(Value root) => MapOf(root)["name"].AsDnsSubdomain();

    private static Value MapOf(Value root)
    {
        var metadata = root["metadata"];
        var map = metadata.AsMap();
        if (!metadata.IsPresent)
            metadata.FailMissing("one with a name");
        else if (!map["name"].IsPresent)
            map["name"].FailMissing("a name");
        return map;
    }

    public static Value Label(Value root, string key) => root["metadata"]["labels"].AsMap()[key];

    /// <summary>A label that excludes by being there, even when it is empty (service-semantics §1.1).</summary>
    public static bool HasLabel(Value root, string key) => root["metadata"]["labels"][key].IsPresent;
}
