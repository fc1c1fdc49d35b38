using System.Buffers;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>
/// Executes a script of <c>nft -f</c>, or a listing, which is one too, on a <see cref="TableSet"/>. This part:
/// commands,
/// tables and chains. A method that returns false or null has reported why.
/// </summary>
/// <param name="place">Where the text comes from when it is not the file itself but says what a JSON object says.</param>
internal ref partial struct RulesetReader(
    ArtifactFile file, ReadOnlySpan<char> text, TableSet tables, List<Diagnostic> diagnostics, Location? place)
{
    /// <summary>Bounds the report on a file that holds no rules at all.</summary>
    internal const int ErrorsMax = 1_000;

    private readonly ReadOnlySpan<char> _text = text;
    private Cursor _cursor = new(text);

    /// <summary>Those of the rule that is read; null outside rules.</summary>
    private List<Statement>? _statements;

    /// <summary>The protocol that the types of the set at hand name: <c>tcp dport</c>.</summary>
    private Protocol? _portsOf;

    /// <summary>Those that are open.</summary>
    private int _parentheses;

    public void Read()
    {
        _cursor.Next();
        while (_cursor.Kind != TokenKind.EndOfText && diagnostics.Count < ErrorsMax)
        {
            if (_cursor.Kind == TokenKind.EndOfLine) _cursor.Next();
            else Command();
        }

        if (diagnostics.Count == ErrorsMax)
        {
            Report(DiagnosticCatalog.NftErrorsTooMany, $"found {ErrorsMax} errors, reading stops here",
                "check that this is the output of nft list ruleset or a script for nft -f");
        }
    }

    private void Command()
    {
        var depth = _cursor.Depth;
        if (_cursor.IsSign("}"))
        {
            Expected("a command; this } closes nothing");
            _cursor.Next();
        }
        else if (!ReadCommand(depth))
        {
            SkipTo(depth);
        }
    }

    private bool ReadCommand(int depth)
    {
        var verb = "add";
        if (_cursor.Kind == TokenKind.Word && _cursor.Token is "add" or "create" or "delete" or "destroy" or "flush")
        {
            verb = _cursor.Token.ToString();
            _cursor.Next();
        }

        if (_cursor.Kind != TokenKind.Word) return Expected("a command such as table, add or delete");
        var what = _cursor.Token.ToString();
        _cursor.Next();
        if (what == "ruleset" && verb == "flush")
        {
            tables.Clear();
            return ReadEnd();
        }

        if (what is not ("table" or "set" or "map" or "element" or "chain" or "rule"))
            return Fail(
                DiagnosticCatalog.NftStatementUnknown,
                $"found '{verb} {what}', expected table, set, map, element, chain or rule");
        var familyAt = _cursor;
        if (ReadFamily() is not { } isOurs || ReadIdentifier("a table's name") is not { } table) return false;
        if (!isOurs)
        {
            tables.OfOtherFamilies++;
            if (what == "table" && verb is "add" or "create" && familyAt.Token is "inet" or "bridge" or "netdev")
                ReportUnseen(familyAt);
            SkipTo(depth);
            return !_cursor.IsEndOfTextWithin(depth) || Expected("} at the end of the table; the file may be cut off");
        }

        return what == "table" ? ReadTable(verb, table) : ReadPart(verb, what, table);
    }

    /// <summary>
    /// Whether it is the family that is read. The family may be left out: then it is ip (nft(8), ADDRESS FAMILIES).
    /// </summary>
    private bool? ReadFamily()
    {
        if (_cursor.Kind == TokenKind.Word && _cursor.Token is "ip" or "ip6" or "inet" or "arp" or "bridge" or "netdev")
        {
            var isOurs = _cursor.Token.SequenceEqual(tables.FamilyWord);
            _cursor.Next();
            return isOurs;
        }

        return tables.FamilyWord == "ip";
    }

    private bool ReadTable(string verb, string name)
    {
        switch (verb)
        {
            case "delete" or "destroy":
                return (tables.Remove(name) || verb == "destroy" || Refuse($"there is no table {name} to delete"))
                    && ReadEnd();
            case "flush":
                if (tables.Find(name) is not { } flushed) return Refuse($"there is no table {name} to flush");
                foreach (var chain in flushed.Chains.Values) chain.Rules.Clear();
                return ReadEnd();
            default:
                var table = tables.GetOrAdd(name);
                return _cursor.IsSign("{") ? ReadTableBlock(table) : ReadEnd();
        }
    }

    private bool ReadTableBlock(TableDraft table)
    {
        _cursor.Next();
        while (!_cursor.IsSign("}"))
        {
            if (diagnostics.Count >= ErrorsMax) return true;
            if (_cursor.Kind == TokenKind.EndOfText) return Expected(
                "} at the end of the table; the file may be cut off");
            if (_cursor.Kind == TokenKind.EndOfLine)
            {
                _cursor.Next();
                continue;
            }

            var depth = _cursor.Depth;
            var isRead = _cursor.IsWord("comment") ? ReadComment() is not null
                : _cursor.IsWord("chain") ? ReadChainBlock(table)
                : _cursor.IsWord("set") || _cursor.IsWord("map") ? ReadSetBlock(table)
                : Fail(DiagnosticCatalog.NftStatementUnknown,
                    $"found '{Shown()}', expected set, map, chain or comment");
            if (!isRead) SkipTo(depth);
        }

        _cursor.Next();
        return ReadEnd();
    }

    private bool ReadPart(string verb, string what, string tableName)
    {
        if (tables.Find(tableName) is not { } table) return Refuse($"there is no table {tableName}");
        if (ReadIdentifier($"the name of a {what}") is not { } name) return false;
        return (verb, what) switch
        {
            ("add" or "create", "set" or "map") => ReadSet(table, name, isMap: what == "map"),
            ("delete" or "destroy", "set" or "map") =>
                (table.Sets.Remove(name) || verb == "destroy" || Refuse($"there is no set {name}")) && ReadEnd(),
            ("add" or "create", "chain") => ReadNewChain(table, name),
            ("delete" or "destroy", "chain") =>
                (table.Chains.Remove(name) || verb == "destroy" || Refuse($"there is no chain {name}")) && ReadEnd(),
            ("flush", "chain") => FlushChain(table, name),
            ("flush", "set" or "map") => FlushSet(table, name),
            ("add" or "create", "element") => ReadElements(table, name, isDeletion: false),
            ("delete", "element") => ReadElements(table, name, isDeletion: true),
            ("add", "rule") =>
                table.Chains.TryGetValue(name, out var chain)
                    ? ReadRule(chain, isInBlock: false) : Refuse($"there is no chain {name}"),
            _ => Fail(
                DiagnosticCatalog.NftStatementUnknown,
                $"found '{verb} {what}', expected one of nft's commands for a {what}"),
        };
    }

    private bool ReadNewChain(TableDraft table, string name)
    {
        if (!table.Chains.TryGetValue(name, out var chain)) table.Chains.Add(name, chain = new ChainDraft());
        return _cursor.IsSign("{") ? ReadChainBody(chain) : ReadEnd();
    }

    private bool FlushChain(TableDraft table, string name)
    {
        if (!table.Chains.TryGetValue(name, out var chain)) return Refuse($"there is no chain {name}");
        chain.Rules.Clear();
        return ReadEnd();
    }

    private bool FlushSet(TableDraft table, string name)
    {
        if (!table.Sets.TryGetValue(name, out var set)) return Refuse($"there is no set {name}");
        set.Elements.Clear();
        return ReadEnd();
    }

    private bool ReadChainBlock(TableDraft table)
    {
        _cursor.Next();
        if (ReadIdentifier("a chain's name") is not { } name) return false;
        if (!table.Chains.TryGetValue(name, out var chain)) table.Chains.Add(name, chain = new ChainDraft());
        return _cursor.IsSign("{") ? ReadChainBody(chain) : Expected("{ behind the chain's name");
    }

    private bool ReadChainBody(ChainDraft chain)
    {
        _cursor.Next();
        while (!_cursor.IsSign("}"))
        {
            if (diagnostics.Count >= ErrorsMax) return true;
            if (_cursor.Kind == TokenKind.EndOfText) return Expected(
                "} at the end of the chain; the file may be cut off");
            if (_cursor.Kind == TokenKind.EndOfLine)
            {
                _cursor.Next();
                continue;
            }

            var depth = _cursor.Depth;
            var isRead = _cursor.IsWord("type") ? ReadHook(chain)
                : _cursor.IsWord("policy") ? ReadPolicy(chain)
                : _cursor.IsWord("comment") ? ReadComment() is not null
                : ReadRule(chain, isInBlock: true);
            if (!isRead) SkipTo(depth);
        }

        _cursor.Next();
        return ReadEnd();
    }

    /// <summary>The statement, or the block, is over.</summary>
    private bool ReadEnd()
    {
        if (_cursor.IsSign("}") || _cursor.Kind == TokenKind.EndOfText) return true;
        if (_cursor.Kind != TokenKind.EndOfLine) return Expected("the end of the line");
        _cursor.Next();
        return true;
    }

    private string? ReadName(string expected)
    {
        if (_cursor.Kind is not (TokenKind.Word or TokenKind.Quoted))
        {
            Expected(expected);
            return null;
        }

        var name = _cursor.Token.ToString();
        _cursor.Next();
        return name;
    }

    /// <summary>
    /// A name as nft's scanner takes it and the kernel keeps it (NFT_NAME_MAXLEN of nf_tables.h @v6.1).
    /// </summary>
    private string? ReadIdentifier(string expected)
    {
        const int charsMax = 255;
        var name = _cursor.Token;
        var isName = _cursor.Kind is TokenKind.Word or TokenKind.Quoted && name.Length is > 0 and <= charsMax
            && (char.IsAsciiLetter(name[0]) || name[0] is '_' or '.') && !name.ContainsAnyExcept(_nameCharacters);
        if (isName) return ReadName(expected);
        Expected(expected);
        return null;
    }

    private static readonly SearchValues<char> _nameCharacters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-");

    private string? ReadComment()
    {
        _cursor.Next();
        if (_cursor.Kind != TokenKind.Word || !_cursor.Token.Contains('"')) return ReadName("a comment");
        Expected("a comment with a quote behind it");
        return null;
    }

    private readonly void ReportUnseen(Cursor family)
    {
        var (line, column) = _cursor.PlaceOf(family.Start);
        diagnostics.Add(new Diagnostic(
            DiagnosticCatalog.NftFamilyWrong, place ?? new Location(file.Name, line, column),
            $"found a table of family {family.Token}, which may see these packets too; it is left out",
            "take the table out of the dump if it does not matter here"));
    }

    /// <summary>To the end of the line on which a statement ends that began with so many braces open.</summary>
    private void SkipTo(int depth)
    {
        while (_cursor.Kind != TokenKind.EndOfText && _cursor.Depth >= depth)
        {
            if (_cursor.Kind == TokenKind.EndOfLine && _cursor.Depth == depth) return;
            _cursor.Next();
        }
    }

    private readonly string Shown() => _cursor.Kind switch
    {
        TokenKind.EndOfText => "the end of the text",
        TokenKind.EndOfLine => "the end of the line",
        TokenKind.Quoted => $"\"{Excerpt(_cursor.Token)}\"",
        TokenKind.Word or TokenKind.Sign => Excerpt(_cursor.Token),
    };

    private static string Excerpt(ReadOnlySpan<char> token) => token.Length > 80 ? $"{token[..80]}…" : token.ToString();

    private readonly bool Expected(string expected) =>
        Fail(DiagnosticCatalog.NftSyntax, $"found '{Shown()}', expected {expected}");

    private readonly bool Refuse(string reason) => Fail(DiagnosticCatalog.NftCommandRefused, reason);

    private readonly bool Fail(DiagnosticRule rule, string message)
    {
        Report(rule, message, "write the file again with nft list ruleset, or take this out");
        return false;
    }

    private readonly void Report(DiagnosticRule rule, string message, string hint)
    {
        if (diagnostics.Count > ErrorsMax) return;
        var (line, column) = _cursor.PlaceOf(_cursor.Start);
        diagnostics.Add(place is { } within
            ? new Diagnostic(rule, within, $"{message} in: {Excerpt(_text)}", hint)
            : new Diagnostic(rule, new Location(file.Name, line, column), message, hint));
    }
}
