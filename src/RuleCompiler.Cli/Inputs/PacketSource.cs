using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Inputs;

/// <summary>What <c>--from</c> names.</summary>
internal abstract record PacketSource
{
    private PacketSource()
    {
    }

    public sealed record Address(Ip Ip) : PacketSource;

    /// <summary>A process of the node itself, with the node's primary address.</summary>
    public sealed record Node : PacketSource;

    public sealed record Pod(ObjectName Name) : PacketSource;

    public const string Forms = "an IP address, pod/NAMESPACE/NAME or node";

    public static bool TryParse(string word, out PacketSource source)
    {
        source = new Node();
        if (word == "node") return true;
        if (word.StartsWith("pod/", StringComparison.Ordinal))
        {
            var name = word["pod/".Length..];
            var slash = name.IndexOf('/');
            if (slash <= 0 || slash == name.Length - 1 || name.LastIndexOf('/') != slash) return false;
            source = new Pod(new ObjectName(name[..slash], name[(slash + 1)..]));
            return true;
        }

        var isIp = Ip.TryParse(word, null, out var ip);
        if (isIp) source = new Address(ip);
        return isIp;
    }

    /// <summary>The source address in a family; null, and reported, when there is none.</summary>
    public Ip? Resolve(Family family, ClusterState cluster, NodeFacts node, Session session)
    {
        switch (this)
        {
            case Address { Ip: var ip }:
                return ip.Family == family
                    ? ip
                    : Refuse($"{ip} is no address of the destination's family", "give one of the same family");
            case Node:
                return node.Primary(family)
                    ?? Refuse(
                        $"no {family.ApiName()} address of node '{node.Name}' is known", "give --node-address");
            case Pod { Name: var name }:
                var found = cluster.EndpointSlices
                    .SelectMany(slice => slice.Endpoints.Where(endpoint => endpoint.Pod == name))
                    .Select(endpoint => (Ip?)endpoint.Address)
                    .FirstOrDefault(ip => ip!.Value.Family == family);
                return found ?? Refuse(
                    $"no EndpointSlice has an {family.ApiName()} endpoint whose targetRef is Pod {name}",
                    "only pods behind some Service are known from slices; give the pod's address instead");
            default:
                throw new System.Diagnostics.UnreachableException();
        }

        Ip? Refuse(string message, string hint)
        {
            session.Report(new Diagnostic(DiagnosticCatalog.UnknownSource, default, $"--from: {message}", hint));
            return null;
        }
    }
}
