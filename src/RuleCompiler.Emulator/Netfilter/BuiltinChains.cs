using RuleCompiler.Backends.Iptables;

namespace RuleCompiler.Emulator;

/// <summary>
/// Where the kernel attaches the iptables tables, and with which priority: enum nf_ip_hook_priorities
/// (include/uapi/linux/netfilter_ipv4.h @v6.1; netfilter_ipv6.h has the same numbers).
/// </summary>
internal static class BuiltinChains
{
    /// <summary>NF_IP_PRI_CONNTRACK (include/uapi/linux/netfilter_ipv4.h @v6.1); IPv6 has the same.</summary>
    public const int ConntrackPriority = -200;

    private static readonly (Hook, int)[] Raw = [(Hook.Prerouting, -300), (Hook.Output, -300)];

    private static readonly (Hook, int)[] Mangle =
    [
        (Hook.Prerouting, -150), (Hook.Input, -150), (Hook.Forward, -150), (Hook.Output, -150), (Hook.Postrouting, -150),
    ];

    // NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC.
    private static readonly (Hook, int)[] Nat =
        [(Hook.Prerouting, -100), (Hook.Input, 100), (Hook.Output, -100), (Hook.Postrouting, 100)];

    private static readonly (Hook, int)[] Filter = [(Hook.Input, 0), (Hook.Forward, 0), (Hook.Output, 0)];

    private static readonly (Hook, int)[] Security = [(Hook.Input, 50), (Hook.Forward, 50), (Hook.Output, 50)];

    public static ReadOnlySpan<(Hook Hook, int Priority)> Of(TableName table) => table switch
    {
        TableName.Raw => Raw,
        TableName.Mangle => Mangle,
        TableName.Nat => Nat,
        TableName.Filter => Filter,
        TableName.Security => Security,
    };

    public static string NameOf(Hook hook) => hook switch
    {
        Hook.Prerouting => "PREROUTING",
        Hook.Input => "INPUT",
        Hook.Forward => "FORWARD",
        Hook.Output => "OUTPUT",
        Hook.Postrouting => "POSTROUTING",
    };
}
