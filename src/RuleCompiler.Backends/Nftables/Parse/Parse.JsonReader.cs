using System.Text;
using System.Text.Json;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>
/// Reads what <c>nft -j list ruleset</c> prints (libnftables-json(5) @nftables 1.0.6). Each object is written as the command that
/// would make it, and <see cref="RulesetReader"/> reads that: so text and JSON of one ruleset cannot come to differ.
/// </summary>
internal sealed class JsonReader(ArtifactFile file, TableSet tables, List<Diagnostic> diagnostics)
{
    /// <summary>A rule is nested about ten deep; this bounds hostile input.</summary>
    private const int DepthMax = 32;

    private readonly byte[] _utf8 = Encoding.UTF8.GetBytes(file.Text);
    private int _index;

    /// <summary>Whether a file is JSON: text of nft never begins with a brace.</summary>
    public static bool IsJson(string text) => text.AsSpan().TrimStart() is ['{', ..];

    public void Read()
    {
        var reader = new Utf8JsonReader(_utf8, new JsonReaderOptions { MaxDepth = DepthMax });
        try
        {
            if (!ReadUpToObjects(ref reader))
            {
                Report(DiagnosticCatalog.NftSyntax, LocationOf((int)reader.TokenStartIndex),
                    "found JSON of another form, expected {\"nftables\": [ … ]}");
                return;
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (diagnostics.Count >= RulesetReader.ErrorsMax) return;
                var place = (int)reader.TokenStartIndex;
                using var document = JsonDocument.ParseValue(ref reader);
                ReadObject(document.RootElement, place);
                _index++;
            }

            while (reader.Read())
            {
            }
        }
        catch (JsonException exception)
        {
            // Lines and bytes of the exception are 0-based; our columns count characters.
            var line = (int)(exception.LineNumber ?? 0);
            Report(DiagnosticCatalog.NftSyntax, LocationOf(OffsetOf(line) + (int)(exception.BytePositionInLine ?? 0)),
                "found no JSON, or its middle; the file may be cut off");
        }
    }

    private static bool ReadUpToObjects(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.StartObject
        && reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("nftables")
        && reader.Read() && reader.TokenType == JsonTokenType.StartArray;

    private void ReadObject(JsonElement listed, int place)
    {
        var command = new JsonCommand();
        if (command.TryWrite(listed))
        {
            if (command.Text.Length == 0) return;
            var location = LocationOf(place);
            new RulesetReader(file, command.Text, tables, diagnostics, location).Read();
            return;
        }

        Report(command.IsUnknown ? DiagnosticCatalog.NftStatementUnknown : DiagnosticCatalog.NftSyntax,
            LocationOf(place), $"nftables[{_index}]: found {command.Fault}");
    }

    private void Report(DiagnosticRule rule, Location location, string message) =>
        diagnostics.Add(new Diagnostic(
            rule, location, message, "write the file again with nft -j list ruleset, or take this out"));

    private int OffsetOf(int line)
    {
        var offset = 0;
        for (; line > 0; line--)
        {
            var end = _utf8.AsSpan(offset).IndexOf((byte)'\n');
            if (end < 0) return _utf8.Length;
            offset += end + 1;
        }

        return offset;
    }

    /// <summary>1-based line and column of a byte.</summary>
    private Location LocationOf(int offset)
    {
        var before = _utf8.AsSpan(0, Math.Min(offset, _utf8.Length));
        var line = before[(before.LastIndexOf((byte)'\n') + 1)..];
        return new Location(file.Name, before.Count((byte)'\n') + 1, Encoding.UTF8.GetCharCount(line) + 1);
    }
}
