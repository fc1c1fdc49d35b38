using System.CommandLine;
using RuleCompiler.Backends;
using System.Globalization;
using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;

namespace RuleCompiler.Cli.Inputs;

/// <summary>A cluster and the node that rules are for.</summary>
internal sealed record LoadedCluster(ClusterState Cluster, NodeFacts Node)
{
    /// <summary>The node configured for a mode, whatever its configuration says.</summary>
    public LoadedCluster In(ProxyMode mode) =>
        this with { Node = Node.In(mode) };

    /// <summary>By the backend of the node's configuration.</summary>
    public Compilation Compile() => Compilation.Create(Cluster, Node, BackendRegistry.Of(Node.Config.Mode));
}

/// <summary>The options that say which cluster, which node and what that node's kernel has.</summary>
internal sealed class ClusterOptions
{
    private readonly Option<string[]> _files;

    private readonly Option<string?> _config = new("--config")
    {
        Description = "A KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1).",
        HelpName = "FILE",
    };

    private readonly Option<string?> _node = new("--node")
    {
        Description = "The node that the rules are for. Default: hostnameOverride of --config, or the only Node.",
        HelpName = "NAME",
    };

    private readonly Option<Ip[]> _addresses = new("--node-address")
    {
        Description = "An address of the node's interfaces beyond those of the Node object; repeatable.",
        HelpName = "IP",
        CustomParser = Words.Each(
            "--node-address", "an IP address", static (string word, out Ip ip) => Ip.TryParse(word, null, out ip)),
    };

    private readonly Option<Prefix[]> _podCidrs = new("--pod-cidr")
    {
        Description = "A range of the node's own pods beyond spec.podCIDRs of the Node object; repeatable.",
        HelpName = "CIDR",
        CustomParser = Words.Each(
            "--pod-cidr", "a CIDR", static (string word, out Prefix prefix) => Prefix.TryParse(word, null, out prefix)),
    };

    private readonly Option<string[]> _without = new Option<string[]>("--without")
    {
        Description = "Something that the node's kernel or tools lack: xt_bpf, random-fully; repeatable.",
        HelpName = "FEATURE",
    }.AcceptOnlyFromAmong("xt_bpf", "random-fully");

    private readonly Option<bool?> _liberal = new("--conntrack-liberal")
    {
        Description = "The node's sysctl nf_conntrack_tcp_be_liberal is 1; else what conntrack.tcpBeLiberal says.",
    };

    private readonly Option<int> _recentEntries = new("--recent-list-entries")
    {
        Description = "The node's xt_recent parameter ip_list_tot.",
        HelpName = "N",
        DefaultValueFactory = _ => new KernelFacts().RecentListEntries,
    };

    private readonly bool _isRequired;

    /// <param name="isRequired">False where rules can be given instead of a cluster.</param>
    /// <param name="takesSeveral">Whether one -f takes several paths; not where arguments may follow it.</param>
    public ClusterOptions(bool isRequired, bool takesSeveral)
    {
        _isRequired = isRequired;
        _files = new Option<string[]>("--file", "-f")
        {
            Description = "YAML or JSON as kubectl writes it: files, directories, or - for standard input; repeatable.",
            HelpName = "PATH",
            AllowMultipleArgumentsPerToken = takesSeveral,
            Required = isRequired,
        };
        _recentEntries.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }]
                && !(int.TryParse(text, CultureInfo.InvariantCulture, out var entries) && entries is >= 1 and <= RecentEntriesMax))
                result.AddError($"--recent-list-entries is '{text}'; expected 1 to {RecentEntriesMax}");
        });
    }

    public void AddTo(Command verb)
    {
        Option[] options = [_files, _config, _node, _addresses, _podCidrs, _without, _liberal, _recentEntries];
        foreach (var option in options) verb.Options.Add(option);
    }

    public bool HasFiles(ParseResult parsed) => parsed.GetValue(_files) is { Length: > 0 };

    /// <summary>Null, with the reasons reported, when there is nothing sound enough to go on with.</summary>
    public LoadedCluster? Load(ParseResult parsed, Session session)
    {
        var config = ReadConfig(parsed, session);
        var hasCluster = _isRequired || HasFiles(parsed);
        var cluster = hasCluster ? ReadCluster(parsed.GetValue(_files)!, session) : ClusterState.Empty;
        if (config is null || cluster is null) return null;

        var addresses = (parsed.GetValue(_addresses) ?? []).ToSeq();
        var podCidrs = parsed.GetValue(_podCidrs) ?? [];
        var isNamed = _isRequired || parsed.GetValue(_node) is not null || !cluster.Nodes.IsEmpty;
        var node = isNamed
            ? NodeChoice.Choose(parsed.GetValue(_node), config, cluster, mayBeUnknown: !addresses.IsEmpty, session)
            : new Node("node", null, [], addresses, default);
        if (node is null) return null;

        node = node with { PodCidrs = node.PodCidrs.Concat(podCidrs).Distinct().ToSeq() };
        var interfaceAddresses = node.Addresses.Concat(addresses).Distinct().ToSeq();
        return new LoadedCluster(cluster, NodeFacts.Create(node, config, KernelOf(parsed), interfaceAddresses));
    }

    private KernelFacts KernelOf(ParseResult parsed)
    {
        var lacking = parsed.GetValue(_without) ?? [];
        return new KernelFacts
        {
            XtBpf = !lacking.Contains("xt_bpf"),
            RandomFully = !lacking.Contains("random-fully"),
            ConntrackTcpBeLiberal = parsed.GetValue(_liberal),
            RecentListEntries = parsed.GetValue(_recentEntries),
        };
    }

    private ProxyConfig? ReadConfig(ParseResult parsed, Session session)
    {
        if (parsed.GetValue(_config) is not { } path) return new ProxyConfig();
        if (InputFiles.Read(path, session) is not { } file) return null;
        var read = ConfigReader.Read(file);
        session.Report(read.Diagnostics);
        return read.Diagnostics.Any(diagnostic => diagnostic.Rule.Severity == Severity.Error) ? null : read.Config;
    }

    private static ClusterState? ReadCluster(IReadOnlyList<string> paths, Session session)
    {
        if (InputFiles.ReadAll(paths, InputFiles.Objects, session) is not { } files) return null;
        var isLong = files.Sum(file => (long)file.Content.Length) > LongWorkBytes;
        var read = isLong ? session.Error.Working("reading the cluster", Read) : Read();
        session.Report(read.Diagnostics);
        Summarize(read.Summary, session);
        return read.Unreadable ? null : read.Cluster;

        ReadResult Read() => ClusterReader.Read(files);
    }

    private static void Summarize(InputSummary summary, Session session)
    {
        session.NoteVerbose($"read {DiagnosticText.Counted(summary.Files, "file")}: {Listed(summary.Read)}");
        if (!summary.Filtered.IsEmpty) session.NoteVerbose($"not for a proxy: {Listed(summary.Filtered)}");
        if (!summary.PassedOver.IsEmpty) session.NoteVerbose($"passed over: {Listed(summary.PassedOver)}");

        static string Listed(Seq<KindCount> counts) =>
            counts.IsEmpty ? "nothing" : string.Join(", ", counts.Select(count => $"{count.Count} {count.Kind}"));
    }

    /// <summary>About half a second of reading.</summary>
    private const long LongWorkBytes = 4 << 20;

    /// <summary>XT_RECENT_MAX_NSTAMPS aside, ip_list_tot is an unsigned int; more than this is no sane table.</summary>
    private const int RecentEntriesMax = 1 << 24;
}
