namespace RuleCompiler.Emulator;

/// <summary>A connection of IPVS, or a template of session affinity (struct ip_vs_conn).</summary>
internal sealed class IpvsConnection(ConnTuple request, ConnTuple answer, RealServerState server, bool isTemplate)
{
    /// <summary>From the client to the virtual server. A template's has no client port.</summary>
    public ConnTuple Request { get; } = request;

    /// <summary>From the real server to the client.</summary>
    public ConnTuple Answer { get; } = answer;

    public RealServerState Server { get; } = server;

    public bool IsTemplate { get; } = isTemplate;

    /// <summary>The template that this connection keeps alive.</summary>
    public IpvsConnection? Control { get; set; }

    public int ControlledCount { get; set; }

    public IpvsFlowState State { get; set; }

    public bool IsActive { get; set; }

    /// <summary>IP_VS_CONN_F_NFCT: the flow's conntrack entry ends with the connection.</summary>
    public bool OwnsConntrack { get; set; }

    public long TimeoutTicks { get; set; }

    public long ExpiresAt { get; set; }

    /// <summary>When the queue looks at it next.</summary>
    public long QueuedAt { get; set; } = long.MaxValue;

    public bool IsGone { get; set; }

    /// <summary>An older connection with the same answers.</summary>
    public IpvsConnection? OlderAnswer { get; set; }
}
