using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>The proxy modes that have, or will have, a room.</summary>
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

    public NodePortAddresses NodePortAddresses { get; init; } = new(Primary: false, []);

    public IptablesConfig Iptables { get; init; } = new();
}

/// <summary>nodePortAddresses: the word <c>primary</c>, or CIDRs; neither means every local address.</summary>
public sealed record NodePortAddresses(bool Primary, Seq<Prefix> Cidrs);

public sealed record IptablesConfig
{
    /// <summary>0 to 31.</summary>
    public int MasqueradeBit { get; init; } = 14;

    public bool MasqueradeAll { get; init; }

    public bool LocalhostNodePorts { get; init; } = true;
}
