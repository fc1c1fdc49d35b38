using System.Text.Json;

namespace RuleCompiler.Cli.Documents;

/// <summary>
/// A document for programs: an object with a property for each block that has a key. Nothing is grouped or left out.
/// </summary>
internal static class JsonRenderer
{
    public static void Write(Document document, TextWriter to) => JsonText.Write(to, json =>
    {
        if (document.Blocks.OfType<Block.Each>().SingleOrDefault(each => each.Key is null) is { } root)
            WriteItems(json, root);
        else
            WriteObject(json, document);
    });

    private static void WriteObject(Utf8JsonWriter json, Document document)
    {
        json.WriteStartObject();
        foreach (var block in document.Blocks) WriteBlock(json, block);
        json.WriteEndObject();
    }

    private static void WriteBlock(Utf8JsonWriter json, Block block)
    {
        switch (block)
        {
            case Block.Fact(var key, var value):
                json.WritePropertyName(key);
                WriteValue(json, value);
                break;
            case Block.Table { Key: { } key } table:
                json.WritePropertyName(key);
                json.WriteStartArray();
                foreach (var row in table.Rows) WriteRow(json, table, row);
                json.WriteEndArray();
                break;
            case Block.Code { Key: { } key } code:
                json.WriteString(key, code.Text);
                break;
            case Block.Each { Key: { } key } each:
                json.WritePropertyName(key);
                WriteItems(json, each);
                break;
        }
    }

    private static void WriteItems(Utf8JsonWriter json, Block.Each each)
    {
        json.WriteStartArray();
        foreach (var item in each.Items) WriteObject(json, item);
        json.WriteEndArray();
    }

    private static void WriteRow(Utf8JsonWriter json, Block.Table table, Ir.Text.Seq<Cell> row)
    {
        json.WriteStartObject();
        for (var i = 0; i < table.Columns.Count; i++)
        {
            if (table.Columns[i].Key is not { } key || row[i].Value is not { } value) continue;
            json.WritePropertyName(key);
            WriteValue(json, value);
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, Value value)
    {
        switch (value)
        {
            case Value.Text text:
                json.WriteStringValue(text.Content);
                break;
            case Value.Number number:
                json.WriteNumberValue(number.Content);
                break;
            case Value.Flag flag:
                json.WriteBooleanValue(flag.Content);
                break;
            case Value.Share share:
                json.WriteNumberValue(share.Rounded);
                break;
            case Value.Items items:
                json.WriteStartArray();
                foreach (var item in items.Content) WriteValue(json, item);
                json.WriteEndArray();
                break;
            case Value.Fields fields:
                json.WriteStartObject();
                foreach (var field in fields.Content)
                {
                    if (field.Value is not { } content) continue;
                    json.WritePropertyName(field.Key);
                    WriteValue(json, content);
                }

                json.WriteEndObject();
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }
}
