namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// What the kernel fixes about tables: their names, built-in chains and the order of chains in a <see cref="Table"/>.
/// </summary>
public static class TableFacts
{
    public static readonly IReadOnlyList<TableName> All =
        [TableName.Raw, TableName.Mangle, TableName.Nat, TableName.Filter, TableName.Security];

    public static string KernelName(this TableName table) => table switch
    {
        TableName.Raw => "raw",
        TableName.Mangle => "mangle",
        TableName.Nat => "nat",
        TableName.Filter => "filter",
        TableName.Security => "security",
    };

    /// <summary>
    /// Built-in chains in hook order (net/ipv4/netfilter/iptable_*.c: *_VALID_HOOKS @v6.1; numbers in include/uapi/linux/netfilter.h:nf_inet_hooks).
    /// </summary>
    public static ReadOnlySpan<string> BuiltInChains(this TableName table) => table switch
    {
        TableName.Raw => RawChains,
        TableName.Mangle => MangleChains,
        TableName.Nat => NatChains,
        TableName.Filter or TableName.Security => FilterChains,
    };

    public static bool IsBuiltIn(this TableName table, string chain) => HookIndex(table, chain) >= 0;

    /// <summary>
    /// The order of <see cref="Table"/>'s chains: built-in ones in hook order, then the others by ordinal name.
    /// </summary>
    public static int CompareChains(this TableName table, string left, string right)
    {
        var (leftHook, rightHook) = (HookIndex(table, left), HookIndex(table, right));
        if (leftHook < 0 && rightHook < 0) return string.CompareOrdinal(left, right);
        if (leftHook >= 0 && rightHook >= 0) return leftHook.CompareTo(rightHook);
        return leftHook >= 0 ? -1 : 1;
    }

    public static string KernelName(this Policy policy) => policy switch
    {
        Policy.Accept => "ACCEPT",
        Policy.Drop => "DROP",
    };

    private static readonly string[] RawChains = ["PREROUTING", "OUTPUT"];
    private static readonly string[] MangleChains = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
    private static readonly string[] NatChains = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"];
    private static readonly string[] FilterChains = ["INPUT", "FORWARD", "OUTPUT"];

    private static int HookIndex(TableName table, string chain) => table.BuiltInChains().IndexOf(chain);
}
