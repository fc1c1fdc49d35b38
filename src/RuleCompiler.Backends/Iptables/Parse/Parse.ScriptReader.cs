using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// Splits a file into blocks and lines; a <see cref="RuleReader"/> reads the rule of a line, and a sink takes it.
/// </summary>
internal sealed class ScriptReader(
    ArtifactFile file, Family family, NameTable names, List<Diagnostic> diagnostics, IptablesBackend.ICommandSink sink)
{
    /// <summary>
    /// fgets into char buffer[10240] (iptables/iptables-restore.c, iptables/xtables-restore.c @iptables 1.8.9).
    /// </summary>
    internal const int LineCharsMax = 10_239;

    /// <summary>Bounds the report on a file that holds no rules at all.</summary>
    internal const int ErrorsMax = 1_000;

    /// <summary>Enough of a rule to recognise it in a terminal.</summary>
    private const int ExcerptCharsMax = 160;

    private Open _open;
    private TableName _table;
    private int _line;

    /// <summary>
    /// Between a *table line and COMMIT there is a table; one that nobody knows has its lines left out.
    /// </summary>
    private enum Open
    {
        Nothing,
        Table,
        UnknownTable,
    }

    public void Read()
    {
        ReadLines();
        Close();
    }

    private void ReadLines()
    {
        var rest = file.Text.AsSpan();
        while (!rest.IsEmpty)
        {
            _line++;
            var end = rest.IndexOf('\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            ReadLine(line);
            if (diagnostics.Count < ErrorsMax) continue;
            Report(DiagnosticCatalog.RuleErrorsTooMany, 1, $"found {ErrorsMax} errors, reading stops here",
                "check that this is the output of iptables-save or a file of rules for iptables-restore");
            return;
        }

        if (_open != Open.Nothing)
        {
            Report(DiagnosticCatalog.RuleTableNotCommitted, 1,
                $"found the end of the file, expected COMMIT for table {_table.KernelName()}",
                "the file may be cut off; write it again");
        }
    }

    private void ReadLine(ReadOnlySpan<char> line)
    {
        if (line.IsEmpty || line[0] == '#') return;
        if (line.Length > LineCharsMax)
            Report(DiagnosticCatalog.RuleTooLong, 1,
                $"found a line of {line.Length} characters, expected at most {LineCharsMax}", "split or shorten the rule");
        else if (line.ContainsAnyInRange('\0', '\x1f') && FindControl(line) is var control and >= 0)
            Report(DiagnosticCatalog.RuleLineUnreadable, control + 1,
                $"found the character U+{(int)line[control]:X4}, expected text with \\n at its line ends{In(line)}",
                "write the file again as plain text");
        else if (line[0] == '*')
            Begin(line);
        else if (_open == Open.Nothing)
            Report(DiagnosticCatalog.RuleOutsideTable, 1, $"found '{Excerpt(line)}', expected a line like *nat",
                "every command stands between a *table line and COMMIT");
        else if (line[0] == ':')
            Declare(line);
        else if (line.TrimEnd(" \t") is "COMMIT")
            Close();
        else
            Command(line);
    }

    private void Begin(ReadOnlySpan<char> line)
    {
        if (_open != Open.Nothing)
        {
            Report(DiagnosticCatalog.RuleTableNotCommitted, 1,
                $"found '{Excerpt(line)}', expected COMMIT for table {_table.KernelName()} first",
                "end each table with COMMIT");
        }

        Close();
        var name = line[1..].TrimEnd(" \t");
        foreach (var table in TableFacts.All)
        {
            if (!name.SequenceEqual(table.KernelName())) continue;
            (_open, _table) = (Open.Table, table);
            sink.Begin(table);
            return;
        }

        Report(DiagnosticCatalog.RuleTableUnknown, 2,
            $"found table '{Excerpt(name)}', expected raw, mangle, nat, filter or security", "its rules are left out");

        // The lines up to COMMIT belong to it; reading them as another table's would be worse than not at all.
        (_open, _table) = (Open.UnknownTable, default);
    }

    private void Close()
    {
        if (_open == Open.Table) sink.End();
        _open = Open.Nothing;
    }

    private void Take(RestoreCommand command)
    {
        if (_open != Open.Table || sink.Take(command) is not { } refusal) return;
        if (refusal.To is null)
            Report(DiagnosticCatalog.RuleCommandRefused, 1, refusal.Reason,
                "the kernel would refuse the whole table; correct the file or dump it again");
        else
            Report(DiagnosticCatalog.RuleTargetUnknown, 1, refusal.Reason,
                "declare the chain before its first use, or take the rule out if its target is an extension");
    }

    /// <summary>:CHAIN POLICY [PACKETS:BYTES]; the counters may be missing.</summary>
    private void Declare(ReadOnlySpan<char> line)
    {
        var cursor = new Cursor(line[1..], names.Scratch);
        if (!cursor.TryNext(out var name) || !IptablesBackend.IsChainName(name))
        {
            Report(DiagnosticCatalog.RuleLineUnreadable, 2, $"found no chain name{In(line)}",
                $"a chain has up to {IptablesBackend.ChainNameCharsMax} printable characters and no target's name");
            return;
        }

        var chain = names.Chain(name);
        _ = cursor.TryNext(out var word);
        Policy? policy = word is "ACCEPT" ? Policy.Accept : word is "DROP" ? Policy.Drop : null;
        if (policy is null && word is not "-")
        {
            Report(DiagnosticCatalog.RuleValueInvalid, cursor.Column + 1,
                $"found policy '{Excerpt(word)}', expected ACCEPT, DROP or -{In(line)}", null);
            return;
        }

        if (cursor.TryNext(out word) && (!IsCounters(word) || cursor.TryNext(out _)))
        {
            Report(DiagnosticCatalog.RuleLineUnreadable, cursor.Column + 1,
                $"found '{Excerpt(word)}', expected counters like [0:0]{In(line)}", null);
            return;
        }

        Take(new RestoreCommand.Declare(chain, policy));
    }

    private void Command(ReadOnlySpan<char> line)
    {
        var start = 0;
        if (line[0] == '[')
        {
            // iptables-save -c writes the counters in front.
            var end = line.IndexOf(']');
            if (end < 0 || !IsCounters(line[..(end + 1)]))
            {
                Report(DiagnosticCatalog.RuleLineUnreadable, 1, $"found no counters like [0:0]{In(line)}", null);
                return;
            }

            start = end + 1;
        }

        var reader = new RuleReader(line[start..], family, names);
        if (reader.TryReadCommand(out var command))
        {
            Take(command);
            return;
        }

        var fault = reader.Fault!.Value;
        Report(fault.Rule, start + fault.Column, fault.Message + In(line), fault.Hint);
    }

    private static bool IsCounters(ReadOnlySpan<char> word)
    {
        if (word.Length < 5 || word[0] != '[' || word[^1] != ']') return false;
        var colon = word.IndexOf(':');
        return colon > 0 && IsCount(word[1..colon]) && IsCount(word[(colon + 1)..^1]);
    }

    private static bool IsCount(ReadOnlySpan<char> digits) =>
        ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static int FindControl(ReadOnlySpan<char> line)
    {
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] is < ' ' and not '\t') return i;
        }

        return -1;
    }

    private void Report(DiagnosticRule rule, int column, string message, string? hint) =>
        diagnostics.Add(new Diagnostic(rule, new Location(file.Name, _line, column), message, hint));

    private static string In(ReadOnlySpan<char> line) => $" in: {Excerpt(line)}";

    private static string Excerpt(ReadOnlySpan<char> text)
    {
        var cut = text.Length > ExcerptCharsMax;
        Span<char> shown = stackalloc char[ExcerptCharsMax];
        var length = Math.Min(text.Length, ExcerptCharsMax);
        for (var i = 0; i < length; i++) shown[i] = char.IsControl(text[i]) || char.IsSurrogate(text[i]) ? '?' : text[i];
        return cut ? $"{shown[..length]}…" : shown[..length].ToString();
    }
}
