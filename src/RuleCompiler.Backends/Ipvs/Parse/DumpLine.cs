using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>Reads one line and carries it out. A Try method is true where the line has been dealt with.</summary>
internal ref partial struct DumpLine(ReadOnlySpan<char> line, DumpReader dump)
{
    private Cursor _cursor = new(line);
    private readonly ReadOnlySpan<char> _line = line;
    private readonly DumpReader _dump = dump;

    // Options of one ipvsadm command.
    private ServerOptionWords _words;

    /// <summary>Set when a Try method has returned false.</summary>
    public LineFault? Fault { get; private set; }

    public bool TryReadAddress()
    {
        if (!_cursor.TryNext(out var word)) return true;
        if (!Ip.TryParse(word, null, out var address))
        {
            return Fail(
                DiagnosticCatalog.RuleLineUnreadable,
                $"found '{word}', expected a line of ipset, ipvsadm, iptables or sysctl, or an address");
        }

        if (!AtEnd()) return false;
        if (_dump.IsOwn(address.Family, 1)) _dump.Bind(address);
        return true;
    }

    /// <summary>NAME = VALUE.</summary>
    public bool TryReadSysctl(ReadOnlySpan<char> text, string reason, [NotNullWhen(true)] out Sysctl? sysctl)
    {
        sysctl = null;
        var equals = text.IndexOf('=');
        var (name, value) = (text[..equals].Trim().ToString(), text[(equals + 1)..].Trim().ToString());
        _cursor.TryNext(out _);
        if (name.Length == 0 || name.AsSpan().ContainsAnyExceptInRange('!', '~') || name[0] is '-' or '#')
            return Fail(DiagnosticCatalog.RuleLineUnreadable, "found no name before =, expected a sysctl");
        if (value.Length == 0 || value.Any(char.IsControl))
            return Fail(DiagnosticCatalog.RuleValueInvalid, $"found no value behind {name} =, expected one");
        sysctl = new Sysctl(name.Replace('/', '.'), value, reason);
        return true;
    }

    private bool TryReadNumber(string expected, int least, int most, out int number)
    {
        number = 0;
        if (!TryReadWord(expected, out var word)) return false;
        return (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out number) &&
                number >= least && number <= most) || FailValue(word, expected);
    }

    private bool TryReadWord(string expected, out ReadOnlySpan<char> word) => _cursor.TryNext(out word) ||
        Fail(DiagnosticCatalog.RuleIncomplete, $"found the end of the line, expected {expected}");

    private bool AtEnd() => !_cursor.TryNext(out var word) ||
        Fail(DiagnosticCatalog.RuleLineUnreadable, $"found '{word}', expected the end of the line");

    private bool Fail(DiagnosticRule rule, string message, string? hint = null)
    {
        Fault ??= new(rule, _cursor.Column, message, hint);
        return false;
    }

    private bool FailValue(scoped ReadOnlySpan<char> found, string expected) =>
        Fail(DiagnosticCatalog.RuleValueInvalid, $"found '{found}', expected {expected}");

    private bool FailRefused(string? refusal) => refusal is null ||
        Fail(
            DiagnosticCatalog.RuleCommandRefused, refusal,
            "the tool would stop here; correct the file or dump it again");

    internal readonly record struct LineFault(DiagnosticRule Rule, int Column, string Message, string? Hint);
}
