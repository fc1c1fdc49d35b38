using System.Globalization;

namespace RuleCompiler.Ir.Net;

/// <summary>
/// A transport port, 0 to 65535. Service and endpoint ports are 1 to 65535 (<see cref="TryCreate"/>).
/// </summary>
public readonly record struct Port(ushort Value) : ISpanFormattable, ISpanParsable<Port>, IComparable<Port>
{
    /// <summary>False for 0 and for anything above 65535: no Service may use those.</summary>
    public static bool TryCreate(long value, out Port port)
    {
        var valid = value is >= 1 and <= ushort.MaxValue;
        port = valid ? new Port((ushort)value) : default;
        return valid;
    }

    public int CompareTo(Port other) => Value.CompareTo(other.Value);

    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out Port result)
    {
        var parsed = ushort.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        result = new Port(value);
        return parsed;
    }

    public static bool TryParse(string? s, IFormatProvider? provider, out Port result) =>
        TryParse(s.AsSpan(), provider, out result);

    public static Port Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var port) ? port : throw new FormatException($"not a port: '{s}'");

    public static Port Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        Value.TryFormat(destination, out charsWritten, default, CultureInfo.InvariantCulture);

    public static bool operator <(Port left, Port right) => left.Value < right.Value;

    public static bool operator >(Port left, Port right) => left.Value > right.Value;

    public static bool operator <=(Port left, Port right) => left.Value <= right.Value;

    public static bool operator >=(Port left, Port right) => left.Value >= right.Value;
}
