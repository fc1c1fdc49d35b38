using System.Numerics;
using System.Text.Json;
using RuleCompiler.Cli.Documents;
using Xunit;

namespace RuleCompiler.Tests.Cli;

/// <summary>The document model and its renderers, on documents made for it.</summary>
public sealed class DocumentTests
{
    [Theory]
    [InlineData("1", "1", "100.00 %", "1")]
    [InlineData("0", "1", "0.00 %", "0")]
    [InlineData("1", "3", "33.33 % (1/3)", "0.333333333333")]
    [InlineData("2", "3", "66.67 % (2/3)", "0.666666666667")]
    [InlineData("715827883", "2147483648", "33.33 %", "0.333333333489")]
    [InlineData("1", "100000", "< 0.01 % (1/100000)", "0.00001")]
    [InlineData("99999", "100000", "> 99.99 % (99999/100000)", "0.99999")]
    public void A_share_is_a_percentage_with_a_short_fraction(string numerator, string denominator, string shown, string json)
    {
        var share = new Value.Share(BigInteger.Parse(numerator, null), BigInteger.Parse(denominator, null));

        Assert.Equal(shown, share.Shown);
        Assert.Equal($"{{\n  \"share\": {json}\n}}\n", Json(new Block.Fact("share", share)));
    }

    /// <summary>A double ends at 2^1024.</summary>
    [Fact]
    public void A_share_may_be_of_any_length()
    {
        var share = new Value.Share((BigInteger.One << 4999) + 1, BigInteger.One << 5000);

        Assert.Equal("50.00 %", share.Shown);
        Assert.Equal(0.5m, share.Rounded);
    }

    [Fact]
    public void Columns_are_left_out_by_rank_with_a_remark()
    {
        Assert.Equal("name   size   where\nalpha  large  a.yaml(1,1)\n", Screen(25, Sizes));
        Assert.Equal("name   size\nalpha  large\n1 column left out at 24\ncolumns: where\n", Screen(24, Sizes));
        Assert.Equal("name\nalpha\n2 columns\nleft out at\n11 columns:\nsize, where\n", Screen(11, Sizes));
        Assert.Equal("name\nalpha", Screen(2, Sizes)[..10]);
    }

    [Fact]
    public void Prose_breaks_between_words_before_a_column_is_left_out()
    {
        var table = new Block.Table(
            null, [new Column(null, "endpoint"), new Column(null, "why", Rank: 1, Fit: Fit.Prose)],
            [["10.64.0.5:8080", "serving while it terminates"]]);

        Assert.Equal(
            """
            endpoint        why
            10.64.0.5:8080  serving while it
                            terminates

            """.ReplaceLineEndings("\n"),
            Screen(32, table));
    }

    [Fact]
    public void Long_text_moves_below_its_row()
    {
        var table = new Block.Table(
            null, [new Column(null, "chain"), new Column(null, "text", Fit: Fit.OwnLine), new Column(null, "then")],
            [["KUBE-SERVICES", "-A KUBE-SERVICES  -j KUBE-SVC-1", "jump"], ["KUBE-SVC-1", "", "end"]]);

        Assert.Equal("chain          text                             then", Screen(60, table).Split('\n')[0]);
        Assert.Equal(
            """
            chain          then
            KUBE-SERVICES  jump
                -A KUBE-SERVICES -j
                KUBE-SVC-1
            KUBE-SVC-1     end

            """.ReplaceLineEndings("\n"),
            Screen(24, table));
    }

    [Fact]
    public void Rows_that_look_the_same_are_one_row_with_a_list_unless_all_are_asked_for()
    {
        Assert.Equal(
            """
            endpoint     share               found in
            4 endpoints  20.00 % (1/5) each  a.yaml(1) …
                10.0.0.0  10.0.0.1  10.0.0.2  10.0.0.3
            drop         20.00 % (1/5)

            """.ReplaceLineEndings("\n"),
            Screen(45, Endpoints(4)));
        Assert.Equal(
            "endpoint  share          found in\n10.0.0.0  20.00 % (1/5)  a.yaml(1)\n10.0.0.1  20.00 % (1/5)  a.yaml(2)\n",
            string.Concat(Screen(45, Endpoints(4), isVerbose: true).Split('\n').Take(3).Select(line => line + "\n")));
        Assert.DoesNotContain("3 endpoints", Screen(45, Endpoints(3)));
        Assert.Contains("… and 400 more (-v lists all)", Screen(45, Endpoints(500)));
    }

    /// <summary>Programs get every row and every key, whatever people see.</summary>
    [Fact]
    public void Json_has_all_rows()
    {
        using var json = JsonDocument.Parse(Json(Endpoints(500)));
        var rows = json.RootElement.GetProperty("endpoints").EnumerateArray().ToList();

        Assert.Equal(501, rows.Count);
        Assert.Equal(0.2, rows[0].GetProperty("share").GetDouble());
        Assert.Equal("a.yaml(1)", rows[0].GetProperty("place").GetString());
        Assert.False(rows[500].TryGetProperty("place", out _));
    }

    /// <summary>A comment in a dump must not command the terminal.</summary>
    [Theory]
    [InlineData("a\e[2Jb", "a\\u001b[2Jb")]
    [InlineData("a\nb\tc", "a\\u000ab\\u0009c")]
    [InlineData("a\u202eb", "a\\u202eb")]
    [InlineData("日本 ü", "日本 ü")]
    public void Text_from_elsewhere_cannot_command_the_terminal(string text, string shown)
    {
        Assert.Equal(shown + "\n", Screen(80, new Block.Paragraph(text)));
        Assert.Equal($"x\n{shown}\n", Screen(80, new Block.Table(null, [new Column(null, "x")], [[text]])));
    }

    [Fact]
    public void Wide_characters_take_two_columns()
    {
        var table = new Block.Table(null, [new Column(null, "a"), new Column(null, "b")], [["日本", "x"], ["ab", "y"]]);

        Assert.Equal("a     b\n日本  x\nab    y\n", Screen(80, table));
    }

    private static Block.Table Sizes => new(
        null,
        [new Column(null, "name"), new Column(null, "size", Rank: 1), new Column(null, "where", Rank: 2), new Column("id", null)],
        [["alpha", "large", "a.yaml(1,1)", "7"]]);

    private static Block.Table Endpoints(int count)
    {
        var share = new Value.Share(1, 5);
        var rows = Enumerable.Range(0, count)
            .Select(i => (RuleCompiler.Ir.Text.Seq<Cell>)[$"10.0.0.{i}", share, $"a.yaml({i + 1})"])
            .Append(["drop", share, Cell.None]);
        return new Block.Table(
            "endpoints",
            [
                new Column("endpoint", "endpoint", InGroup: InGroup.Listed),
                new Column("share", "share"),
                new Column("place", "found in", InGroup: InGroup.First),
            ],
            RuleCompiler.Ir.Text.Seq.ToSeq(rows),
            Noun: "endpoints");
    }

    private static string Screen(int width, Block block, bool isVerbose = false)
    {
        using var text = new StringWriter { NewLine = "\n" };
        new TerminalRenderer(text, width, colors: false, isVerbose).Write(Document.Of(block));
        return text.ToString();
    }

    private static string Json(Block block)
    {
        using var text = new StringWriter { NewLine = "\n" };
        JsonRenderer.Write(Document.Of(block), text);
        return text.ToString();
    }
}
