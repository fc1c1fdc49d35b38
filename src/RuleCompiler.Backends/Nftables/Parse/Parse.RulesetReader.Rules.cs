using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>Rules: statements from left to right.</content>
internal ref partial struct RulesetReader
{
    /// <param name="chain">Where the rule goes.</param>
    /// <param name="isInBlock">A brace is to follow: a rule that the end of the text ends is not whole.</param>
    private bool ReadRule(ChainDraft chain, bool isInBlock)
    {
        List<Statement> statements = [];
        _statements = statements;
        _parentheses = 0;
        string? comment = null;
        while (!_cursor.IsEnd && !_cursor.IsSign("}"))
        {
            if (_cursor.IsWord("comment"))
            {
                comment = ReadComment();
                if (comment is null) return false;
            }
            else if (!ReadStatement(statements))
            {
                return false;
            }
        }

        if (statements.Count == 0) return Expected("a rule");
        if (isInBlock && _cursor.Kind == TokenKind.EndOfText) return true;
        chain.Rules.Add(new NftRule(statements.ToSeq(), comment));
        return ReadEnd();
    }

    private bool ReadStatement(List<Statement> statements)
    {
        Statement? statement;
        switch (_cursor.Kind == TokenKind.Word ? _cursor.Token.ToString() : "")
        {
            case "accept" or "drop" or "continue" or "return" or "jump" or "goto":
                statement = ReadVerdict() is { } verdict ? new Statement.Verdict(verdict) : null;
                break;
            case "counter":
                statement = ReadCounter() ? new Statement.Counter() : null;
                break;
            case "dnat":
                statement = ReadDnat();
                break;
            case "masquerade":
                statement = ReadMasquerade();
                break;
            case "reject":
                statement = ReadReject();
                break;
            case "add" or "update" or "delete":
                statement = ReadDynamic();
                break;
            default:
                return ReadMatch(statements);
        }

        if (statement is null) return false;
        statements.Add(statement);
        return true;
    }

    private NftVerdict? ReadVerdict()
    {
        var word = _cursor.Token.ToString();
        NftVerdict? verdict = word switch
        {
            "accept" => new NftVerdict.Accept(),
            "drop" => new NftVerdict.Drop(),
            "continue" => new NftVerdict.Continue(),
            "return" => new NftVerdict.Return(),
            _ => null,
        };
        if (verdict is null && word is not ("jump" or "goto"))
        {
            Expected("accept, drop, continue, return, jump or goto");
            return null;
        }

        _cursor.Next();
        if (verdict is not null) return verdict;
        if (ReadIdentifier("a chain's name") is not { } chain) return null;
        return word == "jump" ? new NftVerdict.Jump(chain) : new NftVerdict.Goto(chain);
    }

    /// <summary>counter, or counter packets N bytes N: what was counted is no part of the rules.</summary>
    private bool ReadCounter()
    {
        _cursor.Next();
        if (!_cursor.IsWord("packets")) return true;
        _cursor.Next();
        if (ReadName("a number of packets") is null) return false;
        if (!_cursor.IsWord("bytes")) return Expected("bytes");
        _cursor.Next();
        return ReadName("a number of bytes") is not null;
    }

    /// <summary>A match, a look-up, a verdict map, or what a packet's field is set to.</summary>
    private bool ReadMatch(List<Statement> statements)
    {
        var hasWord = _cursor.IsWord("meta") || _cursor.IsWord("mark");
        if (ReadExpression() is not { } left) return false;
        if (_cursor.IsWord("vmap"))
        {
            _cursor.Next();
            if (ReadSetRef(TypesOf(left), new DataType.Verdict()) is not { } map) return false;
            statements.Add(new Statement.VerdictMap(left, map));
            return true;
        }

        if (hasWord && _cursor.IsWord("set"))
        {
            if (left is not Expression.Meta { Key: MetaKey.Mark or MetaKey.Priority } meta) return Expected(
                "a comparison");
            _cursor.Next();
            if (ReadValue(TypesOf(left)) is not { } value) return false;
            if (value is not (Expression.Constant or Expression.Map) && !IsNumber(TypesOf(value)))
                return Fail(DiagnosticCatalog.NftValueInvalid, "found a value of another type, expected one of 32 bits");
            statements.Add(new Statement.SetMeta(meta.Key, value));
            return true;
        }

        if (ReadComparison(left) is not { } match) return false;
        statements.Add(match);
        return true;
    }

    private static bool IsNumber(Seq<FieldType> types) =>
        types is [FieldType.Mark or FieldType.ClassId or FieldType.Integer];

    private Statement? ReadComparison(Expression left)
    {
        if (_cursor.IsSign("!"))
        {
            _cursor.Next();
            return ReadSomeBits(left) is { } none ? new Statement.Bits(left, none, Inverted: true) : null;
        }

        var hasSign = RelationHere() is not null;
        var relation = RelationHere() ?? Relation.Equal;
        if (hasSign) _cursor.Next();
        var types = TypesOf(left);
        if (_cursor.IsSign("@") || (_cursor.IsSign("{") && types.Count > 1))
        {
            if (relation is not (Relation.Equal or Relation.NotEqual))
            {
                Expected("one value to compare with");
                return null;
            }

            return ReadSetRef(types, null) is { } set
                ? new Statement.Lookup(left, set, relation == Relation.NotEqual) : null;
        }

        if (types.Count > 1)
        {
            Expected("a set of the same fields");
            return null;
        }

        // Flags without a sign: any of these bits.
        if (!hasSign && left is Expression.Ct { Key: CtKey.State or CtKey.Status } && !_cursor.IsSign("{"))
            return ReadSomeBits(left) is { } bits ? new Statement.Bits(left, bits, Inverted: false) : null;
        if (types[0] == FieldType.Mark && _cursor.Kind == TokenKind.Word && _cursor.Token.Contains('/'))
            return ReadMarkBlock(left, relation);
        if (ReadMatchValues(left, types[0]) is not { } values) return null;
        if (relation is Relation.Equal or Relation.NotEqual || values is [{ First: var first, Last: var last }] && first == last)
            return Normalize(new Statement.Match(left, relation, values), types[0]);
        Fail(DiagnosticCatalog.NftValueInvalid, "found several values, expected one to compare with");
        return null;
    }

    /// <summary>
    /// ct status &amp; dnat != 0 is how some versions list ct status dnat, and ip saddr &amp; 255.0.0.0 == 10.0.0.0 is
    /// listed as ip saddr 10.0.0.0/8.
    /// </summary>
    private static Statement Normalize(Statement.Match match, FieldType type)
    {
        if (match.Left is not Expression.Bitwise bits || bits.Xor != 0) return match;
        if (match.Values is not [{ First: var first, Last: var last }] || first != last) return match;
        if (type is FieldType.Ipv4Addr or FieldType.Ipv6Addr && match.Relation is Relation.Equal or Relation.NotEqual)
        {
            var host = type.Mask() ^ bits.And;
            var isPrefix = (host & (host + 1)) == 0 && bits.And != 0 && (first & host) == 0;
            return isPrefix ? match with { Left = bits.Left, Values = [new KeyField(first, first | host)] } : match;
        }

        if (bits.Left is not Expression.Ct ct || ct.Key is not (CtKey.State or CtKey.Status)) return match;
        if (first != 0 || bits.And == 0 || (bits.And & ~(UInt128)BitsOf(ct.Key)) != 0) return match;
        return match.Relation switch
        {
            Relation.Equal => new Statement.Bits(ct, (uint)bits.And, Inverted: true),
            Relation.NotEqual => new Statement.Bits(ct, (uint)bits.And, Inverted: false),
            Relation.Less or Relation.LessOrEqual or Relation.Greater or Relation.GreaterOrEqual => match,
        };
    }

    private readonly Relation? RelationHere()
    {
        if (_cursor.Kind != TokenKind.Sign) return null;
        return _cursor.Token switch
        {
            "==" => Relation.Equal,
            "!=" => Relation.NotEqual,
            "<" => Relation.Less,
            "<=" => Relation.LessOrEqual,
            ">" => Relation.Greater,
            ">=" => Relation.GreaterOrEqual,
            _ => null,
        };
    }

    private Seq<KeyField>? ReadMatchValues(Expression left, FieldType type)
    {
        if (!_cursor.IsSign("{")) return ReadMatchValue(left, type) is { } one ? [one] : null;
        List<KeyField> values = [];
        NextOverLines();
        while (!_cursor.IsSign("}"))
        {
            if (ReadMatchValue(left, type) is not { } value) return null;
            values.Add(value);
            SkipLines();
            if (_cursor.IsSign(",")) NextOverLines();
            else if (!_cursor.IsSign("}"))
            {
                Expected(", or } behind a value");
                return null;
            }
        }

        _cursor.Next();
        if (values.Count > 0) return values.Order().ToSeq();
        Fail(DiagnosticCatalog.NftValueInvalid, "found { }, expected at least one value");
        return null;
    }

    private KeyField? ReadMatchValue(Expression left, FieldType type)
    {
        if (left is Expression.FibType) return ReadRouteType();
        var bits = left is Expression.Bitwise bitwise ? bitwise.Left : left;
        if (bits is Expression.Ct { Key: CtKey.State or CtKey.Status })
            return ReadBits(bits) is { } value ? new KeyField(value) : null;
        return ReadField(type);
    }

    /// <summary>
    /// RTN_… of include/uapi/linux/rtnetlink.h @v6.1, by nft's names (src/fib.c:addrtype_tbl @v1.0.6).
    /// </summary>
    private KeyField? ReadRouteType()
    {
        UInt128? type = _cursor.Token switch
        {
            "unspec" => 0,
            "unicast" => 1,
            "local" => 2,
            "broadcast" => 3,
            "anycast" => 4,
            "multicast" => 5,
            "blackhole" => 6,
            "unreachable" => 7,
            "prohibit" => 8,
            _ => null,
        };
        if (type is not { } found)
        {
            Expected("a type of address such as local");
            return null;
        }

        _cursor.Next();
        return new KeyField(found);
    }

    private uint? ReadSomeBits(Expression left)
    {
        if (ReadBits(left) is not { } bits) return null;
        if (bits != 0) return bits;
        Fail(DiagnosticCatalog.NftValueInvalid, "found no bit, expected at least one");
        return null;
    }

    /// <summary>Names with commas between them, or a number.</summary>
    private uint? ReadBits(Expression left)
    {
        uint bits = 0;
        while (true)
        {
            if (BitNamed(_cursor.Token, left) is not { } bit || left is not Expression.Ct ct || (bit & ~BitsOf(ct.Key)) != 0)
            {
                Expected(left is Expression.Ct { Key: CtKey.State or CtKey.Status }
                    ? "a conntrack state or status"
                    : "a value: ! is for conntrack's bits only");
                return null;
            }

            bits |= bit;
            _cursor.Next();
            if (!_cursor.IsSign(",")) return bits;
            _cursor.Next();
        }
    }

    /// <summary>What something is set to: a constant, a look-up, or an expression.</summary>
    private Expression? ReadValue(Seq<FieldType> types)
    {
        if (StartsExpression())
        {
            if (ReadExpression() is not { } expression) return null;
            if (!_cursor.IsWord("map")) return expression;
            _cursor.Next();
            return ReadSetRef(TypesOf(expression), new DataType.Values(types)) is { } map
                ? new Expression.Map(expression, map)
                : null;
        }

        return ReadValues(types) is { } values ? new Expression.Constant(values) : null;
    }

    private readonly bool StartsExpression() => _cursor.IsSign("(") || _cursor.Kind == TokenKind.Word && _cursor.Token is
        "ip" or "ip6" or "th" or "tcp" or "udp" or "sctp" or "meta" or "mark" or "ct" or "fib" or "numgen"
        or "iifname" or "oifname";

    private SetRef? ReadSetRef(Seq<FieldType> key, DataType? data)
    {
        if (_cursor.IsSign("@"))
        {
            _cursor.Next();
            return ReadIdentifier("a set's name") is { } name ? new SetRef.Named(name) : null;
        }

        if (!_cursor.IsSign("{"))
        {
            Expected("@ and a set's name, or { and its elements");
            return null;
        }

        if (data is DataType.Values { Fields: [var address, _] } && !HasTwoValues())
            data = new DataType.Values([address]);

        // Ranges are understood in place: nft makes an interval set where there are any.
        var draft = new SetDraft { Key = key, Data = data, Flags = SetFlags.Interval };
        List<Element> elements = [];
        if (!ReadElementList(draft, elements, isDeletion: false, goesOn: false)) return null;
        if (elements.Count == 0)
        {
            Fail(DiagnosticCatalog.NftValueInvalid, "found { }, expected at least one element");
            return null;
        }

        elements.Sort(Element.CompareKeys);
        return new SetRef.InPlace(elements.ToSeq());
    }

    /// <summary>Whether the data of a map in place, which begins here, has a dot: an address and a port.</summary>
    private readonly bool HasTwoValues()
    {
        var ahead = _cursor;
        while (ahead.Kind != TokenKind.EndOfText && !ahead.IsSign(":") && !ahead.IsSign("}")) ahead.Next();
        ahead.Next();
        ahead.Next();
        return ahead.IsSign(".");
    }
}
