using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>Sets, maps, their elements, and base chains.</content>
internal ref partial struct RulesetReader
{
    private bool ReadSetBlock(TableDraft table)
    {
        var isMap = _cursor.IsWord("map");
        _cursor.Next();
        if (ReadIdentifier("a set's name") is not { } name) return false;
        return _cursor.IsSign("{") ? ReadSet(table, name, isMap) : Expected("{ behind the set's name");
    }

    private bool ReadSet(TableDraft table, string name, bool isMap)
    {
        if (!_cursor.IsSign("{")) return Expected("{ with the set's type");
        var outside = _cursor.Depth - 1;
        _cursor.Next();
        var set = new SetDraft();
        var (isTyped, isBroken) = (false, false);
        while (!_cursor.IsSign("}"))
        {
            if (_cursor.Kind == TokenKind.EndOfText) return Expected(
                "} at the end of the set; the file may be cut off");
            if (_cursor.Kind == TokenKind.EndOfLine)
            {
                _cursor.Next();
                continue;
            }

            if (ReadProperty(set, isMap, ref isTyped)) continue;
            while (_cursor.Kind != TokenKind.EndOfText && _cursor.Depth > outside) _cursor.Next();
            isBroken = true;
            break;
        }

        if (!isTyped && !isBroken) return Expected("a type before the end of the set");
        if (_cursor.IsSign("}")) _cursor.Next();
        if (!isTyped) return ReadEnd();

        // A set that is there already keeps its elements and gets more.
        if (!table.Sets.TryGetValue(name, out var known)) table.Sets.Add(name, set);
        else if (known.IsLike(set)) known.Elements.AddRange(set.Elements);
        else return Refuse($"set {name} is there already, and is of another type");
        return ReadEnd();
    }

    private bool ReadProperty(SetDraft set, bool isMap, ref bool isTyped)
    {
        if (_cursor.Kind != TokenKind.Word) return Expected("type, flags, timeout, size, elements or comment");
        var property = _cursor.Token.ToString();
        _cursor.Next();
        switch (property)
        {
            case "type" or "typeof":
                isTyped = ReadTypes(set, isMap, isTypeof: property == "typeof");
                return isTyped;
            case "flags":
                return ReadFlags(set);
            case "timeout":
                set.TimeoutSeconds = ReadSeconds();
                return set.TimeoutSeconds is not null;
            case "size":
                set.Size = (int?)ReadNumber((uint)int.MaxValue);
                return set.Size is not null;
            case "elements":
                if (!_cursor.IsSign("=")) return Expected("= behind elements");
                _cursor.Next();
                return isTyped ? ReadElementList(set, set.Elements, isDeletion: false, goesOn: true)
                    : Expected("the set's type first");
            case "comment":
                return ReadName("a comment") is not null;
            case "policy":
                return ReadName("memory or performance") is not null;
            case "gc-interval":
                return ReadSeconds() is not null;
            case "auto-merge" or "counter":
                return true;
            default:
                return Fail(
                    DiagnosticCatalog.NftStatementUnknown,
                    $"found the property '{property}', expected one that is known");
        }
    }

    private bool ReadTypes(SetDraft set, bool isMap, bool isTypeof)
    {
        _portsOf = null;
        if (!ReadTypesOfPorts(set, isMap, isTypeof)) return false;
        set.PortsOf = _portsOf;
        return true;
    }

    private bool ReadTypesOfPorts(SetDraft set, bool isMap, bool isTypeof)
    {
        if (ReadTypeList(isTypeof) is not { } key) return false;
        set.Key = key;
        if (!isMap) return !_cursor.IsSign(":") || Expected("no data: a set has keys only");
        if (!_cursor.IsSign(":")) return Expected(": and the type of the map's data");
        _cursor.Next();
        if (_cursor.IsWord("verdict"))
        {
            _cursor.Next();
            set.Data = new DataType.Verdict();
            return true;
        }

        if (ReadTypeList(isTypeof) is not { } data) return false;
        set.Data = new DataType.Values(data);
        return true;
    }

    private Seq<FieldType>? ReadTypeList(bool isTypeof)
    {
        _statements = null;
        if (isTypeof) return ReadExpression() is { } expression ? TypesOf(expression) : null;
        var types = new List<FieldType>();
        while (true)
        {
            if (TypeNamed(_cursor.Token) is not { } type)
            {
                Fail(DiagnosticCatalog.NftTypeUnknown,
                    $"found the type '{Shown()}', expected ipv4_addr, inet_service or another that is known");
                return null;
            }

            types.Add(type);
            _cursor.Next();
            if (!_cursor.IsSign(".")) return types.ToSeq();
            _cursor.Next();
        }
    }

    private static FieldType? TypeNamed(ReadOnlySpan<char> word)
    {
        foreach (var type in Enum.GetValues<FieldType>())
        {
            if (type.Word() is { } name && word.SequenceEqual(name)) return type;
        }

        return null;
    }

    private bool ReadFlags(SetDraft set)
    {
        while (true)
        {
            var flag = _cursor.Token switch
            {
                "interval" => SetFlags.Interval,
                "dynamic" => SetFlags.Dynamic,
                "timeout" => SetFlags.Timeout,
                "constant" => SetFlags.Constant,
                _ => SetFlags.None,
            };
            if (flag == SetFlags.None) return Expected("constant, dynamic, interval or timeout");
            set.Flags |= flag;
            _cursor.Next();
            if (!_cursor.IsSign(",")) return true;
            _cursor.Next();
        }
    }

    private bool ReadElements(TableDraft table, string name, bool isDeletion)
    {
        if (!table.Sets.TryGetValue(name, out var set)) return Refuse($"there is no set {name}");
        if (!isDeletion) return ReadElementList(set, set.Elements, isDeletion: false, goesOn: true) && ReadEnd();
        var gone = new List<Element>();
        if (!ReadElementList(set, gone, isDeletion: true, goesOn: false)) return false;
        var keys = gone.Select(element => element.Key).ToHashSet();
        if (set.Elements.RemoveAll(element => keys.Contains(element.Key)) != keys.Count)
            return Refuse($"set {name} has no such elements to delete");
        return ReadEnd();
    }

    /// <param name="set">Whose they are.</param>
    /// <param name="elements">Where they go.</param>
    /// <param name="isDeletion">Only keys are given.</param>
    /// <param name="goesOn">Behind an element that cannot be read; else that is the end.</param>
    private bool ReadElementList(SetDraft set, List<Element> elements, bool isDeletion, bool goesOn)
    {
        if (!_cursor.IsSign("{")) return Expected("{ before the elements");
        var depth = _cursor.Depth;
        NextOverLines();
        var isMap = set.Data is not null && !isDeletion;
        while (!_cursor.IsSign("}"))
        {
            var isRange = set.Flags.HasFlag(SetFlags.Interval);
            var element = ReadElement(set.Key, isMap ? set.Data : null, isRange);
            if (element is null && (!goesOn || diagnostics.Count >= ErrorsMax || !SkipElement(depth))) return false;
            SkipLines();
            if (_cursor.IsSign(",")) NextOverLines();
            else if (!_cursor.IsSign("}")) return Expected(", or } behind an element; the file may be cut off");
            if (element is not null) elements.Add(element);
        }

        _cursor.Next();
        return true;
    }

    /// <summary>To the comma or brace behind an element in a list of this depth; false if there is none.</summary>
    private bool SkipElement(int depth)
    {
        while (_cursor.Kind != TokenKind.EndOfText)
        {
            if (_cursor.Depth == depth && _cursor.IsSign(",")) return true;
            if (_cursor.Depth < depth) return _cursor.IsSign("}");
            _cursor.Next();
        }

        return false;
    }

    /// <param name="types">Of the key's fields.</param>
    /// <param name="data">Null for a set, or for the keys to delete.</param>
    /// <param name="isRange">Whether keys may be ranges.</param>
    private Element? ReadElement(Seq<FieldType> types, DataType? data, bool isRange)
    {
        if (ReadKey(types, isRange) is not { } key) return null;
        string? comment = null;
        int? timeout = null;
        while (_cursor.Kind == TokenKind.Word)
        {
            switch (_cursor.Token)
            {
                case "comment":
                    comment = ReadComment();
                    if (comment is null) return null;
                    break;
                case "timeout":
                    _cursor.Next();
                    timeout = ReadSeconds();
                    if (timeout is null) return null;
                    break;
                case "expires":
                    _cursor.Next();
                    if (ReadSeconds() is null) return null;
                    break;
                case "counter":
                    if (!ReadCounter()) return null;
                    break;
                default:
                    Expected("comment, timeout, : or the end of the element");
                    return null;
            }
        }

        if (data is null) return new Element(key, null, comment, timeout);
        if (!_cursor.IsSign(":"))
        {
            Expected(": and the element's data");
            return null;
        }

        _cursor.Next();
        return ReadElementData(data) is { } value ? new Element(key, value, comment, timeout) : null;
    }

    private ElementData? ReadElementData(DataType data)
    {
        if (data is DataType.Verdict) return ReadVerdict() is { } verdict ? new ElementData.Verdict(verdict) : null;
        return ReadValues(FieldTypes.FieldsOf(data)) is { } values ? new ElementData.Values(values) : null;
    }

    private Seq<KeyField>? ReadKey(Seq<FieldType> types, bool isRange)
    {
        var fields = new KeyField[types.Count];
        for (var i = 0; i < fields.Length; i++)
        {
            if (i > 0)
            {
                if (!_cursor.IsSign("."))
                {
                    Expected($". and another {types[i]}: the key has {types.Count} fields");
                    return null;
                }

                _cursor.Next();
            }

            if (ReadField(types[i]) is not { } field) return null;
            if (field.First != field.Last && !isRange)
            {
                Fail(DiagnosticCatalog.NftValueInvalid,
                    $"found a range of {types[i]}, expected one value: the set has no flag interval");
                return null;
            }

            fields[i] = field;
        }

        return fields.ToSeq();
    }

    private bool ReadHook(ChainDraft chain)
    {
        _cursor.Next();
        NftChainType? type = _cursor.Token switch
        {
            "filter" => NftChainType.Filter,
            "nat" => NftChainType.Nat,
            "route" => NftChainType.Route,
            _ => null,
        };
        if (type is null) return Expected("filter, nat or route");
        _cursor.Next();
        if (!_cursor.IsWord("hook")) return Expected("hook");
        _cursor.Next();
        NftHookPoint? point = _cursor.Token switch
        {
            "prerouting" => NftHookPoint.Prerouting,
            "input" => NftHookPoint.Input,
            "forward" => NftHookPoint.Forward,
            "output" => NftHookPoint.Output,
            "postrouting" => NftHookPoint.Postrouting,
            _ => null,
        };
        if (point is null) return Expected("prerouting, input, forward, output or postrouting");
        _cursor.Next();
        if (!_cursor.IsWord("priority")) return Expected("priority");
        _cursor.Next();
        if (ReadPriority() is not { } priority) return false;
        chain.Hook = new NftHook(type.Value, point.Value, priority, DropsByDefault: false);
        return ReadEnd();
    }

    /// <summary>
    /// Names of priorities: nft(8), table 7. For families ip and ip6 all of them mean the same at every hook.
    /// </summary>
    private int? ReadPriority()
    {
        int? named = _cursor.Token switch
        {
            "raw" => -300,
            "mangle" => -150,
            "dstnat" => -100,
            "filter" => 0,
            "security" => 50,
            "srcnat" => 100,
            _ => null,
        };
        if (named is null)
        {
            if (!int.TryParse(
                _cursor.Token, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                Expected("a priority: a number, or raw, mangle, dstnat, filter, security or srcnat");
                return null;
            }

            _cursor.Next();
            return number;
        }

        _cursor.Next();
        if (!_cursor.IsWord("-") && !_cursor.IsWord("+")) return named;
        var sign = _cursor.IsWord("-") ? -1 : 1;
        _cursor.Next();
        return ReadNumber((uint)short.MaxValue) is { } offset ? named + (sign * (int)offset) : null;
    }

    private bool ReadPolicy(ChainDraft chain)
    {
        _cursor.Next();
        var isDrop = _cursor.IsWord("drop");
        if (!isDrop && !_cursor.IsWord("accept")) return Expected("accept or drop");
        if (chain.Hook is null) return Refuse("a policy belongs to a chain with a hook");
        chain.Hook = chain.Hook with { DropsByDefault = isDrop };
        _cursor.Next();
        return ReadEnd();
    }

    private void NextOverLines()
    {
        _cursor.Next();
        SkipLines();
    }

    private void SkipLines()
    {
        while (_cursor.Kind == TokenKind.EndOfLine) _cursor.Next();
    }
}
