namespace RuleCompiler.Tests.Gen;

/// <summary>Seeds that failed once, with what was wrong. Every property runs those of its kind first.</summary>
internal static class Regressions
{
    public static readonly IReadOnlyList<(ulong Seed, string Was)> Scenarios =
    [
        (20260101, "the judge wanted REJECT where KUBE-FIREWALL stops outsiders at 127.0.0.1"),
        (20260103, "the flows asked for what the kernel calls martian: loopback from outside without route_localnet"),
        (20260128, "a healthCheckNodePort that is also a NodePort: the listener wins where nothing is translated"),
    ];

    public static readonly IReadOnlyList<(ulong Seed, string Was)> Histories = [];
}
