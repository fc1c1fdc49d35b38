using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RuleCompiler.Backends.Nftables;

/// <summary>
/// One object of a JSON listing as the command that makes it. A method that returns false has said why.
/// </summary>
internal sealed partial class JsonCommand
{
    /// <summary>Enough of a value to recognise it in a terminal.</summary>
    private const int ExcerptCharsMax = 80;

    private readonly StringBuilder _text = new();

    /// <summary>Empty for what says nothing about rules.</summary>
    public string Text => _text.ToString();

    /// <summary>What was found, and what was expected; null where nothing is wrong.</summary>
    public string? Fault { get; private set; }

    /// <summary>The object may be sound, but is of a kind that is not understood.</summary>
    public bool IsUnknown { get; private set; }

    public bool TryWrite(JsonElement listed)
    {
        if (!TrySingle(listed, out var kind, out var value)) return Expected(listed, "an object with one member");
        return kind switch
        {
            "metainfo" => true,
            "table" => WriteHead("add table ", value, "name"),
            "chain" => WriteChain(value),
            "rule" => WriteRule(value),
            "set" or "map" => WriteSet(value, isMap: kind == "map"),
            _ => Unknown(kind, "table, chain, rule, set or map"),
        };
    }

    /// <summary>COMMAND FAMILY TABLE [NAME]; then <c>name</c> says what holds the table's name.</summary>
    private bool WriteHead(string command, JsonElement value, string table, string? name = null)
    {
        _text.Append(command);
        return WriteMember(value, "family") && Append(" ") && WriteMember(value, table)
            && (name is null || (Append(" ") && WriteMember(value, name)));
    }

    private bool WriteChain(JsonElement chain)
    {
        if (!WriteHead("add chain ", chain, "table", "name")) return false;
        if (!chain.TryGetProperty("hook", out _)) return true;
        if (chain.TryGetProperty("dev", out var device)) return Unknown(Excerpt(device), "no device");
        return Append(" { type ") && WriteMember(chain, "type") && Append(" hook ") && WriteMember(chain, "hook")
            && Append(" priority ") && WriteMember(chain, "prio") && Append("; ")
            && (!chain.TryGetProperty("policy", out var policy)
                || (Append("policy ") && WriteWord(policy) && Append("; ")))
            && Append("}");
    }

    private bool WriteRule(JsonElement rule)
    {
        if (!WriteHead("add rule ", rule, "table", "chain")) return false;
        if (!rule.TryGetProperty("expr", out var statements) || statements.ValueKind != JsonValueKind.Array)
            return Expected(rule, "a rule with a list of expr");
        foreach (var statement in statements.EnumerateArray())
        {
            _text.Append(' ');
            if (!WriteStatement(statement)) return false;
        }

        return !rule.TryGetProperty("comment", out var comment) || WriteComment(comment);
    }

    private bool WriteSet(JsonElement set, bool isMap)
    {
        if (!WriteHead(isMap ? "add map " : "add set ", set, "table", "name") || !Append(" { ")) return false;
        if (!WriteTypes(set, isMap)) return false;
        foreach (var member in set.EnumerateObject())
        {
            var isWritten = member.Name switch
            {
                "family" or "table" or "name" or "handle" or "type" or "map" or "comment" or "auto-merge" => true,
                "flags" => Append("flags ") && WriteWords(member.Value) && Append("; "),
                "policy" or "size" => Append(member.Name) && Append(" ") && WriteWord(member.Value) && Append("; "),
                "timeout" or "gc-interval" =>
                    Append(member.Name) && Append(" ") && WriteWord(member.Value) && Append("s; "),
                "elem" => Append("elements = ") && WriteBraces(member.Value) && Append("; "),
                "stmt" => WriteCounters(member.Value),
                _ => Unknown(member.Name, "a set's member that is known"),
            };
            if (!isWritten) return false;
        }

        return Append("}");
    }

    /// <summary>What each element counts; counters are the only statement of a set that changes nothing.</summary>
    private bool WriteCounters(JsonElement statements)
    {
        foreach (var statement in Items(statements))
        {
            if (!TrySingle(statement, out var kind, out _) || kind != "counter")
                return Unknown(Excerpt(statement), "counter as the set's statement");
        }

        return true;
    }

