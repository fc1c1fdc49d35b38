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
            return reader.IsExhausted ? RefuseSize() : RefuseBroken(error.Message, error.Start);
        }
        catch (InvalidOperationException)
        {
            // YamlDotNet 18.1 on a flow collection that the next key interrupts ("a: {b: 1\nc: 2"): Stack empty.
            return RefuseBroken("the collection that began here has no end", _parser.Current?.Start ?? Mark.Empty);
        }
    }

    private bool RefuseBroken(string message, Mark start)
    {
        var (line, column) = ((int)start.Line, (int)start.Column);
        var isTab = message.Contains("tab", StringComparison.Ordinal)
            && reader.TryFindIndentingTab(line, out line, out column);
        report.Refuse(DiagnosticCatalog.BrokenYaml, line, column,
            $"found broken YAML ({Words.Clip(message.TrimEnd('.'))}), expected what kubectl writes",
            isTab
                ? "indent with spaces instead of tabs"
                : "check the indentation and quotes here, and that the file is complete");
        return false;
    }

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
            $"found {what}, expected the value itself",
            "write the value out, for example with kubectl apply --dry-run=client -o yaml");
        return default(Token) with { Kind = TokenKind.Broken };
    }
}
