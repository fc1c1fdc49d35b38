using System.IO.Compression;

namespace RuleCompiler.Bench;

/// <summary>
/// kube-proxy 1.36's own rules for the 5,000 × 10 cluster, as inputs for the restore tools: the whole, the part of the
/// first Services, and what a partial sync writes (service-semantics §4.7).
/// </summary>
/// <remarks>
/// They were recorded by iptables-save, which sorts chains by name. kube-proxy writes Service after Service, in the order
/// of a Go map, each with its chain and then those of its endpoints (pkg/proxy/iptables/proxier.go:syncProxyRules @v1.36);
/// KUBE-SERVICES still has that order, and here it is restored: iptables-nft-restore 1.8.9 keeps chains in a sorted list,
/// and takes 40 s of processor time for 22,000 chains that come in kube-proxy's order, 9 s for sorted ones.
/// Matches on nfacct are left out since their counters do not exist in a fresh namespace.
/// </remarks>
internal sealed class IptablesPeer
{
    private const string Dispatch = "KUBE-SERVICES", Canary = "KUBE-PROXY-CANARY";

    private readonly Table _filter = new();
    private readonly Table _nat = new();

    private IptablesPeer()
    {
    }

    public static IptablesPeer Load(string path)
    {
        var peer = new IptablesPeer();
        Table? table = null;
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('*')) table = line switch { "*filter" => peer._filter, "*nat" => peer._nat, _ => null };
            else if (line.StartsWith(':')) table?.Declarations.Add(line);
            else if (line.StartsWith("-A", StringComparison.Ordinal)) table?.Rules.Add(WithoutNfacct(line));
        }

        return peer;
    }

    public string Whole() => First(int.MaxValue);

    /// <summary>The rules that kube-proxy would have for the first <paramref name="services"/> Services alone.</summary>
    public string First(int services) => Text(
        [.. _filter.Declarations, .. _filter.Rules], Nat(_nat.Services().Take(services), [], _ => true));

    /// <summary>A partial sync of the first Service: every dispatch rule, and the Service's own chains.</summary>
    /// <param name="port">Written in place of the first endpoint's port, so that something changes.</param>
    public string PartialSync(int port)
    {
        var nat = Nat(_nat.Services().Take(1), _nat.Services().Skip(1), IsOwn);
        var translation = nat.FindIndex(line => line.Contains("--to-destination ", StringComparison.Ordinal));
        nat[translation] = $"{nat[translation][..(nat[translation].LastIndexOf(':') + 1)]}{port}";
        return Text(
            [.. _filter.Declarations.Where(line => IsOwn(ChainOf(line))), .. _filter.Rules.Where(line => IsOwn(ChainOf(line)))],
            nat);
    }

    /// <summary>Of the chains that belong to no Service, those that are wanted; behind them Service after Service.</summary>
    /// <param name="others">Services of which only the rule that leads to them is written.</param>
    private List<string> Nat(IEnumerable<Service> services, IEnumerable<Service> others, Func<string, bool> wanted)
    {
        var chosen = services.ToArray();
        var declarations = _nat.Declarations.ToDictionary(ChainOf);
        var rules = _nat.Rules.ToLookup(ChainOf);
        var shared = _nat.Declarations.Where(line => !IsOfService(ChainOf(line)) && wanted(ChainOf(line))).ToArray();
        return
        [
            .. shared,
            .. chosen.SelectMany(service => service.Chains).Select(chain => declarations[chain]),
            .. shared.Select(ChainOf).Where(chain => chain != Dispatch).SelectMany(chain => rules[chain]),
            .. chosen.SelectMany(service => service.Chains.SelectMany(chain => rules[chain]).Prepend(service.DispatchRule)),
            .. others.Select(service => service.DispatchRule),
            // To the NodePorts: the last rule.
            .. rules[Dispatch].Where(line => !IsOfService(TargetOf(line))),
        ];
    }

    private static string Text(IEnumerable<string> filter, IEnumerable<string> nat) =>
        $"*filter\n{string.Join('\n', filter)}\nCOMMIT\n*nat\n{string.Join('\n', nat)}\nCOMMIT\n";

    private static bool IsOwn(string chain) => chain.StartsWith("KUBE-", StringComparison.Ordinal) && chain != Canary;

    private static bool IsOfService(string? chain) =>
        chain is not null && (chain.StartsWith("KUBE-SVC-", StringComparison.Ordinal) || chain.StartsWith("KUBE-SEP-", StringComparison.Ordinal));

    private static string ChainOf(string line) =>
        line.StartsWith(':') ? line[1..line.IndexOf(' ', StringComparison.Ordinal)] : line.Split(' ', 3)[1];

    private static string? TargetOf(string line)
    {
        var at = line.LastIndexOf(" -j ", StringComparison.Ordinal);
        return at < 0 ? null : line[(at + 4)..].Split(' ', 2)[0];
    }

    private static string WithoutNfacct(string line)
    {
        var at = line.IndexOf(" -m nfacct ", StringComparison.Ordinal);
        return at < 0 ? line : line[..at] + line[line.IndexOf(" -j ", at, StringComparison.Ordinal)..];
    }

    /// <summary>The rule that leads to a Service, its own chain and those of its endpoints.</summary>
    private sealed record Service(string DispatchRule, string[] Chains);

    private sealed class Table
    {
        public List<string> Declarations { get; } = [];

        public List<string> Rules { get; } = [];

        public IEnumerable<Service> Services()
        {
            var rules = Rules.ToLookup(ChainOf);
            foreach (var rule in rules[Dispatch])
            {
                if (TargetOf(rule) is not { } chain || !IsOfService(chain)) continue;
                yield return new Service(rule, [chain, .. rules[chain].Select(TargetOf).OfType<string>().Where(IsOfService)]);
            }
        }
    }
}
