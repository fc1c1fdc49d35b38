using System.Security.Cryptography;
using System.Text;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// Names of chains: kube-proxy's where the role is the same (service-semantics §4.2, §4.3), so that operators find them
/// and a node can be taken over, or given back, in place. Every other name begins like a chain that kube-proxy's own
/// clean-up removes. At most 28 bytes (include/uapi/linux/netfilter/x_tables.h:XT_EXTENSION_MAXNAMELEN @v6.1).
/// </summary>
internal static class Names
{
    /// <summary>XT_EXTENSION_MAXNAMELEN - 1 (include/uapi/linux/netfilter/x_tables.h @v6.1).</summary>
    public const int BytesMax = 28;

    public const string Services = "KUBE-SERVICES";
    public const string ExternalServices = "KUBE-EXTERNAL-SERVICES";
    public const string NodePorts = "KUBE-NODEPORTS";
    public const string Postrouting = "KUBE-POSTROUTING";
    public const string MarkMasquerade = "KUBE-MARK-MASQ";
    public const string Forward = "KUBE-FORWARD";
    public const string ProxyFirewall = "KUBE-PROXY-FIREWALL";

    /// <summary>Shared with the kubelet, which may have made it first.</summary>
    public const string Firewall = "KUBE-FIREWALL";

    /// <summary>NodePorts that refuse; in the filter table.</summary>
    public const string RefusedNodePorts = "KUBE-EXT-NODEPORTS";

    /// <summary>Endpoints that reached themselves, where one rule cannot tell.</summary>
    public const string Hairpin = "KUBE-SEP-HAIRPIN";

    /// <summary>NodePorts that refuse, while a plan changes the addresses that NodePorts are on.</summary>
    public const string RefusedNodePortsBothScopes = "KUBE-EXT-NODEPORTS-BOTH";

    public const string ClusterPrefix = "KUBE-SVC-";
    public const string LocalPrefix = "KUBE-SVL-";
    public const string ExternalPrefix = "KUBE-EXT-";
    public const string FirewallPrefix = "KUBE-FW-";
    public const string EndpointPrefix = "KUBE-SEP-";

    /// <summary>Digits of suffixes: upper case, like the rest of the names.</summary>
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /// <summary>Groups of one service chain that <see cref="Group"/> can name.</summary>
    public const int GroupsMax = 36 * 36;

    /// <summary>The 16 characters that the chains of one service-port share.</summary>
    public static string HashOf(ServicePortName name) => Hash($"{name}{name.Protocol.KernelName()}");

    public static string Endpoint(ServicePortName name, Endpoint endpoint) =>
        EndpointPrefix + Hash($"{name}{name.Protocol.KernelName()}{endpoint}");

    /// <summary>One of the parts of a service chain with many endpoints: two digits.</summary>
    public static string Group(string chain, int group) => $"{chain}-{Digits[group / 36]}{Digits[group % 36]}";

    /// <summary>
    /// Affinity of one part of the clients: one digit, so no group has the name. Also names recent lists.
    /// </summary>
    public static string Bucket(string chain, int bucket) => $"{chain}-{Digits[bucket]}";

    /// <summary>
    /// A second chain of one kind for a service-port, which only frontends with unequal verdicts need.
    /// </summary>
    public static string Variant(string chain, int variant) => variant == 0 ? chain : $"{chain}-{Digits[variant]}";

    /// <summary>
    /// A node of a tree over addresses: its CIDR block. 45 characters of IPv6 do not fit, so those are hashed; no
    /// service-port's text is a CIDR block, since it has a protocol at its end.
    /// </summary>
    public static string Branch(string prefix, Prefix block) =>
        block.Family == Family.Ipv4 ? $"{prefix}{block}" : prefix + Hash($"{block}");

    /// <summary>A node of a tree over ports, on any address.</summary>
    public static string Branch(string prefix, Protocol protocol, Port first, Port last) =>
        $"{prefix}{protocol.KernelName().ToUpperInvariant()}-{first}-{last}";

    /// <summary>A node of a tree over the ports of one address.</summary>
    public static string Branch(string prefix, Ip address, Protocol protocol, Port first, Port last) =>
        prefix + Hash($"{address} {protocol.KernelName()} {first}-{last}");

    /// <summary>
    /// The first 80 bits of SHA-256 in the base32 of RFC 4648 §6: service-semantics §4.3. Two identities of one cluster
    /// that share a name are as likely as two equal 80-bit random numbers.
    /// </summary>
    public static string Hash(string identity)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        var bytes = Encoding.UTF8.GetMaxByteCount(identity.Length) <= 1024
            ? stackalloc byte[1024]
            : new byte[Encoding.UTF8.GetMaxByteCount(identity.Length)];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(identity, bytes)], digest);
        return string.Create(16, ((ReadOnlySpan<byte>)digest)[..10].ToArray(), static (text, source) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                // Character i is bits 5i to 5i+4, the most significant first.
                var at = 5 * i;
                var pair = (source[at / 8] << 8) | (at / 8 + 1 < source.Length ? source[(at / 8) + 1] : 0);
                text[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(pair >> (11 - (at % 8))) & 31];
            }
        });
    }
}
