using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// Reads one command line. Header options may stand anywhere, as they may for the tool; a match's options follow its -m,
/// a target's follow its -j, as every save writes them. The first fault ends the line.
/// </summary>
internal ref partial struct RuleReader(ReadOnlySpan<char> line, Family family, NameTable names)
{
    private Cursor _cursor = new(line, names.Scratch);
    private readonly Family _family = family;
    private readonly NameTable _names = names;
    private Match.Source? _source;
    private Match.Destination? _destination;
    private Match.InInterface? _inInterface;
    private Match.OutInterface? _outInterface;
    private Match.OfProtocol? _protocol;
    private uint _headerSeen;
    private string? _comment;
    private Target? _target;
    private bool _targetOption;

    // The extension being read: options collect until the next -m, -j or the end.
    private Extension _extension;
    private Protocol _portsOf;
    private Match? _first;
    private Match? _second;
    private bool _randomMode;
    private string? _list;
    private Ip? _mask;
    private int _seconds;
    private int _hitCount;
    private bool _reap;
    private Protocol? _serverProtocol;
    private Ip? _serverAddress;
    private Port? _serverPort;

    /// <summary>Set when a Try method of this reader has returned false.</summary>
    public LineFault? Fault { get; private set; }

    public bool TryReadCommand([NotNullWhen(true)] out RestoreCommand? command)
    {
        command = null;
        if (!_cursor.TryNext(out var verb)) return FailAtEnd("a command such as -A CHAIN");
        var letter = verb switch
        {
            "-A" or "--append" => 'A',
            "-I" or "--insert" => 'I',
            "-D" or "--delete" => 'D',
            "-R" or "--replace" => 'R',
            "-F" or "--flush" => 'F',
            "-X" or "--delete-chain" => 'X',
            _ => '\0',
        };
        if (letter == '\0')
        {
            return verb[0] == '-'
                ? Fail(DiagnosticCatalog.RuleCommandUnsupported, $"found the command '{verb}', expected -A, -I, -D, -R, -F or -X")
                : Fail(DiagnosticCatalog.RuleLineUnreadable, $"found '{verb}', expected a command such as -A CHAIN");
        }

        if (!_cursor.TryNext(out var chainName)) return FailAtEnd($"a chain behind {verb}");
        if (!IptablesBackend.IsChainName(chainName)) return FailValue(chainName, "the name of a chain");
        var chain = _names.Chain(chainName);
        command = letter switch
        {
            'A' => TryReadRule(default, out var rule) ? new RestoreCommand.Append(chain, rule) : null,
            'I' => TryReadInsert(chain),
            'D' => TryReadDelete(chain),
            'R' => TryReadPosition(out var position, out _) is true && TryReadRule(default, out var rule)
                ? new RestoreCommand.Replace(chain, position, rule)
                : null,
            'F' => AtEnd() ? new RestoreCommand.Flush(chain) : null,
            _ => AtEnd() ? new RestoreCommand.DeleteChain(chain) : null,
        };
        if (command is null && Fault is null) FailAtEnd("a position, 1 or more");
        return command is not null;
    }

    /// <summary>-I CHAIN rule means position 1.</summary>
    private RestoreCommand.Insert? TryReadInsert(string chain)
    {
        if (TryReadPosition(out var position, out var word) is not { } numbered) return null;
        return TryReadRule(numbered ? default : word, out var rule)
            ? new(chain, numbered ? position : 1, rule)
            : null;
    }

    private RestoreCommand? TryReadDelete(string chain)
    {
        if (TryReadPosition(out var position, out var word) is not { } numbered) return null;
        if (numbered) return AtEnd() ? new RestoreCommand.DeleteAt(chain, position) : null;
        return TryReadRule(word, out var rule) ? new RestoreCommand.Delete(chain, rule) : null;
    }

    /// <summary>True for a number, false for another word (or none), null for a number that is no position.</summary>
    private bool? TryReadPosition(out int position, out ReadOnlySpan<char> word)
    {
        position = 0;
        if (!_cursor.TryNext(out word) || !char.IsAsciiDigit(word[0])) return false;
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out position) && position >= 1) return true;
        FailValue(word, "a position, 1 or more");
        return null;
    }

    private bool AtEnd()
    {
        if (!_cursor.TryNext(out var word)) return _cursor.Fault is null || FailAtEnd("the end of the line");
        return Fail(DiagnosticCatalog.RuleLineUnreadable, $"found '{word}', expected the end of the line");
    }

    /// <param name="first">A word that was read already, or empty.</param>
    private bool TryReadRule(ReadOnlySpan<char> first, [NotNullWhen(true)] out Rule? rule)
    {
        rule = null;
        _names.Extensions.Clear();
        var inverted = false;
        var word = first;
        while (!word.IsEmpty || _cursor.TryNext(out word))
        {
            if (word is "!")
            {
                if (inverted) return Fail(DiagnosticCatalog.RuleOptionUnknown, "found a second !, expected an option");
                inverted = true;
            }
            else
            {
                if (!TryReadOption(word, inverted)) return false;
                inverted = false;
            }

            word = default;
        }

        if (_cursor.Fault is not null || inverted) return FailAtEnd("an option");
        if (!TryFinishExtension() || !TryFinishTarget()) return false;
        rule = new Rule(Matches(), _target, _comment);
        return true;
    }

    private bool TryReadOption(ReadOnlySpan<char> option, bool inverted)
    {
        switch (option)
        {
            case "-s" or "--source" or "--src":
                return Once(0, option) && TryReadNetwork(out var source, out var sourceMask) &&
                       Set(ref _source, IsAny(sourceMask, inverted) ? null : new(source, sourceMask, inverted));
            case "-d" or "--destination" or "--dst":
                return Once(1, option) && TryReadNetwork(out var destination, out var destinationMask) &&
                       Set(ref _destination,
                           IsAny(destinationMask, inverted) ? null : new(destination, destinationMask, inverted));
            case "-i" or "--in-interface":
                return Once(2, option) && TryReadInterface(out var input) &&
                       Set(ref _inInterface, input is "+" && !inverted ? null : new(input, inverted));
            case "-o" or "--out-interface":
                return Once(3, option) && TryReadInterface(out var output) &&
                       Set(ref _outInterface, output is "+" && !inverted ? null : new(output, inverted));
            case "-p" or "--protocol" or "--proto":
                return Once(4, option) && TryReadProtocol(inverted);
            case "-m" or "--match":
                return Plain(option, inverted) && TryFinishExtension() && TryBeginExtension();
            case "-j" or "--jump":
                return Plain(option, inverted) && TryFinishExtension() && TryReadTarget();
            case "-g" or "--goto":
                return Plain(option, inverted) && TryFinishExtension() && TryReadGoto();
            case "-c" or "--set-counters":
                return Plain(option, inverted) && TryReadCounter() && TryReadCounter();
            default:
                return _target is null ? TryReadExtensionOption(option, inverted) : TryReadTargetOption(option, inverted);
        }
    }

    private readonly Seq<Match> Matches()
    {
        var matches = _names.Matches;
        matches.Clear();
        if (_source is not null) matches.Add(_source);
        if (_destination is not null) matches.Add(_destination);
        if (_inInterface is not null) matches.Add(_inInterface);
        if (_outInterface is not null) matches.Add(_outInterface);
        if (_protocol is not null) matches.Add(_protocol);
        matches.AddRange(_names.Extensions);
        return _source is null && _destination is null ? _names.Shared(matches.ToSeq()) : matches.ToSeq();
    }

    /// <summary>A mask without bits matches everything; the tool stores and lists nothing for it.</summary>
    private static bool IsAny(Ip mask, bool inverted) => mask.Bits == 0 && !inverted;

    private static bool Set<T>(ref T field, T value)
    {
        field = value;
        return true;
    }

    private bool Once(int bit, ReadOnlySpan<char> option)
    {
        var seen = (_headerSeen >> bit & 1) != 0;
        _headerSeen |= 1u << bit;
        return !seen || Fail(DiagnosticCatalog.RuleIncomplete, $"found {option} a second time, expected it once");
    }

    /// <summary>Options that cannot be inverted.</summary>
    private bool Plain(ReadOnlySpan<char> option, bool inverted) =>
        !inverted || Fail(DiagnosticCatalog.RuleOptionUnknown, $"found ! before {option}, which cannot be inverted");

    private bool Fail(DiagnosticRule rule, string message, string? hint = null)
    {
        Fault ??= new(rule, _cursor.Column, message, hint);
        return false;
    }

    private bool FailValue(scoped ReadOnlySpan<char> found, string expected) =>
        Fail(DiagnosticCatalog.RuleValueInvalid, $"found '{found}', expected {expected}");

    /// <summary>The line ended, or could not be split further, where something was expected.</summary>
    private bool FailAtEnd(string expected) => _cursor.Fault is { } fault
        ? Fail(fault.Contains("characters", StringComparison.Ordinal) ? DiagnosticCatalog.RuleTooLong : DiagnosticCatalog.RuleLineUnreadable,
            $"found {fault}, expected {expected}")
        : Fail(DiagnosticCatalog.RuleValueInvalid, $"found the end of the line, expected {expected}");

    internal readonly record struct LineFault(DiagnosticRule Rule, int Column, string Message, string? Hint);
}
