using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// Which of the node's IPv6 addresses a packet to some destination takes: RFC 6724 as the kernel does it
/// (net/ipv6/addrconf.c:ipv6_dev_get_saddr, ipv6_get_saddr_eval @v6.1), with the rules that can tell the addresses of a
/// HostNetwork apart: the destination itself (rule 1), the output interface (5), the label (6), the longest common
/// prefix (8). Among equals the address that was added last wins (ipv6_link_dev_addr).
/// </summary>
internal sealed class Ipv6SourceChoice(HostNetwork host)
{
    /// <summary>
    /// The kernel's policy table (net/ipv6/addrlabel.c:ip6addrlbl_init_table @v6.1; <c>ip addrlabel list</c>).
    /// </summary>
    private static readonly (Prefix Block, int Label)[] _labels =
    [
        (Prefix.Parse("::1/128"), 0),
        (Prefix.Parse("::/96"), 3),
        (Prefix.Parse("::ffff:0:0/96"), 4),
        (Prefix.Parse("2001::/32"), 6),
        (Prefix.Parse("2001:10::/28"), 7),
        (Prefix.Parse("3ffe::/16"), 12),
        (Prefix.Parse("2002::/16"), 2),
        (Prefix.Parse("fec0::/10"), 11),
        (Prefix.Parse("fc00::/7"), 5),
        (Prefix.Parse("::/0"), 1),
    ];

    private readonly (Ip Address, string Interface, int Label)[] _candidates = host.Interfaces
        .SelectMany(device => device.Addresses.Reverse().Select(address => (Address: address, device.Name)))
        .Where(one => one.Address.Family == Family.Ipv6 && !one.Address.IsLoopback)
        .Select(one => (one.Address, one.Name, LabelOf(one.Address)))
        .ToArray();

    public UInt128? For(string output, UInt128 destination)
    {
        if (_candidates.Length == 0) return null;
        var label = LabelOf(Ip.V6(destination));
        return _candidates.MaxBy(Score).Address.Bits;

        (bool, bool, bool, int) Score((Ip Address, string Interface, int Label) candidate) => (
            candidate.Address.Bits == destination,
            candidate.Interface == output,
            candidate.Label == label,
            (int)UInt128.LeadingZeroCount(candidate.Address.Bits ^ destination));
    }

    private static int LabelOf(Ip address) => _labels.First(row => row.Block.Contains(address)).Label;
}
