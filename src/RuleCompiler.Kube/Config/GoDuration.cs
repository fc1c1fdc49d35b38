namespace RuleCompiler.Kube.Config;

/// <summary>Durations as Go writes them: 30s, 1h2m3.5s, -1.5h, 0 (https://pkg.go.dev/time#ParseDuration).</summary>
internal static class GoDuration
{
    /// <summary>
    /// False for anything else and for what does not fit 64 bits of nanoseconds, Go's own bound (292 years).
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        var negative = !text.IsEmpty && text[0] == '-';
        if (!text.IsEmpty && text[0] is '-' or '+') text = text[1..];
        if (text is "0") return true;
        if (text.IsEmpty) return false;
        decimal nanoseconds = 0;
        while (!text.IsEmpty)
        {
            if (!TryTakeNumber(ref text, out var number) || !TryTakeUnit(ref text, out var unit)) return false;
            nanoseconds += number * unit;
            if (nanoseconds > long.MaxValue) return false;
        }

        var ticks = (long)(nanoseconds / TimeSpan.NanosecondsPerTick);
        duration = TimeSpan.FromTicks(negative ? -ticks : ticks);
        return true;
    }

    private static bool TryTakeNumber(ref ReadOnlySpan<char> text, out decimal number)
    {
        number = 0;
        decimal scale = 1;
        int at = 0, digits = 0;
        for (var fraction = false; at < text.Length; at++)
        {
            if (text[at] == '.' && !fraction)
            {
                fraction = true;
                continue;
            }

            if (!char.IsAsciiDigit(text[at])) break;
            digits++;
            // Beyond this many digits nothing changes within 64 bits of nanoseconds.
            if (fraction && digits > 19) continue;
            if (number > long.MaxValue) return false;
            if (fraction) scale *= 10;
            number = (number * 10) + (text[at] - '0');
        }

        text = text[at..];
        number /= scale;
        return digits > 0;
    }

    private static bool TryTakeUnit(ref ReadOnlySpan<char> text, out decimal nanoseconds)
    {
        var length = 0;
        while (length < text.Length && text[length] != '.' && !char.IsAsciiDigit(text[length])) length++;
        nanoseconds = text[..length] switch
        {
            "ns" => 1,
            // Micro sign and Greek mu.
            "us" or "\u00B5s" or "\u03BCs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => 0,
        };
        text = text[length..];
        return nanoseconds > 0;
    }
}
