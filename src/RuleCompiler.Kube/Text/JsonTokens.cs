using System.Text;
using System.Text.Json;
using RuleCompiler.Ir;

namespace RuleCompiler.Kube.Text;

/// <summary>JSON, one value after another, by Utf8JsonReader over the bytes.</summary>
internal sealed class JsonTokens(ReadOnlyMemory<byte> utf8, Report report) : ITokenSource
{
    private JsonReaderState _state = new(new JsonReaderOptions
    {
        // The document reader refuses earlier and says so in its own words.
        MaxDepth = DocumentReader.DepthMax + 8,
        AllowMultipleValues = true,
    });

    private int _consumed;
    private int _markedByte;
    private int _line = 1;
    private int _column = 1;

    public Token Read()
    {
        var reader = new Utf8JsonReader(utf8.Span[_consumed..], isFinalBlock: true, _state);
        try
        {
            if (!reader.Read()) return At(TokenKind.End, Shape.Null, "");
            MoveMark(_consumed + (int)reader.TokenStartIndex);
            var token = TokenOf(ref reader);
            _state = reader.CurrentState;
            _consumed += (int)reader.BytesConsumed;
            return token;
        }
        catch (JsonException error)
        {
            MoveMark(Math.Min(_consumed + (int)reader.BytesConsumed, utf8.Length));
            return Refuse((int)(error.LineNumber ?? 0) + 1, (int)(error.BytePositionInLine ?? 0) + 1, error.Message);
        }
        catch (InvalidOperationException error)
        {
            // Utf8JsonReader.GetString on an escape that is half of a surrogate pair.
            return Refuse(_line, _column, error.Message);
        }
    }

    private Token TokenOf(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => At(TokenKind.MapStart, Shape.Map, ""),
        JsonTokenType.EndObject => At(TokenKind.MapEnd, Shape.Map, ""),
        JsonTokenType.StartArray => At(TokenKind.SequenceStart, Shape.Sequence, ""),
        JsonTokenType.EndArray => At(TokenKind.SequenceEnd, Shape.Sequence, ""),
        JsonTokenType.PropertyName or JsonTokenType.String => At(TokenKind.Scalar, Shape.Text, reader.GetString()!),
        JsonTokenType.True => At(TokenKind.Scalar, Shape.Boolean, "true"),
        JsonTokenType.False => At(TokenKind.Scalar, Shape.Boolean, "false"),
        JsonTokenType.Number => NumberOf(Encoding.UTF8.GetString(reader.ValueSpan)),
        JsonTokenType.Null or JsonTokenType.None or JsonTokenType.Comment => At(TokenKind.Scalar, Shape.Null, ""),
    };

    private Token NumberOf(string digits) =>
        At(TokenKind.Scalar, digits.AsSpan().ContainsAny(".eE") ? Shape.Fraction : Shape.Integer, digits);

    private Token At(TokenKind kind, Shape shape, string text) => new(kind, shape, text, _line, _column);

    private void MoveMark(int to)
    {
        var passed = utf8.Span[_markedByte..to];
        var lineStart = passed.LastIndexOf((byte)'\n') + 1;
        if (lineStart > 0)
        {
            _line += passed.Count((byte)'\n');
            _column = 1;
        }

        _column += Encoding.UTF8.GetCharCount(passed[lineStart..]);
        _markedByte = to;
    }

    private Token Refuse(int line, int column, string message)
    {
        // ". LineNumber: 0 | BytePositionInLine: 1." repeats what the location says.
        var cut = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var text = (cut < 0 ? message : message[..cut]).TrimEnd('.', ' ');
        report.Refuse(DiagnosticCatalog.BrokenJson, line, column,
            $"found broken JSON ({Words.Clip(text)}), expected what kubectl writes",
            "check that the file is complete; a file that begins with { or [ is read as JSON");
        return default(Token) with { Kind = TokenKind.Broken };
    }
}
