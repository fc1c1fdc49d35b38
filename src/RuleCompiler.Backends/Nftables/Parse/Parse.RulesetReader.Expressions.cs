using System.Diagnostics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>What a packet, its flow or chance has a value of.</content>
internal ref partial struct RulesetReader
{
    private Seq<FieldType> TypesOf(Expression expression) => FieldTypes.Of(expression, tables.Family);

    /// <summary>Terms with dots between them.</summary>
    private Expression? ReadExpression()
    {
        if (ReadTerm() is not { } first) return null;
        if (!_cursor.IsSign(".")) return first;
        var terms = new List<Expression> { first };
        while (_cursor.IsSign("."))
        {
            _cursor.Next();
            if (ReadTerm() is not { } term) return null;
            terms.Add(term);
        }

        return new Expression.Concat(terms.ToSeq());
    }

    /// <summary>
    /// What asks for its protocol too: <c>tcp dport</c> is <c>meta l4proto tcp th dport</c> (src/proto.c:proto_th
    /// @v1.0.6). A rule that has asked already does not ask again.
    /// </summary>
    private bool Imply(Protocol protocol)
    {
        if (_statements is null) return ImplyForTypes(protocol);
        foreach (var statement in _statements)
        {
            if (statement is not Statement.Match { Left: Expression.Meta { Key: MetaKey.L4Proto } } match) continue;
            if (match is not { Relation: Relation.Equal, Values: [{ First: var first, Last: var last }] }) continue;
            if (first != last) continue;
            return first == (byte)protocol || Fail(DiagnosticCatalog.NftValueInvalid,
                $"found {protocol.KernelName()} in a rule for protocol {first}, expected one protocol");
        }

        _statements.Add(new Statement.Match(
            new Expression.Meta(MetaKey.L4Proto), Relation.Equal, [new KeyField((byte)protocol)]));
        return true;
    }

    /// <summary>nft refuses rules that look a port of one protocol up, and translate to that of another.</summary>
    private bool ImplyForTypes(Protocol protocol)
    {
        if (_portsOf is { } other && other != protocol) return Fail(DiagnosticCatalog.NftValueInvalid,
            $"found {protocol.KernelName()} in a type with ports of {other.KernelName()}, expected one protocol");
        _portsOf = protocol;
        return true;
    }

    /// <summary>
    /// An expression with its masks: x &amp; a, x | b, x ^ c. &amp; binds tighter than ^, and ^ than |.
    /// </summary>
    private Expression? ReadTerm()
    {
        if (ReadOperand() is not { } left) return null;
        var loosest = int.MaxValue;
        while (OperatorHere() is { } sign)
        {
            var type = TypesOf(left)[0];

            // x | 6 & 3 is x | (6 & 3); nobody writes it, and it must not be taken for (x | 6) & 3.
            if (Binding(sign) > loosest)
            {
                Fail(DiagnosticCatalog.NftStatementUnknown, $"found {sign} behind an operator that binds less");
                return null;
            }

            loosest = Binding(sign);
            _cursor.Next();
            if (ReadConstant(left, type) is not { } value) return null;
            left = Combine(left, sign, value, type);
        }

        return left;
    }

    private static int Binding(char sign) => sign switch
    {
        '&' => 2,
        '^' => 1,
        '|' => 0,
        _ => throw new UnreachableException(),
    };

    /// <summary>A primary expression, or in parentheses one with masks.</summary>
    private Expression? ReadOperand()
    {
        const int depthMax = 8;
        if (!_cursor.IsSign("(")) return ReadPrimary();
        if (++_parentheses > depthMax)
        {
            Expected($"at most {depthMax} parentheses within each other");
            return null;
        }

        _cursor.Next();
        if (ReadTerm() is not { } operand) return null;
        _parentheses--;
        if (_cursor.IsSign(")"))
        {
            _cursor.Next();
            return operand;
        }

        Expected(")");
        return null;
    }

    private readonly char? OperatorHere() =>
        _cursor.IsSign("&") || _cursor.IsWord("and") ? '&'
        : _cursor.IsSign("|") || _cursor.IsWord("or") ? '|'
        : _cursor.IsSign("^") || _cursor.IsWord("xor") ? '^'
        : null;

    private static Expression Combine(Expression left, char sign, UInt128 value, FieldType type)
    {
        var (operand, and, xor) = left is Expression.Bitwise inner
            ? (inner.Left, inner.And, inner.Xor)
            : (left, type.Mask(), UInt128.Zero);
        (and, xor) = sign switch
        {
            '&' => (and & value, xor & value),
            '|' => (and & (type.Mask() ^ value), (xor & (type.Mask() ^ value)) | value),
            '^' => (and, xor ^ value),
            _ => throw new UnreachableException(),
        };
        return and == type.Mask() && xor == 0 ? operand : new Expression.Bitwise(operand, and, xor);
    }

    /// <summary>A value to compare with or to mask by; bits of conntrack have names.</summary>
    private UInt128? ReadConstant(Expression left, FieldType type)
    {
        var operand = left is Expression.Bitwise bitwise ? bitwise.Left : left;
        if (operand is Expression.Ct { Key: CtKey.State or CtKey.Status }) return ReadBits(operand);
        if (ReadField(type) is not { } field) return null;
        if (field.First == field.Last) return field.First;
        Fail(DiagnosticCatalog.NftValueInvalid, "found a range, expected one value");
        return null;
    }

    private Expression? ReadPrimary()
    {
        if (_cursor.Kind != TokenKind.Word)
        {
            Expected("an expression");
            return null;
        }

        var word = _cursor.Token.ToString();
        if (!StartsExpression())
        {
            Fail(
                DiagnosticCatalog.NftStatementUnknown,
                $"found '{Shown()}', expected a statement or an expression that is known");
            return null;
        }

        _cursor.Next();
        switch (word)
        {
            case "ip" or "ip6":
                return ReadHeader(word);
            case "th" or "tcp" or "udp" or "sctp":
                return ReadPort(word);
            case "meta":
                return ReadMeta();
            case "ct":
                return ReadCt();
            case "fib":
                return ReadFib();
            case "numgen":
                return ReadNumgen();
            default:
                return MetaNamed(word) ?? throw new UnreachableException(word);
        }
    }

    private Expression? ReadHeader(string header)
    {
        var field = _cursor.Token.ToString();
        if (header != tables.FamilyWord)
        {
            Fail(DiagnosticCatalog.NftFamilyWrong,
                $"found {header} {field}, expected {tables.FamilyWord} in a table of that family");
            return null;
        }

        Expression? expression = (header, field) switch
        {
            (_, "saddr") => new Expression.Payload(PayloadField.SourceAddress),
            (_, "daddr") => new Expression.Payload(PayloadField.DestinationAddress),
            ("ip", "protocol") => new Expression.Meta(MetaKey.L4Proto),
            _ => null,
        };
        return Known(expression, $"{header} {field}");
    }

    private Expression? ReadPort(string header)
    {
        var field = _cursor.Token.ToString();
        if (header != "th" && !Imply((Protocol)(byte)ProtocolOf(header)!.Value)) return null;
        Expression? expression = field switch
        {
            "sport" => new Expression.Payload(PayloadField.SourcePort),
            "dport" => new Expression.Payload(PayloadField.DestinationPort),
            _ => null,
        };
        return Known(expression, $"{header} {field}");
    }

    private Expression? ReadMeta()
    {
        var key = _cursor.Token.ToString();
        return Known(MetaNamed(key), $"meta {key}");
    }

    private static Expression.Meta? MetaNamed(string key) => key switch
    {
        "l4proto" => new Expression.Meta(MetaKey.L4Proto),
        "mark" => new Expression.Meta(MetaKey.Mark),
        "priority" => new Expression.Meta(MetaKey.Priority),
        "iifname" => new Expression.Meta(MetaKey.InputInterfaceName),
        "oifname" => new Expression.Meta(MetaKey.OutputInterfaceName),
        _ => null,
    };

    private Expression? ReadCt()
    {
        var key = _cursor.Token.ToString();
        Expression? expression = key switch
        {
            "state" => new Expression.Ct(CtKey.State),
            "status" => new Expression.Ct(CtKey.Status),
            "mark" => new Expression.Ct(CtKey.Mark),
            _ => null,
        };
        return Known(expression, $"ct {key}");
    }

    private Expression? ReadFib()
    {
        var field = _cursor.Token.ToString();
        _cursor.Next();
        var result = _cursor.Token.ToString();
        Expression? expression = (field, result) switch
        {
            ("saddr", "type") => new Expression.FibType(OfSource: true),
            ("daddr", "type") => new Expression.FibType(OfSource: false),
            _ => null,
        };
        return Known(expression, $"fib {field} {result}");
    }

    private Expression? ReadNumgen()
    {
        var isRandom = _cursor.IsWord("random");
        if (!isRandom && !_cursor.IsWord("inc")) return Known(null, $"numgen {_cursor.Token}");
        _cursor.Next();
        if (!_cursor.IsWord("mod"))
        {
            Expected("mod");
            return null;
        }

        _cursor.Next();
        if (ReadNumber(uint.MaxValue) is not { } modulus) return null;
        uint offset = 0;
        if (_cursor.IsWord("offset"))
        {
            _cursor.Next();
            if (ReadNumber(uint.MaxValue) is not { } given) return null;
            offset = given;
        }

        if (modulus > 0 && offset <= uint.MaxValue - (modulus - 1)) return new Expression.Numgen(
            isRandom, modulus, offset);
        Fail(DiagnosticCatalog.NftValueInvalid,
            $"found mod {modulus} offset {offset}, expected 1 or more numbers below 2^32");
        return null;
    }

    /// <summary>Steps over the last word of an expression, or reports that it is not known.</summary>
    private Expression? Known(Expression? expression, string words)
    {
        if (expression is null) Fail(
            DiagnosticCatalog.NftStatementUnknown, $"found '{words}', expected an expression that is known");
        else _cursor.Next();
        return expression;
    }
}
