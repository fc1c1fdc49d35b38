using System.Globalization;

namespace RuleCompiler.Bench;

/// <summary>
/// kube-proxy 1.36's own table for the 5,000 × 10 cluster (nft list ruleset), which nft reads as it is, and the change of
/// one Service's endpoints: its chain is flushed and its one rule written again (service-semantics §5).
/// </summary>
internal sealed class NftPeer
{
    private const string ChainHead = "\tchain ", ServicePrefix = "service-", FirstElement = "map { 0 : ";

    private readonly string _chain, _rule;

    private NftPeer(string whole, string chain, string rule)
    {
        Whole = whole;
        _chain = chain;
        _rule = rule;
    }

    public string Whole { get; }

    public static NftPeer Load(string path)
    {
        var whole = Clusters.Unzip(path);
        var chain = "";
        foreach (var line in whole.Split('\n'))
        {
            if (line.StartsWith(ChainHead + ServicePrefix, StringComparison.Ordinal)) chain = line[ChainHead.Length..^2];
            else if (chain.Length > 0 && line.Contains(FirstElement, StringComparison.Ordinal))
                return new NftPeer(whole, chain, line.Trim());
        }

        throw new InvalidOperationException($"{path} has no chain of a Service");
    }

    /// <summary>The transaction that gives the first endpoint of a Service another port.</summary>
    public string Change(int port)
    {
        var dot = _rule.IndexOf(" . ", _rule.IndexOf(FirstElement, StringComparison.Ordinal), StringComparison.Ordinal) + 3;
        var rule = string.Create(
            CultureInfo.InvariantCulture, $"{_rule[..dot]}{port}{_rule[_rule.IndexOf(',', dot)..]}");
        return $"flush chain ip kube-proxy {_chain}\nadd rule ip kube-proxy {_chain} {rule}\n";
    }
}
