using System.Text.Json;

namespace RuleCompiler.Backends.Nftables;

/// <content>Statements and expressions (libnftables-json(5) @nftables 1.0.6).</content>
internal sealed partial class JsonCommand
{
    private bool WriteStatement(JsonElement statement)
    {
        // nft 1.0.6 has no JSON for add @map { … } and prints its text (src/statement.c:map_stmt_ops).
        if (statement.ValueKind == JsonValueKind.String) return WriteText(statement);
        if (!TrySingle(statement, out var kind, out var value)) return Expected(statement, "a statement");
        return kind switch
        {
            "match" => WriteMatch(value),
            "vmap" => WriteLookup(value, " vmap "),
            "accept" or "drop" or "continue" or "return" or "jump" or "goto" => WriteVerdict(kind, value),
            "counter" => value.ValueKind is JsonValueKind.Null or JsonValueKind.Object
                ? Append("counter") : Unknown(Excerpt(statement), "a counter without a name"),
            "mangle" => WriteExpression(Member(value, "key")) && Append(" set ") && WriteExpression(Member(value, "value")),
            "dnat" => WriteDnat(value),
            "masquerade" => WriteMasquerade(value),
            "reject" => WriteReject(value),
            "set" => WriteDynamic(value, "set"),
            "map" => WriteDynamic(value, "map"),
            _ => Unknown(kind, "a statement that is known"),
        };
    }

    private bool WriteText(JsonElement statement)
    {
        if (StringOf(statement) is not { } text || text.AsSpan().ContainsAny("\n;\"#\\"))
            return Expected(statement, "a statement");
        return Append(text);
    }

    /// <summary>in is a match without a sign: any of some bits.</summary>
    private bool WriteMatch(JsonElement match)
    {
        if (!WriteExpression(Member(match, "left"))) return false;
        var sign = Member(match, "op");
        switch (sign.ValueKind == JsonValueKind.String ? StringOf(sign) : null)
        {
            case "in":
                _text.Append(' ');
                break;
            case "==" or "!=" or "<" or ">" or "<=" or ">=" or "!":
                _text.Append(' ').Append(StringOf(sign)).Append(' ');
                break;
            default:
                return Expected(sign, "an operator");
        }

        return WriteExpression(Member(match, "right"));
    }

    private bool WriteLookup(JsonElement value, string word) =>
        WriteExpression(Member(value, "key")) && Append(word) && WriteExpression(Member(value, "data"));

    private bool WriteVerdict(string kind, JsonElement value)
    {
        _text.Append(kind);
        return kind is not ("jump" or "goto") || (Append(" ") && WriteMember(value, "target"));
    }

    private bool WriteDnat(JsonElement dnat)
    {
        _text.Append("dnat ");
        var address = Member(dnat, "addr");
        var hasPort = false;
        foreach (var member in dnat.ValueKind == JsonValueKind.Object ? dnat.EnumerateObject() : default)
        {
            switch (member.Name)
            {
                case "addr":
                    break;
                case "port":
                    hasPort = true;
                    break;
                case "family":
                    if (!WriteWord(member.Value) || !Append(" ")) return false;
                    break;
                case "type_flags" when member.Value.ValueKind == JsonValueKind.String && member.Value.ValueEquals("concat"):
                    break;
                default:
                    return Unknown(member.Name, "dnat to an address, with or without a port");
            }
        }

        _text.Append("to ");
        if (!hasPort) return WriteExpression(address);
        if (address.ValueKind != JsonValueKind.String) return Unknown(Excerpt(dnat), "an address beside the port");
        return WriteWord(address) && Append(" . ") && WriteWord(Member(dnat, "port"));
    }

    private bool WriteMasquerade(JsonElement value)
    {
        _text.Append("masquerade");
        if (value.ValueKind == JsonValueKind.Null) return true;
        if (!TrySingle(value, out var name, out var flags) || name != "flags")
            return Unknown(Excerpt(value), "masquerade with flags only");
        return Append(" ") && WriteWords(flags);
    }

    private bool WriteReject(JsonElement value)
    {
        _text.Append("reject");
        if (value.ValueKind == JsonValueKind.Null) return true;
        var type = Member(value, "type");
        if (type.ValueKind == JsonValueKind.String && type.ValueEquals("tcp reset")) return Append(" with tcp reset");
        return Append(" with ") && WriteWord(type) && Append(" ") && WriteWord(Member(value, "expr"));
    }

