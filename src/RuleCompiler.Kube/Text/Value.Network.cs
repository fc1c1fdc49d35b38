using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Kube.Text;

/// <summary>Addresses, ports and names.</summary>
internal readonly partial struct Value
{
    /// <summary>
    /// Leading zeros are decimal and ::ffff:a.b.c.d is a.b.c.d, as in Go's sloppy parser (service-semantics §1.3).
    /// </summary>
    public Ip? AsAddress()
    {
        if (AsText() is not { } text) return null;
        var strict = Ip.TryParse(text, null, out var address);
        if (!strict && !Ip.TryParseSloppy(text, out address))
        {
            Fail(DiagnosticCatalog.InvalidAddress, Words.Quote(text), "an IPv4 or IPv6 address");
            return null;
        }

        var plain = Unmapped(address);
        if (!strict || plain != address) WarnUnusual(text, plain.ToString());
        return plain;
    }

    /// <summary>Leading zeros as with addresses; white space around it is cut off, as kube-proxy does.</summary>
    public Prefix? AsPrefix()
    {
        if (AsText() is not { } text) return null;
        var trimmed = text.AsSpan().Trim();
        if (Prefix.TryParse(trimmed, null, out var prefix)) return prefix;
        if (Prefix.TryParseSloppy(trimmed, out prefix))
        {
            WarnUnusual(text, prefix.ToString());
            return prefix;
        }

        Fail(DiagnosticCatalog.InvalidAddress, Words.Quote(text), "a CIDR such as 10.0.0.0/8 or fd00::/64");
        return null;
    }

    public Port? AsPort() => AsInteger(1, ushort.MaxValue, "a port") is { } number ? new Port((ushort)number) : null;

    /// <summary>Kubernetes writes 0 for a port that is not there.</summary>
    public Port? AsPortOrZero() =>
        AsInteger(0, ushort.MaxValue, "a port") is { } number and not 0 ? new Port((ushort)number) : null;

    /// <summary>Lower-case letters, digits and hyphens, at most 63: Services, namespaces and ports.</summary>
    public string? AsDnsLabel() =>
        AsName(DnsName.IsLabel, "1 to 63 lower-case letters, digits or hyphens, with a letter or digit at both ends");

    /// <summary>Labels with dots between, at most 253: slices and nodes.</summary>
    public string? AsDnsSubdomain() =>
        AsName(DnsName.IsSubdomain,
            "1 to 253 lower-case letters, digits, hyphens or dots, with a letter or digit at both ends");

    private string? AsName(Func<string, bool> isValid, string expected)
    {
        if (AsText() is not { } text) return null;
        if (isValid(text)) return Report.Strings.Intern(text);
        Fail(DiagnosticCatalog.InvalidName, Words.Quote(text), expected);
        return null;
    }

    private void WarnUnusual(string text, string meaning) =>
        Fail(DiagnosticCatalog.NonCanonicalAddress, Words.Quote(text), meaning,
            $"it is read as {meaning}; write it so");

    private static Ip Unmapped(Ip address) =>
        address.Family == Family.Ipv6 && address.Bits >> 32 == 0xFFFF ? Ip.V4((uint)address.Bits) : address;
}
