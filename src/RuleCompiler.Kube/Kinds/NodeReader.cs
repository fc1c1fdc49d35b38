using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube.Kinds;

/// <summary>v1 Node: zone, pod CIDRs and addresses (service-semantics §1.1, §3.2, §3.8).</summary>
internal static class NodeReader
{
    public const string ZoneLabel = "topology.kubernetes.io/zone";

    public static Node? Read(Value root, string name)
    {
        var errors = root.Report.Errors;
        var zone = Metadata.Label(root, ZoneLabel).AsText();
        var spec = root["spec"].AsMap();
        var podCidrs = ServiceReader.PrefixesOf(spec["podCIDRs"]);
        if (podCidrs.IsEmpty && spec["podCIDR"].AsPrefix() is { } only) podCidrs = [only];
        var list = root["status"].AsMap()["addresses"];
        Ip[] addresses = [.. AddressesOf(list, "InternalIP"), .. AddressesOf(list, "ExternalIP")];
        return root.Report.Errors == errors ? new Node(name, zone, podCidrs, addresses.ToSeq(), root.Location) : null;
    }

    private static List<Ip> AddressesOf(Value list, string type)
    {
        var addresses = new List<Ip>();
        foreach (var item in list.Items())
        {
            if (item.AsMap()["type"].PeekText() != type) continue;
            if (item["address"].AsAddress() is { } address) addresses.Add(address);
        }

        return addresses;
    }
}