    private bool WriteDynamic(JsonElement value, string name)
    {
        var data = Member(value, "data");
        return WriteMember(value, "op") && Append(" ") && WriteExpression(Member(value, name)) && Append(" { ")
            && WriteExpression(Member(value, "elem"))
            && (data.ValueKind == JsonValueKind.Undefined || (Append(" : ") && WriteExpression(data)))
            && Append(" }");
    }

    private bool WriteExpression(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                return WriteWord(value);
            case JsonValueKind.String:
                return WriteName(value);
            case JsonValueKind.Array:
                return WriteWords(value);
            case JsonValueKind.Object:
                break;
            case JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.True or JsonValueKind.False:
                return Expected(value, "an expression");
        }

        if (!TrySingle(value, out var kind, out var of)) return Expected(value, "an expression");
        return kind switch
        {
            "payload" => WriteMember(of, "protocol") && Append(" ") && WriteMember(of, "field"),
            "meta" => Append("meta ") && WriteMember(of, "key"),
            "ct" => WriteCt(of),
            "fib" => Append("fib ") && WriteWords(Member(of, "flags")) && Append(" ") && WriteMember(of, "result"),
            "numgen" => Append("numgen ") && WriteMember(of, "mode") && Append(" mod ") && WriteMember(of, "mod")
                && (!of.TryGetProperty("offset", out _) || (Append(" offset ") && WriteMember(of, "offset"))),
            "concat" => WriteJoined(of, " . "),
            "&" or "|" or "^" => WriteJoined(of, $" {kind} "),
            "set" => WriteBraces(of),
            "map" => WriteLookup(of, " map "),
            "prefix" => WriteMember(of, "addr") && Append("/") && WriteMember(of, "len"),
            "range" => of.ValueKind == JsonValueKind.Array && of.GetArrayLength() == 2
                ? WriteWord(of[0]) && Append("-") && WriteWord(of[1]) : Expected(of, "two ends of a range"),
            "elem" => WriteElement(of),
            "accept" or "drop" or "continue" or "return" or "jump" or "goto" => WriteVerdict(kind, of),
            _ => Unknown(kind, "an expression that is known"),
        };
    }

    /// <summary>@set, a word, or an interface's name, which may be anything.</summary>
    private bool WriteName(JsonElement value)
    {
        if (StringOf(value) is not { } name) return Expected(value, "a name");
        var isSet = name.StartsWith('@');
        if (IsWord(name.AsSpan(isSet ? 1 : 0))) return Append(name);
        if (isSet || name.AsSpan().ContainsAny('"', '\n')) return Expected(value, "a name that nft can write");
        return Append($"\"{name}\"");
    }

    private bool WriteCt(JsonElement value)
    {
        foreach (var member in value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : default)
        {
            if (member.Name != "key") return Unknown($"ct with {member.Name}", "ct with a key only");
        }

        return Append("ct ") && WriteMember(value, "key");
    }

    private bool WriteJoined(JsonElement items, string sign)
    {
        if (items.ValueKind != JsonValueKind.Array || items.GetArrayLength() < 2)
            return Expected(items, "a list of expressions");
        var isFirst = true;
        foreach (var item in items.EnumerateArray())
        {
            if (!isFirst) _text.Append(sign);
            isFirst = false;
            var isNested = sign is not " . " && TrySingle(item, out var kind, out _) && kind is "&" or "|" or "^";
            if (isNested) _text.Append("( ");
            if (!WriteExpression(item)) return false;
            if (isNested) _text.Append(" )");
        }

        return true;
    }

    /// <summary>Elements; those of a map are pairs of a key and its data.</summary>
    private bool WriteBraces(JsonElement elements)
    {
        _text.Append("{ ");
        var isFirst = true;
        foreach (var element in Items(elements))
        {
            if (!isFirst) _text.Append(", ");
            isFirst = false;
            var isPair = element.ValueKind == JsonValueKind.Array;
            if (isPair && element.GetArrayLength() != 2) return Expected(element, "a key and its data");
            if (!WriteExpression(isPair ? element[0] : element)) return false;
            if (isPair && !(Append(" : ") && WriteExpression(element[1]))) return false;
        }

        return Append(" }");
    }

    private bool WriteElement(JsonElement element)
    {
        if (!WriteExpression(Member(element, "val"))) return false;
        foreach (var member in element.EnumerateObject())
        {
            var isWritten = member.Name switch
            {
                "val" or "expires" or "counter" => true,
                "timeout" => Append(" timeout ") && WriteWord(member.Value) && Append("s"),
                "comment" => WriteComment(member.Value),
                _ => Unknown(member.Name, "a member of an element that is known"),
            };
            if (!isWritten) return false;
        }

        return true;
    }

    private static JsonElement Member(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) ? member : default;
}
