using System.Globalization;

namespace RuleCompiler.Ir.Net;

/// <summary>A CIDR block in canonical form: every bit behind <c>Length</c> is zero.</summary>
public readonly record struct Prefix : ISpanFormattable, ISpanParsable<Prefix>, IComparable<Prefix>
{
    private Prefix(Ip network, int length)
    {
        Network = network;
        Length = length;
    }

    public Ip Network { get; }

    /// <summary>Significant bits: 0 to 32, or 0 to 128.</summary>
    public int Length { get; }

    public Family Family => Network.Family;

    public UInt128 Mask => MaskOf(Family, Length);

    public bool IsAll => Length == 0;

    public static Prefix All(Family family) => new(Ip.Create(family, 0), 0);

    public static Prefix Host(Ip address) => new(address, address.Family.AddressBits());

    /// <summary>Host bits are cleared.</summary>
    public static Prefix Create(Ip address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, address.Family.AddressBits());
        return new(Ip.Create(address.Family, address.Bits & MaskOf(address.Family, length)), length);
    }

    public bool Contains(Ip address) => address.Family == Family && (address.Bits & Mask) == Network.Bits;

    public bool Contains(Prefix other) => other.Length >= Length && Contains(other.Network);

    public int CompareTo(Prefix other) =>
        Network.CompareTo(other.Network) is var order and not 0 ? order : Length.CompareTo(other.Length);

    /// <summary>address/length; host bits are cleared, as the API server does.</summary>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out Prefix result) =>
        TryParse(s, sloppy: false, out result);

    /// <summary>As the strict form, but leading zeros are read as decimal (service-semantics §1.3).</summary>
    public static bool TryParseSloppy(ReadOnlySpan<char> s, out Prefix result) => TryParse(s, sloppy: true, out result);

    public static bool TryParse(string? s, IFormatProvider? provider, out Prefix result) =>
        TryParse(s.AsSpan(), provider, out result);

    public static Prefix Parse(ReadOnlySpan<char> s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var prefix) ? prefix : throw new FormatException($"not a CIDR: '{s}'");

    public static Prefix Parse(string s, IFormatProvider? provider = null) => Parse(s.AsSpan(), provider);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Network}/{Length}");

    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite(CultureInfo.InvariantCulture, $"{Network}/{Length}", out charsWritten);

    public static bool operator <(Prefix left, Prefix right) => left.CompareTo(right) < 0;

    public static bool operator >(Prefix left, Prefix right) => left.CompareTo(right) > 0;

    public static bool operator <=(Prefix left, Prefix right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Prefix left, Prefix right) => left.CompareTo(right) >= 0;

    private static UInt128 MaskOf(Family family, int length) =>
        length == 0 ? 0 : (UInt128.MaxValue << (family.AddressBits() - length)) & family.HostMask();

    private static bool TryParse(ReadOnlySpan<char> s, bool sloppy, out Prefix result)
    {
        result = default;
        var slash = s.IndexOf('/');
        if (slash < 0) return false;
        var address = s[..slash];
        var digits = s[(slash + 1)..];
        if (!(sloppy ? Ip.TryParseSloppy(address, out var ip) : Ip.TryParse(address, null, out ip))) return false;
        if (!sloppy && digits.Length > 1 && digits[0] == '0') return false;
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length)) return false;
        if (length > ip.Family.AddressBits()) return false;
        result = Create(ip, length);
        return true;
    }
}
