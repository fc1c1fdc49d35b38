using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Documents;

/// <summary>
/// Fits a table into a width. What is too wide is helped in this order: long text moves to lines of its own, prose is
/// broken between words, columns are left out by rank with a remark. What is left is never broken.
/// </summary>
internal sealed class TableLayout
{
    private const int Gap = 2;
    private const int OwnLineIndent = 4;

    /// <summary>Prose in narrower columns is no pleasure to read.</summary>
    private const int ProseMin = 12;

    /// <summary>Of a group's list; the rest is counted.</summary>
    private const int MembersMax = 100;

    /// <summary>Lists have many entries a line, also in a file.</summary>
    private const int ListWidth = 100;

    private readonly Block.Table _table;
    private readonly List<int> _visible;
    private readonly List<ShownRow> _rows;
    private readonly int[] _widths;

    /// <summary>What prose can be broken to; for other columns, their width.</summary>
    private readonly int[] _narrowest;

    /// <summary>Positions in <see cref="_visible"/>, as all below.</summary>
    private readonly List<int> _columns;
    private readonly List<int> _ownLine = [];
    private readonly List<int> _leftOut = [];
    private readonly int? _width;
    private readonly int? _terminal;

    /// <param name="terminal">Columns of the terminal, if there is one.</param>
    /// <param name="indent">Of these, the ones left of the table.</param>
    /// <param name="isVerbose">No row stands for others.</param>
    public TableLayout(Block.Table table, int? terminal, int indent, bool isVerbose)
    {
        (_table, _terminal, _width) = (table, terminal, terminal - indent);
        _visible = [.. Enumerable.Range(0, table.Columns.Count).Where(i =>
            table.Columns[i].Header is not null && table.Rows.Any(row => row[i].Line.Plain.Length > 0))];
        _rows = [.. RowGroups.Of(table, _visible, !isVerbose)];
        _columns = [.. Enumerable.Range(0, _visible.Count)];
        _widths = [.. _columns.Select(at => _rows
            .Select(row => Measure.Width(row.Cells[at])).Append(Measure.Width(ColumnAt(at).Header!)).Max())];
        _narrowest = [.. _columns.Select(at => ColumnAt(at).Fit == Fit.Prose ? NarrowestProse(at) : _widths[at])];
        if (_width is { } width) FitInto(width);
    }

    /// <summary>There is nothing for people in it.</summary>
    public bool IsEmpty => _visible.Count == 0;

    public IEnumerable<Line> Lines()
    {
        foreach (var line in SideBySide(at => Line.Badge(ColumnAt(at).Header!, Tone.Header))) yield return line;
        foreach (var row in _rows)
        {
            foreach (var line in Lines(row)) yield return line;
        }

        if (_leftOut.Count == 0) yield break;
        var names = string.Join(", ", _leftOut.Order().Select(at => ColumnAt(at).Header));
        var count = _leftOut.Count == 1 ? "1 column" : $"{_leftOut.Count} columns";
        foreach (var line in Measure.Wrap($"{count} left out at {_terminal} columns: {names}", _width!.Value))
            yield return line;
    }

    private int Total => _columns.Sum(at => _widths[at]) + ((_columns.Count - 1) * Gap);

    private Column ColumnAt(int at) => _table.Columns[_visible[at]];

    private void FitInto(int width)
    {
        if (Total > width) Move(_columns.FindAll(at => ColumnAt(at).Fit == Fit.OwnLine), _ownLine);
        while (Total - _columns.Sum(Spare) > width)
        {
            var leastNeeded = _columns.Where(at => ColumnAt(at).Rank > 0).Reverse().ToList();
            if (leastNeeded.Count == 0) break;
            Move([leastNeeded.MaxBy(at => ColumnAt(at).Rank)], _leftOut);
        }

        // The widest prose gives way first.
        while (Total > width && _columns.FindAll(at => Spare(at) > 0) is { Count: > 0 } spare)
            _widths[spare.MaxBy(at => _widths[at])]--;

        int Spare(int at) => _widths[at] - _narrowest[at];

        void Move(List<int> which, List<int> to)
        {
            _columns.RemoveAll(which.Contains);
            to.AddRange(which);
        }
    }

    private int NarrowestProse(int at) => _rows
        .Select(row => Measure.WidestWord(row.Cells[at]))
        .Append(Measure.WidestWord(ColumnAt(at).Header!))
        .Append(Math.Min(ProseMin, _widths[at]))
        .Max();

    private IEnumerable<Line> Lines(ShownRow row)
    {
        foreach (var line in SideBySide(at => row.Cells[at])) yield return line;
        foreach (var at in _ownLine)
        {
            foreach (var line in Measure.Wrap(row.Cells[at], _width!.Value - OwnLineIndent))
                yield return Measure.Indented(line, OwnLineIndent);
        }

        foreach (var line in Listed(row.Members)) yield return Measure.Indented(line, OwnLineIndent);
    }

    private IEnumerable<Line> SideBySide(Func<int, Line> cellAt)
    {
        var cells = _columns.ConvertAll(at => Broken(cellAt(at), _widths[at]));
        var height = cells.Max(lines => lines.Count);
        for (var i = 0; i < height; i++)
        {
            var line = cells.ConvertAll(lines => i < lines.Count ? lines[i] : "");
            yield return Padded(line, column => _widths[_columns[column]]);
        }
    }

    private static List<Line> Broken(Line cell, int width) =>
        Measure.Width(cell) <= width ? [cell] : [.. Measure.Wrap(cell, width)];

    private IEnumerable<Line> Listed(Seq<Line> members)
    {
        if (members.IsEmpty) yield break;
        var shown = members.Take(MembersMax).ToList();
        var cells = shown.Max(Measure.Width);
        var perLine = Math.Max(1, ((_width ?? ListWidth) - OwnLineIndent + Gap) / (cells + Gap));
        foreach (var some in shown.Chunk(perLine)) yield return Padded(some, _ => cells);
        if (members.Count > shown.Count) yield return $"… and {members.Count - shown.Count} more (-v lists all)";
    }

    /// <summary>Without blanks at the end.</summary>
    private static Line Padded(IReadOnlyList<Line> cells, Func<int, int> widthOf)
    {
        var spans = new List<Span>();
        var blanks = 0;
        for (var i = 0; i < cells.Count; i++)
        {
            if (cells[i].Plain.Length > 0)
            {
                if (blanks > 0) spans.Add(new string(' ', blanks));
                spans.AddRange(cells[i].Spans);
                blanks = 0;
            }

            blanks += widthOf(i) - Measure.Width(cells[i]) + Gap;
        }

        return Line.Of(spans);
    }
}
