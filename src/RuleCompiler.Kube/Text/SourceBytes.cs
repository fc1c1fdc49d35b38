using System.Buffers;
using System.Text;
using System.Text.Unicode;
using RuleCompiler.Ir;

namespace RuleCompiler.Kube.Text;

/// <summary>Brings a file's bytes to UTF-8 without a byte order mark and without characters that no text has.</summary>
internal static class SourceBytes
{
    /// <summary>
    /// C0 without tab, line feed and carriage return, and DEL: not c-printable
    /// (https://yaml.org/spec/1.2.2/#51-character-set).
    /// </summary>
    private static readonly SearchValues<byte> Controls = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x0B, 0x0C, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
         0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x7F]);

    public static bool TryNormalize(ReadOnlyMemory<byte> content, Report report, out ReadOnlyMemory<byte> utf8)
    {
        utf8 = content.Span.StartsWith("\uFEFF"u8) ? content[3..] : content;
        if (Utf16Of(content.Span) is { } utf16 && !TryTranscode(content.Span, utf16, report, out utf8)) return false;
        return IsUtf8(utf8.Span, report) && IsPrintable(utf8.Span, report);
    }

    /// <summary>1-based line and column, in UTF-16 units, of a byte of valid UTF-8.</summary>
    public static (int Line, int Column) PositionOf(ReadOnlySpan<byte> utf8, int index)
    {
        var before = utf8[..index];
        var lineStart = before.LastIndexOf((byte)'\n') + 1;
        return (before.Count((byte)'\n') + 1, Encoding.UTF8.GetCharCount(before[lineStart..]) + 1);
    }

    /// <summary>By byte order mark, or by the zero byte beside an ASCII first character (YAML 1.2 §5.2).</summary>
    private static UnicodeEncoding? Utf16Of(ReadOnlySpan<byte> content) => content switch
    {
        [0xFF, 0xFE, ..] or [not 0, 0, not 0, 0, ..] =>
            new UnicodeEncoding(bigEndian: false, true, throwOnInvalidBytes: false),
        [0xFE, 0xFF, ..] or [0, not 0, 0, not 0, ..] =>
            new UnicodeEncoding(bigEndian: true, true, throwOnInvalidBytes: false),
        _ => null,
    };

    private static bool TryTranscode(
        ReadOnlySpan<byte> content, UnicodeEncoding utf16, Report report, out ReadOnlyMemory<byte> utf8)
    {
        utf8 = default;
        var text = utf16.GetString(content).AsSpan();
        if (text.StartsWith("\uFEFF")) text = text[1..];
        if (text.Contains('\uFFFD') || content.Length % 2 != 0)
        {
            report.Refuse(DiagnosticCatalog.NotText, 0, 0, "found broken UTF-16, expected UTF-8 or UTF-16 text",
                "write the file again as UTF-8");
            return false;
        }

        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        utf8 = bytes;
        return true;
    }

    private static bool IsUtf8(ReadOnlySpan<byte> utf8, Report report)
    {
        if (Utf8.IsValid(utf8)) return true;
        var index = 0;
        while (Rune.DecodeFromUtf8(utf8[index..], out _, out var length) == OperationStatus.Done) index += length;
        var (line, column) = PositionOf(utf8, index);
        report.Refuse(DiagnosticCatalog.NotText, line, column,
            $"found byte 0x{utf8[index]:X2}, expected UTF-8 text", "write the file again as UTF-8");
        return false;
    }

    private static bool IsPrintable(ReadOnlySpan<byte> utf8, Report report)
    {
        var index = utf8.IndexOfAny(Controls);
        if (index < 0) return true;
        var (line, column) = PositionOf(utf8, index);
        report.Refuse(DiagnosticCatalog.ControlCharacter, line, column,
            $"found control character U+{utf8[index]:X4}, expected YAML or JSON text",
            "check that this is the intended file; remove the character");
        return false;
    }
}
