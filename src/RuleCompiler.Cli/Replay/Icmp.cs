using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Replay;

/// <summary>Which ICMP messages carry what (RFC 792, RFC 4443).</summary>
internal static class Icmp
{
    /// <summary>Type, code, checksum and four bytes that depend on the type.</summary>
    public const int HeaderBytes = 8;

    public static bool IsIcmp(byte protocol) => protocol is (byte)Protocol.Icmp or (byte)Protocol.Icmpv6;

    /// <summary>Messages that carry the head of the packet that they are about.</summary>
    public static bool IsError(byte protocol, byte type) =>
        protocol == (byte)Protocol.Icmp ? type is 3 or 4 or 5 or 11 or 12 : type is >= 1 and <= 4;

    public static bool IsEcho(byte protocol, byte type) =>
        protocol == (byte)Protocol.Icmp ? type is 0 or 8 : type is 128 or 129;
}
