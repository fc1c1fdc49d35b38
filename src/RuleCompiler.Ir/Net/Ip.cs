using System.Buffers.Binary;
using System.Globalization;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir.Net;

/// <summary>
/// An IPv4 or IPv6 address as a number in host order: <c>Bits</c> holds 32 significant bits for IPv4, 128 for IPv6.
/// Ordered by family, then numerically.
/// </summary>
public readonly record struct Ip : ISpanFormattable, ISpanParsable<Ip>, IComparable<Ip>, IKeyed<Ip>
{
    // A UInt128 is aligned to 16 bytes, and the address would have 32 of them instead of 24.
    private readonly ulong _high;
    private readonly ulong _low;

    private Ip(Family family, UInt128 bits)
    {
        Family = family;
        _high = (ulong)(bits >> 64);
        _low = (ulong)bits;
    }

    public Family Family { get; }

    public UInt128 Bits => new(_high, _low);

    public static Ip V4(uint bits) => new(Family.Ipv4, bits);

    public static Ip V6(UInt128 bits) => new(Family.Ipv6, bits);

    /// <summary>Bits beyond the family's width are cut off.</summary>
    public static Ip Create(Family family, UInt128 bits) => new(family, bits & family.HostMask());

    /// <summary>127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => Family == Family.Ipv4 ? Bits >> 24 == 127 : Bits == 1;

    /// <summary>169.254.0.0/16, fe80::/10.</summary>
    public bool IsLinkLocal => Family == Family.Ipv4 ? Bits >> 16 == 0xA9FE : Bits >> 118 == 0x3FA;

    /// <summary>0.0.0.0 or ::.</summary>
    public bool IsUnspecified => Bits == 0;

    public int CompareTo(Ip other) => Family != other.Family ? Family.CompareTo(other.Family) : Bits.CompareTo(other.Bits);

    /// <summary>
    /// Strict text form: dotted quad without leading zeros, or RFC 4291 IPv6 (an embedded dotted quad is accepted,
    /// zones are not).
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out Ip result) =>
        TryParse(s, allowLeadingZeros: false, out result);

    /// <summary>
    /// As the strict form, but decimal octets may carry leading zeros (010.0.0.1 is 10.0.0.1), as Kubernetes reads
    /// them (service-semantics §1.3).
    /// </summary>
    public static bool TryParseSloppy(ReadOnlySpan<char> s, out Ip result) => TryParse(s, allowLeadingZeros: true, out result);

    public static bool TryParse(string? s, IFormatProvider? provider, out Ip result) =>
        TryParse(s.AsSpan(), provider, out result);

    public static Ip Parse(ReadOnlySpan<char> s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var ip) ? ip : throw new FormatException($"not an IP address: '{s}'");

    public static Ip Parse(string s, IFormatProvider? provider = null) => Parse(s.AsSpan(), provider);

    /// <summary>Canonical text: dotted quad, or RFC 5952 IPv6.</summary>
    public override string ToString()
    {
        Span<char> buffer = stackalloc char[TextCharsMax];
        _ = TryFormat(buffer, out var written, default, null);
        return new string(buffer[..written]);
    }

    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        Family == Family.Ipv4 ? TryFormatV4((uint)Bits, destination, out charsWritten) : TryFormatV6(destination, out charsWritten);

    /// <summary>Network byte order; 4 or 16 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Family.AddressBits() / 8];
        WriteTo(bytes);
        return bytes;
    }

    public void WriteTo(Span<byte> destination)
    {
        if (Family == Family.Ipv4)
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)Bits);
        else
            BinaryPrimitives.WriteUInt128BigEndian(destination, Bits);
    }

    /// <summary>Reads 4 (IPv4) or 16 (IPv6) bytes in network order.</summary>
    public static Ip FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => V4(BinaryPrimitives.ReadUInt32BigEndian(bytes)),
        16 => V6(BinaryPrimitives.ReadUInt128BigEndian(bytes)),
        _ => throw new ArgumentException($"an address has 4 or 16 bytes, not {bytes.Length}", nameof(bytes)),
    };

    public static int CompareKeys(Ip left, Ip right) => left.CompareTo(right);

    public static bool operator <(Ip left, Ip right) => left.CompareTo(right) < 0;

    public static bool operator >(Ip left, Ip right) => left.CompareTo(right) > 0;

    public static bool operator <=(Ip left, Ip right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Ip left, Ip right) => left.CompareTo(right) >= 0;

    /// <summary>"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" is the longest text.</summary>
    internal const int TextCharsMax = 45;

    private static bool TryParse(ReadOnlySpan<char> s, bool allowLeadingZeros, out Ip result)
    {
        result = default;
        if (s.Contains(':'))
        {
            if (!TryParseV6(s, allowLeadingZeros, out var bits)) return false;
            result = V6(bits);
            return true;
        }

        if (!TryParseV4(s, allowLeadingZeros, out var v4)) return false;
        result = V4(v4);
        return true;
    }

    private static bool TryParseV4(ReadOnlySpan<char> s, bool allowLeadingZeros, out uint bits)
    {
        bits = 0;
        var at = 0;
        for (var octet = 0; octet < 4; octet++)
        {
            if (octet > 0 && (at == s.Length || s[at++] != '.')) return false;
            var (start, value) = (at, 0u);
            for (; at < s.Length && char.IsAsciiDigit(s[at]); at++)
            {
                value = (value * 10) + (uint)(s[at] - '0');
                if (value > byte.MaxValue || (at > start && s[start] == '0' && !allowLeadingZeros)) return false;
            }

            if (at == start) return false;
            bits = (bits << 8) | value;
        }

        return at == s.Length;
    }

    private static bool TryParseV6(ReadOnlySpan<char> s, bool allowLeadingZeros, out UInt128 bits)
    {
        bits = 0;
        Span<ushort> groups = stackalloc ushort[8];
        int count = 0, gapAt = -1;
        if (s.StartsWith("::"))
        {
            gapAt = 0;
            s = s[2..];
        }

        while (!s.IsEmpty)
        {
            if (count == 8) return false;
            var end = s.IndexOf(':');
            var group = end < 0 ? s : s[..end];
            if (end < 0 && group.Contains('.'))
            {
                if (count > 6 || !TryParseV4(group, allowLeadingZeros, out var v4)) return false;
                groups[count++] = (ushort)(v4 >> 16);
                groups[count++] = (ushort)v4;
                break;
            }

            if (group.Length is 0 or > 4 ||
                !ushort.TryParse(group, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out groups[count]))
                return false;
            count++;
            if (end < 0) break;
            s = s[(end + 1)..];
            if (s.IsEmpty) return false;
            if (s[0] != ':') continue;
            if (gapAt >= 0) return false;
            gapAt = count;
            s = s[1..];
        }

        if (gapAt < 0 ? count != 8 : count > 7) return false;
        var gap = 8 - count;
        for (var i = 0; i < 8; i++)
        {
            var value = gapAt < 0 || i < gapAt ? groups[i] : i < gapAt + gap ? (ushort)0 : groups[i - gap];
            bits = (bits << 16) | value;
        }

        return true;
    }

    private static bool TryFormatV4(uint bits, Span<char> destination, out int charsWritten)
    {
        charsWritten = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            if (!((byte)(bits >> shift)).TryFormat(destination[charsWritten..], out var written, default, CultureInfo.InvariantCulture))
                return false;
            charsWritten += written;
            if (shift == 0) return true;
            if (charsWritten == destination.Length) return false;
            destination[charsWritten++] = '.';
        }

        return true;
    }

    private bool TryFormatV6(Span<char> destination, out int charsWritten)
    {
        charsWritten = 0;
        Span<char> text = stackalloc char[TextCharsMax];
        var (gapAt, gapLength) = LongestZeroRun();
        var length = 0;
        for (var i = 0; i < 8; i++)
        {
            if (i == gapAt)
            {
                text[length++] = ':';
                text[length++] = ':';
                i += gapLength - 1;
                continue;
            }

            if (i > 0 && i != gapAt + gapLength) text[length++] = ':';
            _ = Group(i).TryFormat(text[length..], out var written, "x", CultureInfo.InvariantCulture);
            length += written;
        }

        if (!text[..length].TryCopyTo(destination)) return false;
        charsWritten = length;
        return true;
    }

    private ushort Group(int index) => (ushort)(Bits >> (112 - (16 * index)));

    /// <summary>RFC 5952 §4.2: the first longest run of at least two zero groups; (-9, 0) when there is none.</summary>
    private (int At, int Length) LongestZeroRun()
    {
        var best = (At: -9, Length: 1);
        for (var i = 0; i < 8; i++)
        {
            var start = i;
            while (i < 8 && Group(i) == 0) i++;
            if (i - start > best.Length) best = (start, i - start);
        }

        return best.At < 0 ? (-9, 0) : best;
    }
}
