using RuleCompiler.Ir;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RuleCompiler.Kube.Text;

/// <summary>YAML, by YamlDotNet's event walk: it keeps no tree and expands no alias.</summary>
internal sealed class YamlTokens(GuardedReader reader, Report report) : ITokenSource
{
    private const string TextTag = "tag:yaml.org,2002:str";

    private readonly Parser _parser = new(new Scanner(reader, skipComments: true));

    public Token Read()
    {
        while (TryMove(out var current))
        {
            switch (current)
            {
                case Scalar { IsKey: true, Style: ScalarStyle.Plain, Value: "<<" }:
                    return RefuseAlias("a merge key", current.Start);
                case Scalar scalar:
                    return Of(TokenKind.Scalar, ShapeOf(scalar), scalar.Value, scalar.Start);
                case MappingStart:
                    return Of(TokenKind.MapStart, Shape.Map, "", current.Start);
                case MappingEnd:
                    return Of(TokenKind.MapEnd, Shape.Map, "", current.Start);
                case SequenceStart:
                    return Of(TokenKind.SequenceStart, Shape.Sequence, "", current.Start);
                case SequenceEnd:
                    return Of(TokenKind.SequenceEnd, Shape.Sequence, "", current.Start);
                case AnchorAlias alias:
                    return RefuseAlias($"the alias {Words.Quote("*" + alias.Value.Value)}", current.Start);
                case StreamEnd:
                    return Of(TokenKind.End, Shape.Null, "", current.Start);
            }
        }

        return default(Token) with { Kind = TokenKind.Broken };
    }

    private static Shape ShapeOf(Scalar scalar) =>
        scalar.Style != ScalarStyle.Plain || (!scalar.Tag.IsEmpty && scalar.Tag.Value == TextTag)
            ? Shape.Text
            : PlainScalar.ShapeOf(scalar.Value);

    private static Token Of(TokenKind kind, Shape shape, string text, Mark start) =>
        new(kind, shape, text, (int)start.Line, (int)start.Column);

    private bool TryMove(out ParsingEvent current)
    {
        current = null!;
        try
        {
            reader.Renew();
            var moved = _parser.MoveNext();
            if (reader.IsExhausted) return RefuseSize();
            current = _parser.Current!;
            return moved;
        }
        catch (YamlException error)
        {
            if (reader.IsExhausted) return RefuseSize();
            var message = error.Message;
            report.Refuse(DiagnosticCatalog.BrokenYaml, (int)error.Start.Line, (int)error.Start.Column,
                $"found broken YAML ({Words.Clip(message)}), expected what kubectl writes", HintFor(message));
            return false;
        }
    }

    private static string HintFor(string message) =>
        message.Contains("tab", StringComparison.OrdinalIgnoreCase) || message.Contains("token", StringComparison.Ordinal)
            ? "indent with spaces, not tabs, and check that the file is complete"
            : "check the indentation and quotes here, and that the file is complete";

    private bool RefuseSize()
    {
        var mark = _parser.Current?.End ?? Mark.Empty;
        report.Refuse(DiagnosticCatalog.TooLarge, (int)mark.Line, (int)mark.Column,
            $"found more than {GuardedReader.AllowanceChars} characters without a value, expected Kubernetes objects",
            "check that this is the intended file");
        return false;
    }

    private Token RefuseAlias(string what, Mark start)
    {
        report.Refuse(DiagnosticCatalog.AliasRefused, (int)start.Line, (int)start.Column,
            $"found {what}, expected the value itself", "write the value out, for example with kubectl apply --dry-run=client -o yaml");
        return default(Token) with { Kind = TokenKind.Broken };
    }
}
