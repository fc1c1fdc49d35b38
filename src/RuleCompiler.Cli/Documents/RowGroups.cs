using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Documents;

/// <summary>A row as people see it: a line for each visible column.</summary>
/// <param name="Members">For a group of rows: what the column that lists shows of each.</param>
internal sealed record ShownRow(Line[] Cells, Seq<Line> Members);

/// <summary>Shows rows that look the same as one.</summary>
internal static class RowGroups
{
    /// <summary>Fewer rows are as quickly read one by one.</summary>
    private const int RowsMin = 4;

    /// <param name="visible">Indices of the columns.</param>
    /// <returns>Rows in order; a group stands where its first row stood.</returns>
    public static IEnumerable<ShownRow> Of(Block.Table table, IReadOnlyList<int> visible, bool isGrouped)
    {
        if (!isGrouped || table.Noun is not { } noun)
            return table.Rows.Select(row => new ShownRow([.. visible.Select(i => Shown(row[i]))], []));

        return table.Rows
            .GroupBy(row => visible.Select(i => Common(row[i], table.Columns[i])).ToSeq())
            .SelectMany(group => Rows([.. group]));

        // Where texts may differ, rows that have one are not like rows that have none.
        static string Common(Cell cell, Column column) =>
            column.InGroup == InGroup.Same || cell.Line.Plain.Length == 0 ? cell.Line.Plain : column.Header!;

        IEnumerable<ShownRow> Rows(List<Seq<Cell>> rows) => rows.Count < RowsMin
            ? rows.Select(row => new ShownRow([.. visible.Select(i => Shown(row[i]))], []))
            : [new ShownRow([.. visible.Select(i => ShownOf(rows, i))], Members(rows))];

        Line ShownOf(List<Seq<Cell>> rows, int column) => table.Columns[column].InGroup switch
        {
            InGroup.Same when rows[0][column].Value is Value.Share =>
                Line.Of([.. Shown(rows[0][column]).Spans, " each"]),
            InGroup.Same => Shown(rows[0][column]),
            InGroup.Listed => $"{rows.Count} {noun}",
            InGroup.First => Line.Of([.. Shown(rows[0][column]).Spans, " …"]),
        };

        Seq<Line> Members(List<Seq<Cell>> rows)
        {
            var listed = visible.Where(i => table.Columns[i].InGroup == InGroup.Listed).ToList();
            return rows.SelectMany(row => listed.Select(i => Shown(row[i]))).ToSeq();
        }
    }

    private static Line Shown(Cell cell) => Measure.Printable(cell.Line);
}
