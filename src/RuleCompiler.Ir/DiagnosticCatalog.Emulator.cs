using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>RC7xxx: rules that were read but that no kernel would load, so that the emulator cannot run them.</summary>
public static partial class DiagnosticCatalog
{
    public static readonly DiagnosticRule MissingChain = Error(
        "RC7001", "jump to a chain that is not there", "A rule jumps to a chain that its table does not have.");

    public static readonly DiagnosticRule ChainLoop = Error(
        "RC7002", "chains form a loop", "A chain leads back to itself; the kernel refuses such a table.");

    public static readonly DiagnosticRule TargetOutOfPlace = Error(
        "RC7003", "target where it cannot run", "NAT and REJECT targets are confined to certain tables and hooks.");

    public static readonly DiagnosticRule WrongFamily = Error(
        "RC7004", "address of the other family", "A rule of one IP family holds an address of the other.");

    public static readonly DiagnosticRule UnsoundBpf = Error(
        "RC7005", "unsound BPF program", "The classic BPF program of a rule would be refused by the kernel's checker.");

    public static readonly DiagnosticRule StateNotGiven = Error(
        "RC7006", "match on state that was not given",
        "A rule asks for an ipset, a bridge port or a virtual server, and nothing says what is in them.");

    public static readonly DiagnosticRule MissingSet = Error(
        "RC7010", "look-up in a set that is not there", "A rule uses a set or map that its table does not have.");

    public static readonly DiagnosticRule NftTypeMismatch = Error(
        "RC7011", "value of another type",
        "A key, element or value of an nftables rule does not have the type that is asked for.");

    public static readonly DiagnosticRule NftOverlap = Error(
        "RC7012", "elements with a common key", "Elements of one set overlap; the kernel refuses such a set.");

    public static readonly DiagnosticRule ChainsTooDeep = Error(
        "RC7013", "chains nested too deep",
        "nftables lets a packet be in 16 chains at once and refuses tables with more.");

    public static readonly DiagnosticRule NftRefused = Error(
        "RC7014", "nftables refuses this", "No kernel takes this chain, set or statement.");

    public static readonly DiagnosticRule IpvsRefused = Error(
        "RC7020", "IPVS refuses this",
        "No kernel takes these ipsets or virtual servers: something is given twice, or an entry lacks a part.");

    public static readonly DiagnosticRule IpvsNotEmulated = Error(
        "RC7021", "not emulated",
        "A kernel may take this virtual server, but the emulator knows masquerading to connections only.");

    public static readonly DiagnosticRule NftNotEmulated = Error(
        "RC7015", "not emulated", "A kernel may take this nftables rule, but the emulator has no model of it.");
}
