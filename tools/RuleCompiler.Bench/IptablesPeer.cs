using System.IO.Compression;

namespace RuleCompiler.Bench;

/// <summary>
/// kube-proxy 1.36's own rules for the 5,000 × 10 cluster, as inputs for the restore tools: the whole, the part of the
/// first services, and what a partial sync writes (service-semantics §4.7). Matches on nfacct are left out since their
/// counters do not exist in a fresh namespace.
/// </summary>
internal sealed class IptablesPeer
{
    private readonly List<string> _filter = [];
    private readonly List<string> _nat = [];

    private IptablesPeer()
    {
    }

    public static IptablesPeer Load(string path)
    {
        var peer = new IptablesPeer();
        List<string>? table = null;
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('*'))
                table = line switch { "*filter" => peer._filter, "*nat" => peer._nat, _ => null };
            else if (line.StartsWith(':') || line.StartsWith("-A", StringComparison.Ordinal))
                table?.Add(WithoutNfacct(line));
        }

        return peer;
    }

    public string Whole() => Text(_filter, _nat);

    /// <summary>The rules that kube-proxy would have for the first <paramref name="services"/> Services alone.</summary>
    public string First(int services)
    {
        var kept = new HashSet<string>(ServiceChains().Take(services), StringComparer.Ordinal);
        foreach (var line in _nat)
        {
            if (ChainOf(line) is { } chain && kept.Contains(chain) && TargetOf(line) is { } target &&
                target.StartsWith("KUBE-SEP-", StringComparison.Ordinal))
                kept.Add(target);
        }

        return Text(_filter, _nat.Where(line => !IsOfServices(ChainOf(line)) && !IsOfServices(TargetOf(line)) ||
            (kept.Contains(ChainOf(line)!) || !IsOfServices(ChainOf(line))) && (TargetOf(line) is not { } target || !IsOfServices(target) || kept.Contains(target))));
    }

    /// <summary>A partial sync of the first Service: every dispatch rule, and the Service's own chains.</summary>
    /// <param name="port">Written in place of the first endpoint's port, so that something changes.</param>
    public string PartialSync(int port)
    {
        var changed = new HashSet<string>(StringComparer.Ordinal) { ServiceChains().First() };
        foreach (var line in _nat)
        {
            if (ChainOf(line) is { } chain && changed.Contains(chain) && TargetOf(line) is { } target && IsOfServices(target))
                changed.Add(target);
        }

        var first = true;
        var nat = new List<string>();
        foreach (var line in _nat)
        {
            var chain = ChainOf(line);
            if (chain is null || (IsOfServices(chain) ? !changed.Contains(chain) : !IsOwn(chain))) continue;
            if (first && line.Contains("--to-destination ", StringComparison.Ordinal))
            {
                first = false;
                nat.Add($"{line[..(line.LastIndexOf(':') + 1)]}{port}");
                continue;
            }

            nat.Add(line);
        }

        return Text(_filter.Where(line => ChainOf(line) is { } chain && IsOwn(chain)), nat);
    }

    private IEnumerable<string> ServiceChains() => _nat
        .Where(line => line.StartsWith("-A KUBE-SERVICES ", StringComparison.Ordinal))
        .Select(TargetOf).OfType<string>()
        .Where(target => target.StartsWith("KUBE-SVC-", StringComparison.Ordinal));

    private static string Text(IEnumerable<string> filter, IEnumerable<string> nat) =>
        $"*filter\n{string.Join('\n', filter)}\nCOMMIT\n*nat\n{string.Join('\n', nat)}\nCOMMIT\n";

    private static bool IsOwn(string chain) =>
        chain.StartsWith("KUBE-", StringComparison.Ordinal) && !chain.StartsWith("KUBE-PROXY-CANARY", StringComparison.Ordinal);

    private static bool IsOfServices(string? chain) =>
        chain is not null && (chain.StartsWith("KUBE-SVC-", StringComparison.Ordinal) || chain.StartsWith("KUBE-SEP-", StringComparison.Ordinal));

    private static string? ChainOf(string line) =>
        line.StartsWith(':') ? line[1..line.IndexOf(' ', StringComparison.Ordinal)] : line.Split(' ', 3)[1];

    private static string? TargetOf(string line)
    {
        var at = line.LastIndexOf(" -j ", StringComparison.Ordinal);
        return at < 0 || line.StartsWith(':') ? null : line[(at + 4)..].Split(' ', 2)[0];
    }

    private static string WithoutNfacct(string line)
    {
        var at = line.IndexOf(" -m nfacct ", StringComparison.Ordinal);
        return at < 0 ? line : line[..at] + line[line.IndexOf(" -j ", at, StringComparison.Ordinal)..];
    }
}
