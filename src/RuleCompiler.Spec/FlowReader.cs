using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using Sprache;

namespace RuleCompiler.Spec;

/// <summary>
/// Reads a flow file. All errors are found in one run: after a bad line reading goes on with the next one that can be
/// a statement.
/// </summary>
public static class FlowReader
{
    /// <summary>
    /// Longer files are refused: 1 MiB is about 9,000 lines, which keep the parser busy for some seconds.
    /// </summary>
    public const int MaximumCharacters = 1 << 20;

    /// <summary>After so many errors the file is something else than a flow file.</summary>
    internal const int MaximumErrors = 100;

    /// <summary>
    /// Where the diagnostics have an error the file holds what could be read, and is not for running.
    /// </summary>
    public static (FlowFile File, Seq<Diagnostic> Diagnostics) Read(string path, string text)
    {
        if (text.Length > MaximumCharacters)
        {
            var tooLarge = new Diagnostic(
                DiagnosticCatalog.FlowFileTooLarge, Location.Whole(path),
                $"found {text.Length} characters, expected at most {MaximumCharacters}", "split the file by feature");
            return (FlowFileBuilder.EmptyFile(path), [tooLarge]);
        }

        var diagnostics = new List<Diagnostic>();
        var builder = new FlowFileBuilder(path, diagnostics);
        var statement = new Grammar(path).Statement;
        IInput at = new Input(text.StartsWith('\uFEFF') ? text[1..] : text);
        for (at = Lexeme.SkipLines(at); !at.AtEnd && diagnostics.Count < MaximumErrors; at = Lexeme.SkipLines(at))
        {
            var result = statement(at);
            if (result.WasSuccessful)
            {
                builder.Add(result.Value, new Location(path, at.Line, at.Column), TextBetween(at, result.Remainder));
            }
            else
            {
                diagnostics.Add(SyntaxError(path, result));
            }

            at = result.WasSuccessful ? result.Remainder : Recover(at, result.Remainder);
        }

        return (builder.Finish(), diagnostics.ToSeq());
    }

    /// <summary>
    /// The start of the next line; where the error lies inside braces, of the next line that begins like a statement,
    /// since the lines between are endpoints.
    /// </summary>
    private static IInput Recover(IInput statement, IInput error)
    {
        var open = 0;
        for (var at = statement; at.Position < error.Position; at = at.Advance())
        {
            open += at.Current switch { '{' => 1, '}' => -1, _ => 0 };
        }

        var rest = error;
        while (!rest.AtEnd)
        {
            while (!rest.AtEnd && rest.Current != '\n')
            {
                if (rest.Current == '}') open = 0;
                rest = rest.Advance();
            }

            rest = Lexeme.SkipLines(rest);
            if (open <= 0 || Grammar.Keywords.Contains(Lexeme.TextAt(rest))) return rest;
        }

        return rest;
    }

    private static Diagnostic SyntaxError(string path, IResult<Line> failure)
    {
        var at = failure.Remainder;
        var found = Lexeme.TextAt(at);
        var expected = failure.Expectations.Distinct(StringComparer.Ordinal).ToList();
        var shown = found.Length > 0 ? Quoted(found)
            : at.AtEnd ? "the end of the file"
            : at.Current is '\n' or '#' ? "the end of the line"
            : Quoted(at.Current.ToString());
        return new Diagnostic(
            DiagnosticCatalog.FlowSyntax, new Location(path, at.Line, at.Column),
            $"found {shown}, expected {Listed(expected)}",
            Spelling.Nearest(found, expected) is { } near ? $"did you mean {near}?" : null);
    }

    /// <summary>At most 40 characters, without control characters: the text may be anything.</summary>
    private static string Quoted(string text)
    {
        var clean = string.Concat(text.Take(40)
            .Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c));
        return text.Length > 40 ? $"'{clean}…'" : $"'{clean}'";
    }

    private static string Listed(List<string> items) => items.Count switch
    {
        0 => "something else",
        1 => items[0],
        _ => $"{string.Join(", ", items.Take(items.Count - 1))} or {items[^1]}",
    };

    /// <summary>The statement as written, without comments and with single blanks.</summary>
    private static string TextBetween(IInput from, IInput to)
    {
        var words = new List<string>();
        for (var at = from; at.Position < to.Position;)
        {
            var next = Lexeme.SkipLines(at);
            if (next.Position >= to.Position) break;
            at = next;
            var length = Math.Max(Lexeme.TextAt(at).Length, 1);
            if (at.Current == '"') length = at.Source.IndexOf('"', at.Position + 1) - at.Position + 1;
            words.Add(at.Source.Substring(at.Position, length));
            for (var i = 0; i < length; i++) at = at.Advance();
        }

        return string.Join(' ', words).Replace(" ,", ",", StringComparison.Ordinal);
    }
}
