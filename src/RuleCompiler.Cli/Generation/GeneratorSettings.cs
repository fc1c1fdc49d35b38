using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Generation;

/// <summary>What a synthetic cluster is made of, beside plain TCP Services of type ClusterIP.</summary>
[Flags]
internal enum Features
{
    /// <summary>
    /// One TCP port on one IPv4 address, all endpoints ready: for benchmarks that want nothing but size.
    /// </summary>
    Plain = 0,
    NodePorts = 1 << 0,
    LoadBalancers = 1 << 1,
    ExternalIps = 1 << 2,
    LocalPolicies = 1 << 3,
    Affinity = 1 << 4,
    SourceRanges = 1 << 5,
    Hints = 1 << 6,
    DualStack = 1 << 7,
    Udp = 1 << 8,
    Sctp = 1 << 9,
    Terminating = 1 << 10,
    ManyPorts = 1 << 11,
    Empty = 1 << 12,
    All = (1 << 13) - 1,
}

internal sealed record GeneratorSettings(int Services, int Endpoints, int Nodes, ulong Seed, Features Features)
{
    public const int ServicesMax = 100_000;
    public const int EndpointsMax = 5_000;
    public const int NodesMax = 4_096;

    /// <summary>Names on the command line.</summary>
    public static readonly Seq<(string Name, Features Feature)> Names =
    [
        ("plain", Features.Plain),
        ("all", Features.All),
        ("nodeports", Features.NodePorts),
        ("loadbalancers", Features.LoadBalancers),
        ("externalips", Features.ExternalIps),
        ("local", Features.LocalPolicies),
        ("affinity", Features.Affinity),
        ("sourceranges", Features.SourceRanges),
        ("hints", Features.Hints),
        ("dualstack", Features.DualStack),
        ("udp", Features.Udp),
        ("sctp", Features.Sctp),
        ("terminating", Features.Terminating),
        ("manyports", Features.ManyPorts),
        ("empty", Features.Empty),
    ];

    /// <summary>A comma-separated list of names.</summary>
    public static bool TryParseFeatures(string word, out Features features)
    {
        features = Features.Plain;
        foreach (var name in word.Split(','))
        {
            var found = Names.Where(each => each.Name == name).ToList();
            if (found.Count == 0) return false;
            features |= found[0].Feature;
        }

        return true;
    }
}
