namespace RuleCompiler.Ir;

/// <summary>The annotations of a Service that a backend reads; readers keep no others.</summary>
public static class ServiceAnnotations
{
    /// <summary>What our own annotations begin with.</summary>
    public const string OwnPrefix = "rulecompiler.dev/";

    /// <summary>The IPVS scheduler of the Service: a name such as <c>lc</c>.</summary>
    public const string IpvsScheduler = OwnPrefix + "ipvs-scheduler";

    /// <summary>Also names an IPVS scheduler; <see cref="IpvsScheduler"/> wins where both are given.</summary>
    public const string MasqueradeAware = "service.beta.kubernetes.io/masquerade-aware";

    public static bool IsRead(string key) => key is IpvsScheduler or MasqueradeAware;
}
