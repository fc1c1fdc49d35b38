namespace RuleCompiler.Ir.Net;

/// <summary>
/// The protocols that Services and the emulator speak. Values are IP protocol numbers
/// (https://www.iana.org/assignments/protocol-numbers). Services use only Tcp, Udp and Sctp.
/// </summary>
public enum Protocol : byte
{
    Icmp = 1,
    Tcp = 6,
    Udp = 17,
    Icmpv6 = 58,
    Sctp = 132,
}

public static class ProtocolFacts
{
    /// <summary>The lower-case name that iptables, nft and ipset use: <c>tcp</c>, <c>udp</c>, <c>sctp</c>, …</summary>
    public static string KernelName(this Protocol protocol) => protocol switch
    {
        Protocol.Icmp => "icmp",
        Protocol.Tcp => "tcp",
        Protocol.Udp => "udp",
        Protocol.Icmpv6 => "ipv6-icmp",
        Protocol.Sctp => "sctp",
    };

    public static bool HasPorts(this Protocol protocol) => protocol switch
    {
        Protocol.Tcp or Protocol.Udp or Protocol.Sctp => true,
        Protocol.Icmp or Protocol.Icmpv6 => false,
    };

    /// <summary>Reads a Service protocol in any case: TCP, UDP or SCTP. Nothing else is one.</summary>
    public static bool TryParseService(ReadOnlySpan<char> text, out Protocol protocol)
    {
        (protocol, var known) =
            text.Equals("tcp", StringComparison.OrdinalIgnoreCase) ? (Protocol.Tcp, true) :
            text.Equals("udp", StringComparison.OrdinalIgnoreCase) ? (Protocol.Udp, true) :
            text.Equals("sctp", StringComparison.OrdinalIgnoreCase) ? (Protocol.Sctp, true) :
            (default, false);
        return known;
    }
}
