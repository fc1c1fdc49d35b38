using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Inputs;

/// <summary>Which node the rules are for.</summary>
internal static class NodeChoice
{
    /// <summary>
    /// The named one, else the configuration's hostnameOverride, else the only Node. Null, and reported, when that
    /// names nothing.
    /// </summary>
    /// <param name="mayBeUnknown">The command line gives addresses, so that no Node object is needed.</param>
    public static Node? Choose(
        string? named, ProxyConfig config, ClusterState cluster, bool mayBeUnknown, Session session)
    {
        var nodes = cluster.Nodes
            .DistinctBy(node => node.Name)
            .OrderBy(node => node.Name, StringComparer.Ordinal)
            .ToList();
        var (wanted, origin) =
            named is not null ? (named, "--node") :
            config.HostnameOverride.Length > 0 ? (config.HostnameOverride, "hostnameOverride") :
            (null, "");
        if (wanted is null)
        {
            if (nodes.Count == 1) return nodes[0];
            return Refuse(
                nodes.Count == 0
                    ? "there is no Node among the input, and no node is named"
                    : $"there are {nodes.Count} Nodes, and none is named",
                $"give --node NAME; {Known(nodes)}");
        }

        var name = wanted.Trim().ToLowerInvariant();
        var found = nodes.Find(node => node.Name == name);
        if (found is not null) return found;
        if (mayBeUnknown) return new Node(name, null, [], [], default);
        var nearest = Nearest.To(name, nodes.Select(node => node.Name));
        var suggestion = nearest is null ? "" : $"did you mean '{nearest}'? ";
        return Refuse(
            $"{origin} is '{wanted}', but there is no such Node among the input",
            $"{suggestion}{Known(nodes)}; with --node-address no Node object is needed");

        Node? Refuse(string message, string hint)
        {
            session.Report(new Diagnostic(DiagnosticCatalog.NodeNotChosen, default, message, hint));
            return null;
        }
    }

    private static string Known(List<Node> nodes)
    {
        if (nodes.Count == 0) return "the input has no Nodes";
        var shown = string.Join(", ", nodes.Take(ShownMax).Select(node => node.Name));
        return nodes.Count > ShownMax
            ? $"the input has {shown} and {nodes.Count - ShownMax} more"
            : $"the input has {shown}";
    }

    private const int ShownMax = 10;
}
