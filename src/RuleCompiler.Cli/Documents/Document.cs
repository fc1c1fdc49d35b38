using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Documents;

/// <summary>
/// A verb's answer as plain data, for people and for programs. <see cref="TerminalRenderer"/> and
/// <see cref="JsonRenderer"/> write it; a verb knows neither widths nor formats.
/// </summary>
internal sealed record Document(Seq<Block> Blocks)
{
    public static Document Of(params IEnumerable<Block> blocks) => new(blocks.ToSeq());
}

/// <summary>A part of a document. What has a key is data for programs, the rest is for people.</summary>
internal abstract record Block
{
    private Block()
    {
    }

    /// <summary>Stands over all blocks up to the next heading, which people see indented below it.</summary>
    /// <param name="Level">
    /// From 1: how deep the heading itself is. 0 is a title, with all below it at the margin.
    /// </param>
    public sealed record Heading(Line Text, int Level = 1) : Block;

    /// <summary>A sentence, or a few. Those that follow each other stand together.</summary>
    public sealed record Paragraph(Line Text) : Block;

    /// <summary>A property that only programs read; people have a sentence about it.</summary>
    public sealed record Fact(string Key, Value Value) : Block;

    /// <param name="Key">
    /// The property whose value is an array with an object for each row; null for people alone.
    /// </param>
    /// <param name="Rows">As many cells as there are columns.</param>
    /// <param name="Noun">
    /// What a row is about, in the plural. Rows that look the same may then be shown as one: see
    /// <see cref="InGroup"/>.
    /// </param>
    public sealed record Table(string? Key, Seq<Column> Columns, Seq<Seq<Cell>> Rows, string? Noun = null) : Block;

    /// <summary>Text in another language, such as a tool's input: shown to the byte.</summary>
    public sealed record Code(string Text, string? Key = null) : Block;

    /// <summary>Documents that people read one after the other.</summary>
    /// <param name="Key">
    /// The property whose value is an array of them; null for a document that is this array to programs.
    /// </param>
    public sealed record Each(string? Key, Seq<Document> Items) : Block;
}

/// <summary>What every row of a table has.</summary>
/// <param name="Key">The property's name; null for people alone.</param>
/// <param name="Header">Null for programs alone.</param>
/// <param name="Rank">
/// Where the table is too wide, columns of the highest rank are left out first; those of rank 0 never are.
/// </param>
internal sealed record Column(
    string? Key, string? Header, int Rank = 0, Fit Fit = Fit.Whole, InGroup InGroup = InGroup.Same);

/// <summary>How a column's texts may be fitted into a table that is too wide.</summary>
internal enum Fit
{
    /// <summary>Not at all: addresses, chains, names.</summary>
    Whole,

    /// <summary>Prose: broken between words.</summary>
    Prose,

    /// <summary>Long text, such as a rule: on a line of its own below its row, if need be.</summary>
    OwnLine,
}

/// <summary>How a column takes part when a table shows equal rows as one.</summary>
internal enum InGroup
{
    /// <summary>Rows are equal only if it shows the same.</summary>
    Same,

    /// <summary>It differs; every row's text is listed below the group.</summary>
    Listed,

    /// <summary>It differs; the first row's stands for all.</summary>
    First,
}

/// <summary>What a row has in a column: a value for programs, and what people see where that is another text.</summary>
internal sealed record Cell(Value? Value, Line? Shown = null)
{
    /// <summary>Nothing for programs, nothing to be seen.</summary>
    public static Cell None { get; } = new(Value: null);

    public Line Line => Shown ?? Value?.Shown ?? "";

    public static implicit operator Cell(string? text) => text is null ? None : new(new Value.Text(text));

    public static implicit operator Cell(Value value) => new(value);

    public static implicit operator Cell(bool flag) => new(flag);

    public static implicit operator Cell(long number) => new(number);
}
