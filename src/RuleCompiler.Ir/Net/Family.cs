namespace RuleCompiler.Ir.Net;

/// <summary>An IP family. Every compilation is for exactly one; dual-stack is two compilations.</summary>
public enum Family
{
    Ipv4,
    Ipv6,
}

public static class FamilyFacts
{
    /// <summary>Width of an address in bits: 32 or 128.</summary>
    public static int AddressBits(this Family family) => family == Family.Ipv4 ? 32 : 128;

    /// <summary>As the Kubernetes API and people spell it: IPv4 or IPv6.</summary>
    public static string ApiName(this Family family) => family switch
    {
        Family.Ipv4 => "IPv4",
        Family.Ipv6 => "IPv6",
    };

    /// <summary>All address bits set: the mask of a single host.</summary>
    public static UInt128 HostMask(this Family family) => family == Family.Ipv4 ? uint.MaxValue : UInt128.MaxValue;
}
