using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>The proxy modes that have, or will have, a backend.</summary>
public enum ProxyMode
{
    Iptables,
    Ipvs,
    Nftables,
}

public enum DetectLocalMode
{
    ClusterCidr,
    NodeCidr,
    BridgeInterface,
    InterfaceNamePrefix,
}

/// <summary>
/// A KubeProxyConfiguration v1alpha1 with its defaults applied (service-semantics §10.1). Field names and defaults are
/// upstream's; durations are TimeSpan.
/// </summary>
public sealed record ProxyConfig
{
    public ProxyMode Mode { get; init; } = ProxyMode.Iptables;

    /// <summary>Lower-cased; "" when not set.</summary>
    public string HostnameOverride { get; init; } = "";

    /// <summary>Overrides the primary node IP of its family unless unspecified (0.0.0.0, ::).</summary>
    public Ip BindAddress { get; init; } = Ip.V4(0);

    public DetectLocalMode DetectLocalMode { get; init; } = DetectLocalMode.ClusterCidr;

    public Seq<Prefix> ClusterCidrs { get; init; }

    public string BridgeInterface { get; init; } = "";

    public string InterfaceNamePrefix { get; init; } = "";

    /// <summary>As written; see <see cref="EffectiveNodePortAddresses"/>.</summary>
    public NodePortAddresses NodePortAddresses { get; init; } = new(Primary: false, []);

    public IptablesConfig Iptables { get; init; } = new();

    public IpvsConfig Ipvs { get; init; } = new();

    public NftablesConfig Nftables { get; init; } = new();

    public WinkernelConfig Winkernel { get; init; } = new();

    public ConntrackConfig Conntrack { get; init; } = new();

    public ClientConnectionConfig ClientConnection { get; init; } = new();

    public LoggingConfig Logging { get; init; } = new();

    /// <summary>Ordered by name.</summary>
    public Seq<FeatureGate> FeatureGates { get; init; }

    public Endpoint HealthzBindAddress { get; init; } = new(Ip.V4(0), new Port(10256));

    public Endpoint MetricsBindAddress { get; init; } = new(Ip.V4(0x7F000001), new Port(10249));

    /// <summary>A health or metrics port that cannot be bound ends the proxy.</summary>
    public bool BindAddressHardFail { get; init; }

    public bool EnableProfiling { get; init; }

    public string ShowHiddenMetricsForVersion { get; init; } = "";

    /// <summary>-1000 to 1000.</summary>
    public int OomScoreAdj { get; init; } = -999;

    public TimeSpan ConfigSyncPeriod { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Has no effect upstream either.</summary>
    public string PortRange { get; init; } = "";

    public bool WindowsRunAsService { get; init; }

    /// <summary>The mode's own setting; ipvs shares that of iptables.</summary>
    public bool MasqueradeAll => Mode switch
    {
        ProxyMode.Iptables or ProxyMode.Ipvs => Iptables.MasqueradeAll,
        ProxyMode.Nftables => Nftables.MasqueradeAll,
    };

    /// <summary>The mode's own setting; ipvs shares that of iptables.</summary>
    public int MasqueradeBit => Mode switch
    {
        ProxyMode.Iptables or ProxyMode.Ipvs => Iptables.MasqueradeBit,
        ProxyMode.Nftables => Nftables.MasqueradeBit,
    };

    public TimeSpan SyncPeriod => Mode switch
    {
        ProxyMode.Iptables => Iptables.SyncPeriod,
        ProxyMode.Ipvs => Ipvs.SyncPeriod,
        ProxyMode.Nftables => Nftables.SyncPeriod,
    };

    public TimeSpan MinSyncPeriod => Mode switch
    {
        ProxyMode.Iptables => Iptables.MinSyncPeriod,
        ProxyMode.Ipvs => Ipvs.MinSyncPeriod,
        ProxyMode.Nftables => Nftables.MinSyncPeriod,
    };

    /// <summary>In nftables mode an empty list means <c>primary</c> (service-semantics §3.2).</summary>
    public NodePortAddresses EffectiveNodePortAddresses =>
        Mode == ProxyMode.Nftables && NodePortAddresses.Cidrs.IsEmpty
            ? NodePortAddresses with { Primary = true }
            : NodePortAddresses;

    /// <summary>Gate AllowServiceExternalIPs: spec.externalIPs become frontends (service-semantics §1.3).</summary>
    public bool AllowServiceExternalIps
    {
        get
        {
            foreach (var gate in FeatureGates)
            {
                if (gate.Name == FeatureGate.AllowServiceExternalIps) return gate.Enabled;
            }

            return true;
        }
    }
}

/// <summary>nodePortAddresses: the word <c>primary</c>, or CIDRs; neither means every local address.</summary>
public sealed record NodePortAddresses(bool Primary, Seq<Prefix> Cidrs);

public readonly record struct FeatureGate(string Name, bool Enabled)
{
    public const string AllowServiceExternalIps = "AllowServiceExternalIPs";
}
