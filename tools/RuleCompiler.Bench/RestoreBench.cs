using RuleCompiler.Ir;

namespace RuleCompiler.Bench;

/// <summary>How long the kernel's tools take to load our rules and kube-proxy's own, in fresh namespaces, in turns.</summary>
internal static class RestoreBench
{
    private const string Legacy = "iptables-legacy-restore";
    private const string Nft = "iptables-nft-restore";

    public static IEnumerable<Row> Full(NodeFacts node, ServiceGraph graph, Peer peer)
    {
        var ours = Clusters.Rules(graph, node);
        var theirs = peer.Whole();
        var legacy = Measure.Interleaved(5, () => Fresh(Legacy, ours), () => Fresh(Legacy, theirs));
        yield return Row.Faster("restore 5,000 × 10, legacy", legacy.Ours, legacy.Theirs, 3.5);

        var ours2000 = Clusters.Rules(Clusters.First(graph, 2000), node);
        var theirs2000 = peer.First(2000);
        var nft = Measure.Interleaved(1, () => Fresh(Nft, ours2000), () => Fresh(Nft, theirs2000));
        yield return Row.Faster("restore 2,000 × 10, nft variant", nft.Ours, nft.Theirs, 30);
    }

    /// <summary>One endpoint's port changes back and forth in a loaded table.</summary>
    public static IEnumerable<Row> Change(NodeFacts node, ServiceGraph graph, Peer peer)
    {
        var changed = Clusters.WithFirstPort(graph, 9999);
        string[] steps = [Clusters.Steps(graph, changed, node), Clusters.Steps(changed, graph, node)];
        string[] partial = [peer.PartialSync(9999), peer.PartialSync(8080)];
        using var mine = new Namespace("ours");
        using var other = new Namespace("peer");
        mine.Restore(Legacy, Clusters.Rules(graph, node));
        other.Restore(Legacy, peer.Whole());
        int ourTurn = 0, theirTurn = 0;
        var (ours, theirs) = Measure.Interleaved(
            8, () => mine.Restore(Legacy, steps[ourTurn++ % 2]), () => other.Restore(Legacy, partial[theirTurn++ % 2]));
        yield return Row.Faster("one endpoint's change at 5,000 × 10, legacy", ours, theirs, 3);
    }

    private static double Fresh(string tool, string text)
    {
        using var place = new Namespace("restore");
        return place.Restore(tool, text);
    }
}
