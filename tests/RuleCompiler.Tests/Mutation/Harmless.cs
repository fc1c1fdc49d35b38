namespace RuleCompiler.Tests.Mutation;

/// <summary>
/// Why an edit may change nothing that a packet could see: the reasons that were found for those of a full run. An edit
/// without a reason is for a human to look at.
/// </summary>
internal static class Harmless
{
    // The first row that fits counts; "" fits every place.
    private static readonly (string Kind, string Place, string Reason)[] _reasons =
    [
        ("swap", "", "the two rules are about different packets, or end the same"),
        ("jump to goto", "", "the chain ends every packet, or nothing follows the jump for those that come back"),
        ("state", "nat", "nat sees first packets only"),
        ("state", "filter KUBE-FIREWALL", "an error about a translated flow has the state DNAT too"),
        ("state", "filter KUBE-FORWARD", "packets in this state are decided by a rule in front"),
        ("state", "filter", "errors are ICMP, which no refusal names; invalid, established and translated packets return"),
        ("unmatch", "nat KUBE-SVC-", "the way to the mark has asked for it"),
        ("unmatch", "nat KUBE-SVL-", "the way to the mark has asked for it"),
        ("unmatch", "nat KUBE-EXT-", "whoever else is marked by it is refused later"),
        ("unmatch", "filter FORWARD", "KUBE-FORWARD has ended what is not new, or the chain behind is empty"),
        ("unmatch", "filter KUBE-FORWARD", "the tree matches nothing else"),
        ("unmatch", "nat KUBE-POSTROUTING", "only what is translated reaches itself"),
        ("prefix", "nat KUBE-SVC-", "the way to the mark has asked for the address"),
        ("prefix", "nat KUBE-SVL-", "the way to the mark has asked for the address"),
        ("prefix", "nat KUBE-SERVICES", "the neighbour has its own rule in front, or is no address (::)"),
        ("prefix", "filter KUBE-SERVICES", "the neighbour is translated, and returns in front"),
        ("prefix", "filter KUBE-EXTERNAL-SERVICES", "the neighbour is no address (::), or not the node's"),
        ("prefix", "nat KUBE-FW-", "the neighbour is in another range, or is nobody's address"),
        ("prefix", "filter KUBE-FIREWALL", "nothing is sent from or to that half"),
        ("prefix", "KUBE-SEP-HAIRPIN", "no endpoint has the neighbour's address"),
        ("address", "nat KUBE-FW-", "another range has the source"),
        ("target", "nat KUBE-FW-", "another range has the source"),
        ("delete", "nat KUBE-FW-", "a comment without a target, or another range has the source"),
        ("delete", "filter", "the chain behind it is empty, or no endpoint is on a refusing frontend"),
        ("invert", "filter", "the chain behind it is empty"),
        ("unmatch", "filter", "the chain behind it is empty, or a rule in front has asked"),
        ("target", "filter", "the chain behind it is empty, or leads to the same refusals"),
    ];

    public const string Unknown = "no reason known";

    public static string Why(Mutant mutant) => _reasons
        .Where(row => row.Kind == mutant.Kind && mutant.Place.Contains(row.Place, StringComparison.Ordinal))
        .Select(row => row.Reason).FirstOrDefault(Unknown);
}
