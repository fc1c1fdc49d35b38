using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

public sealed record IptablesConfig
{
    /// <summary>0 to 31.</summary>
    public int MasqueradeBit { get; init; } = 14;

    public bool MasqueradeAll { get; init; }

    public bool LocalhostNodePorts { get; init; } = true;

    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan MinSyncPeriod { get; init; } = TimeSpan.FromSeconds(1);
}

public sealed record IpvsConfig
{
    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan MinSyncPeriod { get; init; }

    /// <summary>"" is rr.</summary>
    public string Scheduler { get; init; } = "";

    public Seq<Prefix> ExcludeCidrs { get; init; }

    public bool StrictArp { get; init; }

    /// <summary>Zero leaves the kernel's.</summary>
    public TimeSpan TcpTimeout { get; init; }

    public TimeSpan TcpFinTimeout { get; init; }

    public TimeSpan UdpTimeout { get; init; }
}

public sealed record NftablesConfig
{
    /// <summary>0 to 31.</summary>
    public int MasqueradeBit { get; init; } = 14;

    public bool MasqueradeAll { get; init; }

    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan MinSyncPeriod { get; init; } = TimeSpan.FromSeconds(1);
}

public sealed record WinkernelConfig
{
    public string NetworkName { get; init; } = "";

    public Ip? SourceVip { get; init; }

    public bool EnableDsr { get; init; }

    public string RootHnsEndpointName { get; init; } = "cbr0";

    public bool ForwardHealthCheckVip { get; init; }
}

/// <summary>What becomes of net/netfilter/nf_conntrack_* (service-semantics §9.2).</summary>
public sealed record ConntrackConfig
{
    /// <summary>0 leaves nf_conntrack_max alone.</summary>
    public int MaxPerCore { get; init; } = 32768;

    public int Min { get; init; } = 131072;

    public TimeSpan TcpEstablishedTimeout { get; init; } = TimeSpan.FromHours(24);

    public TimeSpan TcpCloseWaitTimeout { get; init; } = TimeSpan.FromHours(1);

    public bool TcpBeLiberal { get; init; }

    /// <summary>Zero leaves the kernel's.</summary>
    public TimeSpan UdpTimeout { get; init; }

    public TimeSpan UdpStreamTimeout { get; init; }
}

public sealed record ClientConnectionConfig
{
    public string Kubeconfig { get; init; } = "";

    public string AcceptContentTypes { get; init; } = "";

    public string ContentType { get; init; } = "application/vnd.kubernetes.protobuf";

    /// <summary>Requests per second; negative is without bound.</summary>
    public double Qps { get; init; } = 5;

    public int Burst { get; init; } = 10;
}

public sealed record LoggingConfig
{
    public string Format { get; init; } = "text";

    public TimeSpan FlushFrequency { get; init; } = TimeSpan.FromSeconds(5);

    public int Verbosity { get; init; }
}
