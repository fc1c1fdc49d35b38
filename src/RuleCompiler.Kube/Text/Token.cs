namespace RuleCompiler.Kube.Text;

internal enum TokenKind
{
    MapStart,
    MapEnd,
    SequenceStart,
    SequenceEnd,
    Scalar,

    /// <summary>The end of the text.</summary>
    End,

    /// <summary>The text is broken here; the source has reported why. Nothing follows.</summary>
    Broken,
}

/// <summary>What a value is, by its spelling. Null counts as absent everywhere, as in the API.</summary>
internal enum Shape : byte
{
    Null,
    Boolean,
    Integer,
    Fraction,
    Text,
    Map,
    Sequence,
}

/// <summary>
/// One step through a YAML or JSON text. <c>Line</c> and <c>Column</c> are 1-based, columns in UTF-16 units.
/// </summary>
internal readonly record struct Token(TokenKind Kind, Shape Shape, string Text, int Line, int Column);

/// <summary>YAML and JSON as the same stream of tokens. Keys are scalars that alternate with values.</summary>
internal interface ITokenSource
{
    Token Read();
}
