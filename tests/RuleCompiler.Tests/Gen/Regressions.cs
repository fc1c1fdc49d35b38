namespace RuleCompiler.Tests.Gen;

/// <summary>Seeds that failed once, with what was wrong. Every property runs those of its kind first.</summary>
internal static class Regressions
{
    public static readonly IReadOnlyList<(ulong Seed, string Was)> Scenarios =
    [
        (20260101, "the judge wanted REJECT where KUBE-FIREWALL stops outsiders at 127.0.0.1"),
        (20260103, "the flows asked for what the kernel calls martian: loopback from outside without route_localnet"),
        (20260128, "a healthCheckNodePort that is also a NodePort: the listener wins where nothing is translated"),
        (900127, "nodePortAddresses primary without a known IPv4 address: the emulated node lacked route_localnet"),
        (900140, "the same, for flows that were there before the rules"),
    ];

    public static readonly IReadOnlyList<(ulong Seed, string Was)> Histories =
    [
        (20261128, "refusals of NodePorts on no address: a chain that nothing reached, written again by every plan"),
        (900165, "nodePortAddresses primary without a known IPv4 address, in between two states"),
    ];
}