    /// <summary>integer has no name in text: then all types are written by expressions that have them.</summary>
    private bool WriteTypes(JsonElement set, bool isMap)
    {
        if (!set.TryGetProperty("type", out var type)) return Expected(set, "a set with a type");
        List<string> key = [], data = [];
        if (!TryTypes(type, key)) return false;
        if (isMap && !set.TryGetProperty("map", out type)) return Expected(set, "a map with the type of its data");
        if (isMap && !TryTypes(type, data)) return false;
        var named = !key.Concat(data).Contains("integer");
        _text.Append(named ? "type " : "typeof ").AppendJoin(" . ", key.Select(word => named ? word : Example(word)));
        if (isMap) _text.Append(" : ").AppendJoin(" . ", data.Select(word => named ? word : Example(word)));
        return Append("; ");
    }

    /// <summary>A name, several with dots between them, or a list.</summary>
    private bool TryTypes(JsonElement value, List<string> types)
    {
        foreach (var item in Items(value))
        {
            if (item.ValueKind != JsonValueKind.String || StringOf(item) is not { } words)
                return Expected(item, "the name of a type");
            foreach (var part in words.AsSpan().Split(" . "))
            {
                var word = words.AsSpan(part);
                if (!IsWord(word)) return Expected(item, "the name of a type");
                types.Add(word.ToString());
            }
        }

        return true;
    }

    private static string Example(string word)
    {
        foreach (var type in Enum.GetValues<FieldType>())
        {
            if ((type.Word() ?? "integer") == word) return type.Example(portsOf: null);
        }

        return word;
    }

    private bool WriteMember(JsonElement value, string name)
    {
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member))
            return WriteWord(member);
        return Expected(value, $"an object with {name}");
    }

    /// <summary>A word or number, or several with commas between them.</summary>
    private bool WriteWords(JsonElement value)
    {
        var isFirst = true;
        foreach (var item in Items(value))
        {
            if (!isFirst) _text.Append(',');
            isFirst = false;
            if (!WriteWord(item)) return false;
        }

        return !isFirst || Expected(value, "a word");
    }

    /// <summary>What could end the word, or begin another one, is no part of it.</summary>
    private bool WriteWord(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number && value.GetRawText() is var number && IsWord(number))
            return Append(number);
        if (value.ValueKind != JsonValueKind.String || StringOf(value) is not { } word || !IsWord(word))
            return Expected(value, "a word or a number");
        return Append(word);
    }

    private bool WriteComment(JsonElement comment)
    {
        if (comment.ValueKind != JsonValueKind.String || StringOf(comment) is not { } text
            || text.AsSpan().ContainsAny('"', '\n'))
            return Expected(comment, "a comment that nft can write");
        _text.Append(" comment \"").Append(text).Append('"');
        return true;
    }

    private static bool IsWord(ReadOnlySpan<char> word) =>
        !word.IsEmpty && word is not ("." or ":") && !word.ContainsAnyExcept(_wordCharacters);

    private static readonly SearchValues<char> _wordCharacters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-*+[]");

    /// <summary>The member of an object that has only one.</summary>
    private static bool TrySingle(JsonElement value, out string name, out JsonElement member)
    {
        (name, member) = ("", default);
        if (value.ValueKind != JsonValueKind.Object) return false;
        var count = 0;
        foreach (var property in value.EnumerateObject())
        {
            (name, member) = (property.Name, property.Value);
            count++;
        }

        return count == 1;
    }

    private static JsonElement[] Items(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];

    /// <summary>Null for half of a character (\ud800), which is no text.</summary>
    private static string? StringOf(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private bool Append(string text)
    {
        _text.Append(text);
        return true;
    }

    private bool Expected(JsonElement found, string expected)
    {
        Fault = $"{Excerpt(found)}, expected {expected}";
        return false;
    }

    private bool Unknown(string found, string expected)
    {
        IsUnknown = true;
        Fault = string.Create(CultureInfo.InvariantCulture, $"'{Cut(found)}', expected {expected}");
        return false;
    }

    private static string Excerpt(JsonElement value) =>
        value.ValueKind == JsonValueKind.Undefined ? "nothing" : Cut(value.GetRawText());

    private static string Cut(string text) =>
        text.Length > ExcerptCharsMax ? $"{text.AsSpan(0, ExcerptCharsMax)}…" : text;
}
