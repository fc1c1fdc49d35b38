using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>
/// Executes a script of <c>nft -f</c>, or a listing, which is one too, on a <see cref="TableSet"/>. This part:
/// commands,
/// tables and chains. A method that returns false or null has reported why.
/// </summary>
/// <param name="place">Where the text comes from when it is not the file itself: what a JSON object says.</param>
internal ref partial struct RulesetReader(
    ArtifactFile file, ReadOnlySpan<char> text, TableSet tables, List<Diagnostic> diagnostics, string? place)
{
    /// <summary>Bounds the report on a file that holds no rules at all.</summary>
    internal const int ErrorsMax = 1_000;

    private Cursor _cursor = new(text);

    /// <summary>
    /// Set by an expression that asks for its protocol too: <c>tcp dport</c> is <c>meta l4proto tcp th dport</c>
    /// (src/proto.c:proto_th @v1.0.6).
    /// </summary>
    private Protocol? _impliedProtocol;

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
        if (_cursor.Kind == TokenKind.Word && _cursor.Token is "add" or "create" or "delete" or "flush")
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
        if (ReadFamily() is not { } isOurs || ReadName("a table's name") is not { } table) return false;
        if (!isOurs)
        {
            tables.OfOtherFamilies++;
            SkipTo(depth);
            return true;
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
            case "delete":
                return (tables.Remove(name) || Refuse($"there is no table {name} to delete")) && ReadEnd();
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
        if (ReadName($"the name of a {what}") is not { } name) return false;
        return (verb, what) switch
        {
            ("add" or "create", "set" or "map") => ReadSet(table, name, isMap: what == "map"),
            ("delete", "set" or "map") => (table.Sets.Remove(name) || Refuse($"there is no set {name}")) && ReadEnd(),
            ("add" or "create", "chain") => ReadNewChain(table, name),
            ("delete", "chain") => (table.Chains.Remove(name) || Refuse($"there is no chain {name}")) && ReadEnd(),
            ("flush", "chain") => FlushChain(table, name),
            ("flush", "set" or "map") => FlushSet(table, name),
            ("add" or "create", "element") => ReadElements(table, name, isDeletion: false),
            ("delete", "element") => ReadElements(table, name, isDeletion: true),
            ("add", "rule") =>
                table.Chains.TryGetValue(name, out var chain) ? ReadRule(chain) : Refuse($"there is no chain {name}"),
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
        if (ReadName("a chain's name") is not { } name) return false;
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
                : ReadRule(chain);
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

    private string? ReadComment()
    {
        _cursor.Next();
        return ReadName("a comment");
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
        var (line, column) = place is null ? _cursor.PlaceOf(_cursor.Start) : (0, 0);
        diagnostics.Add(
            new Diagnostic(
            rule, new Location(file.Name, line, column), place is null ? message : $"{place}: {message}", hint));
    }
}
