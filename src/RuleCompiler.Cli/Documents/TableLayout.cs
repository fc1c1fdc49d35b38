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
    private const int ProseMin = 16;

    /// <summary>Of a group's list; the rest is counted.</summary>
    private const int MembersMax = 100;

    /// <summary>Lists have many entries a line, also in a file.</summary>
    private const int ListWidth = 100;

    private readonly Block.Table _table;
    private readonly List<int> _visible;
    private readonly List<ShownRow> _rows;
    private readonly int[] _widths;

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
        if (_width is { } width) FitInto(width);
    }

    public IEnumerable<Line> Lines()
    {
        var header = _columns.Select(at => Line.Badge(ColumnAt(at).Header!, Tone.Header)).ToList();
        yield return Joined(header);
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
        while (Total > width && !TryShrinkProse(Total - width))
        {
            var leastNeeded = _columns.Where(at => ColumnAt(at).Rank > 0).Reverse().ToList();
            if (leastNeeded.Count == 0) return;
            Move([leastNeeded.MaxBy(at => ColumnAt(at).Rank)], _leftOut);
        }

        void Move(List<int> which, List<int> to)
        {
            _columns.RemoveAll(which.Contains);
            to.AddRange(which);
        }
    }

    private bool TryShrinkProse(int excess)
    {
        var spare = _columns
            .Where(at => ColumnAt(at).Fit == Fit.Prose)
            .ToDictionary(at => at, at => _widths[at] - Math.Min(_widths[at], NarrowestProse(at)));
        if (spare.Values.Sum() < excess) return false;
        foreach (var (at, cells) in spare)
        {
            var taken = Math.Min(cells, excess);
            _widths[at] -= taken;
            excess -= taken;
        }

        return true;
    }

    private int NarrowestProse(int at) => _rows
        .Select(row => Measure.WidestWord(row.Cells[at]))
        .Append(Measure.Width(ColumnAt(at).Header!))
        .Append(ProseMin)
        .Max();

    private IEnumerable<Line> Lines(ShownRow row)
    {
        var cells = _columns.Select(at => Broken(row.Cells[at], at)).ToList();
        var height = cells.Max(lines => lines.Count);
        for (var i = 0; i < height; i++)
            yield return Joined([.. cells.Select(lines => i < lines.Count ? lines[i] : "")]);
        foreach (var at in _ownLine)
        {
            foreach (var line in Measure.Wrap(row.Cells[at], _width!.Value - OwnLineIndent))
                yield return Measure.Indented(line, OwnLineIndent);
        }

        foreach (var line in Listed(row.Members)) yield return Measure.Indented(line, OwnLineIndent);
    }

    private List<Line> Broken(Line cell, int at) =>
        Measure.Width(cell) <= _widths[at] ? [cell] : [.. Measure.Wrap(cell, _widths[at])];

    private IEnumerable<Line> Listed(Seq<Line> members)
    {
        if (members.IsEmpty) yield break;
        var shown = members.Take(MembersMax).ToList();
        var cells = shown.Max(Measure.Width);
        var perLine = Math.Max(1, ((_width ?? ListWidth) - OwnLineIndent + Gap) / (cells + Gap));
        foreach (var some in shown.Chunk(perLine)) yield return Padded(some, _ => cells);
        if (members.Count > shown.Count) yield return $"… and {members.Count - shown.Count} more (-v lists all)";
    }

    private Line Joined(IReadOnlyList<Line> cells) => Padded(cells, i => _widths[_columns[i]]);

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
