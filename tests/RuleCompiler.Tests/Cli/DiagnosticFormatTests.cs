using System.Text.Json;
using RuleCompiler.Cli;
using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Ir.Text;
using Xunit;

namespace RuleCompiler.Tests.Cli;

public sealed class DiagnosticFormatTests
{
    private static readonly DiagnosticRule Bad = new("RC9001", Severity.Error, "bad", "It is bad.");
    private static readonly DiagnosticRule Odd = new("RC9002", Severity.Warning, "odd", "It is odd.");

    private static readonly Diagnostic[] Samples =
    [
        new(Odd, new Location("a b/x.yaml", 3, 7), "found \"1\", expected 2", "write 2"),
        new(Bad, Location.Whole("/abs/y.yaml"), "found nothing"),
        new(Bad, default, "no place"),
    ];

    [Fact]
    public void Text_is_a_line_each_and_a_count()
    {
        using var text = new StringWriter();
        DiagnosticText.Write(Samples, new Display(text, isTerminal: false, Terminal.None, ColorChoice.Auto));

        Assert.Equal(
            """
            a b/x.yaml(3,7): warning RC9002: found "1", expected 2; write 2
            /abs/y.yaml: error RC9001: found nothing
            error RC9001: no place
            rulec: 2 errors, 1 warning

            """,
            text.ToString());
    }

    [Fact]
    public void Colours_come_only_where_they_are_wanted()
    {
        Assert.Equal("plain", Painted(isTerminal: false, ColorChoice.Auto, wantsColor: true));
        Assert.Equal("\e[31mplain\e[0m", Painted(isTerminal: false, ColorChoice.Always, wantsColor: false));
        Assert.Equal("\e[31mplain\e[0m", Painted(isTerminal: true, ColorChoice.Auto, wantsColor: true));
        Assert.Equal("plain", Painted(isTerminal: true, ColorChoice.Auto, wantsColor: false));
        Assert.Equal("plain", Painted(isTerminal: true, ColorChoice.Never, wantsColor: true));

        static string Painted(bool isTerminal, ColorChoice choice, bool wantsColor) =>
            new Display(
                TextWriter.Null, isTerminal, new Terminal(isTerminal, isTerminal, 80, wantsColor),
                choice).Paint("plain", Tint.Red);
    }

    [Fact]
    public void Json_is_an_array_with_every_part()
    {
        using var text = new StringWriter();
        DiagnosticJson.Write(Samples, text);

        using var json = JsonDocument.Parse(text.ToString());
        var all = json.RootElement.EnumerateArray().ToList();
        Assert.Equal(3, all.Count);
        Assert.Equal((3, 7), (all[0].GetProperty("line").GetInt32(), all[0].GetProperty("column").GetInt32()));
        Assert.Equal("write 2", all[0].GetProperty("hint").GetString());
        Assert.Equal("warning", all[0].GetProperty("severity").GetString());
        Assert.False(all[1].TryGetProperty("line", out _));
        Assert.False(all[2].TryGetProperty("path", out _));
    }

    /// <summary>
    /// The properties that SARIF 2.1.0 demands (§3.13, §3.14, §3.19, §3.27), and its forms of places.
    /// </summary>
    [Fact]
    public void Sarif_has_the_required_properties()
    {
        using var text = new StringWriter();
        DiagnosticSarif.Write(Samples, text);

        using var json = JsonDocument.Parse(text.ToString());
        Assert.Equal("2.1.0", json.RootElement.GetProperty("version").GetString());
        var run = Assert.Single(json.RootElement.GetProperty("runs").EnumerateArray().ToList());
        var driver = run.GetProperty("tool").GetProperty("driver");
        Assert.Equal("rulec", driver.GetProperty("name").GetString());
        var rules = driver.GetProperty("rules").EnumerateArray().Select(
            rule => rule.GetProperty("id").GetString()).ToList();
        Assert.Equal(["RC9001", "RC9002"], rules);
        var results = run.GetProperty("results").EnumerateArray().ToList();
        Assert.All(results, result => Assert.Equal(
            result.GetProperty("ruleId").GetString(), rules[result.GetProperty("ruleIndex").GetInt32()]));
        Assert.Equal(["warning", "error", "error"], results.Select(result => result.GetProperty("level").GetString()));
        var places = results.Take(2).Select(
            result => result.GetProperty("locations")[0].GetProperty("physicalLocation")).ToList();
        Assert.Equal("a%20b/x.yaml", places[0].GetProperty("artifactLocation").GetProperty("uri").GetString());
        Assert.Equal(3, places[0].GetProperty("region").GetProperty("startLine").GetInt32());
        Assert.Equal("file:///abs/y.yaml", places[1].GetProperty("artifactLocation").GetProperty("uri").GetString());
        Assert.False(places[1].TryGetProperty("region", out _));
        Assert.False(results[2].TryGetProperty("locations", out _));
    }

    [Fact]
    public void A_table_outside_a_terminal_is_plain_columns()
    {
        using var text = new StringWriter();
        var display = new Display(text, isTerminal: false, Terminal.None, ColorChoice.Auto);
        display.Table(["name", "value"], [["a", "[x] 1"], ["longer", new string('y', 200)]]);

        Assert.Equal($"name    value\na       [x] 1\nlonger  {new string('y', 200)}\n", text.ToString());
    }
}
