using System.Globalization;

namespace RuleCompiler.Ir.Net;

/// <summary>
/// An address and port, written 10.0.0.1:80 or [fd00::1]:80. Ordered numerically, by address and then port.
/// </summary>
public readonly record struct Endpoint(Ip Address, Port Port) : ISpanFormattable, IComparable<Endpoint>
{
    public int CompareTo(Endpoint other) =>
        Address.CompareTo(other.Address) is var order and not 0 ? order : Port.CompareTo(other.Port);

    /// <summary>Strict: an IPv6 address must be in brackets.</summary>
    public static bool TryParse(ReadOnlySpan<char> s, out Endpoint endpoint)
    {
        endpoint = default;
        var colon = s.LastIndexOf(':');
        if (colon < 0 || !Port.TryParse(s[(colon + 1)..], null, out var port)) return false;
        var address = s[..colon];
        var bracketed = address.Length > 2 && address[0] == '[' && address[^1] == ']';
        if (bracketed) address = address[1..^1];
        if (!Ip.TryParse(address, null, out var ip) || bracketed != (ip.Family == Family.Ipv6)) return false;
        endpoint = new Endpoint(ip, port);
        return true;
    }

    public static Endpoint Parse(ReadOnlySpan<char> s) =>
        TryParse(s, out var endpoint) ? endpoint : throw new FormatException($"not address:port: '{s}'");

    public override string ToString() =>
        Address.Family == Family.Ipv4
            ? string.Create(CultureInfo.InvariantCulture, $"{Address}:{Port}")
            : string.Create(CultureInfo.InvariantCulture, $"[{Address}]:{Port}");

    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        Address.Family == Family.Ipv4
            ? destination.TryWrite(CultureInfo.InvariantCulture, $"{Address}:{Port}", out charsWritten)
            : destination.TryWrite(CultureInfo.InvariantCulture, $"[{Address}]:{Port}", out charsWritten);

    public static bool operator <(Endpoint left, Endpoint right) => left.CompareTo(right) < 0;

    public static bool operator >(Endpoint left, Endpoint right) => left.CompareTo(right) > 0;

    public static bool operator <=(Endpoint left, Endpoint right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Endpoint left, Endpoint right) => left.CompareTo(right) >= 0;
}
