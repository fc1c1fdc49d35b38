using System.Diagnostics.CodeAnalysis;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Documents;

/// <summary>Text without line breaks.</summary>
internal sealed record Line(Seq<Span> Spans)
{
    /// <summary>All of it without tones.</summary>
    public string Plain => string.Concat(Spans.Select(span => span.Text));

    public static Line Of(params IEnumerable<Span> spans) => new(spans.ToSeq());

    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator Line?(string? text) => text is null ? null : new([text]);

    /// <summary>A badge: words that stand out.</summary>
    public static Line Badge(string text, Tone tone) => new([new Span(text, tone)]);
}

/// <summary>A piece of a line. With a tone it is a badge.</summary>
internal readonly record struct Span(string Text, Tone Tone = Tone.Plain)
{
    public static implicit operator Span(string text) => new(text);
}

/// <summary>What a badge means; how that looks is a renderer's choice.</summary>
internal enum Tone
{
    Plain,
    Good,
    Bad,
    Warning,

    /// <summary>The name of what the text is about.</summary>
    Name,

    /// <summary>A column's header.</summary>
    Header,
}
