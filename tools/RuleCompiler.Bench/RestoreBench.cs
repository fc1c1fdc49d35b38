using RuleCompiler.Ir;

namespace RuleCompiler.Bench;

/// <summary>How long the kernel's tools take to load our rules and kube-proxy's own, in fresh namespaces, in turns.</summary>
internal static class RestoreBench
{
    /// <summary>Enough for a median where a round takes little.</summary>
    private const int Rounds = 5, ChangeRounds = 8;

    public static IEnumerable<Row> Full()
    {
        var (graph, peer) = (Clusters.RecordedGraph(ProxyMode.Iptables), IptablesPeer.Load(Clusters.KubeProxySave));
        yield return Full("restore 5,000 × 10, legacy", Dataplane.Legacy, graph, peer.Whole(), Rounds, 3.5);
        // Half a minute of kube-proxy's rules a round.
        yield return Full(
            "restore 2,000 × 10, nft variant", Dataplane.NftVariant, Clusters.First(graph, 2000), peer.First(2000), 1, 30);
        yield return Full(
            "load 5,000 × 10, nftables", Dataplane.Nft, Clusters.RecordedGraph(ProxyMode.Nftables),
            NftPeer.Load(Clusters.KubeProxyNft).Whole, Rounds, 4);
    }

    /// <summary>One endpoint's port changes back and forth in a loaded table.</summary>
    public static IEnumerable<Row> Change()
    {
        var iptables = IptablesPeer.Load(Clusters.KubeProxySave);
        var (ours, theirs) = Change(
            Dataplane.Legacy, Clusters.RecordedGraph(ProxyMode.Iptables), iptables.Whole(), iptables.PartialSync);
        yield return Row.Faster("one endpoint's change at 5,000 × 10, legacy", ours, theirs, 3);

        var nft = NftPeer.Load(Clusters.KubeProxyNft);
        (ours, theirs) = Change(Dataplane.Nft, Clusters.RecordedGraph(ProxyMode.Nftables), nft.Whole, nft.Change);
        yield return Row.AtMost("one endpoint's change at 5,000 × 10, nftables", ours, 50, " ms", theirs);
        // kube-proxy's table was recorded for 5,000 Services.
        (ours, theirs) = Change(Dataplane.Nft, Clusters.Plain(10_000, Clusters.RecordedNode(ProxyMode.Nftables)), nft.Whole, nft.Change);
        yield return Row.AtMost("one endpoint's change at 10,000 × 10, nftables (reference at 5,000)", ours, 50, " ms", theirs);
    }

    private static Row Full(string name, Dataplane plane, ServiceGraph graph, string theirs, int rounds, double goal)
    {
        var ours = plane.Rules(graph);
        var times = Measure.Interleaved(rounds, () => Fresh(plane, ours), () => Fresh(plane, theirs));
        return Row.Faster(name, times.Ours, times.Theirs, goal);
    }

    private static (double Ours, double Theirs) Change(
        Dataplane plane, ServiceGraph graph, string theirs, Func<int, string> theirChange)
    {
        var changed = Clusters.WithFirstPort(graph, 9999);
        string[] steps = [plane.Steps(graph, changed), plane.Steps(changed, graph)];
        string[] partial = [theirChange(9999), theirChange(8080)];
        using var mine = Places.Create("ours");
        using var other = Places.Create("peer");
        mine.Load(plane, plane.Rules(graph));
        other.Load(plane, theirs);
        int ourTurn = 0, theirTurn = 0;
        return Measure.Interleaved(
            ChangeRounds, () => mine.Load(plane, steps[ourTurn++ % 2]), () => other.Load(plane, partial[theirTurn++ % 2]));
    }

    private static double Fresh(Dataplane plane, string text)
    {
        using var place = Places.Create("restore");
        return place.Load(plane, text);
    }
}
