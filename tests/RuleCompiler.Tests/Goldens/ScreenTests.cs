using System.Text.RegularExpressions;
using RuleCompiler.Cli;
using RuleCompiler.Tests.Cli;
using Xunit;

namespace RuleCompiler.Tests.Goldens;

/// <summary>golden/screens: what verbs print on terminals of several widths, and in a pipe.</summary>
public sealed partial class ScreenTests
{
    private static readonly string _folder = Checkout.PathOf("golden", "screens");

    private static readonly int[] _widths = [80, 100, 200];

    private static readonly string _fifty = Read("screens", "fifty-endpoints.yaml");

    private static readonly string _real =
        Read("kubernetes-1.36", "cluster.yaml") + "---\n" + Read("kubernetes-1.36", "nodes.yaml");

    private static readonly string _rules = Read("screens", "kube-proxy.iptables-save.txt");

    private static readonly string[] _node = ["--config", InFolder("kube-proxy-config.yaml"), "--node", "node-0"];

    /// <summary>What is shown with its place comes from standard input: a path is of another length elsewhere.</summary>
    private static readonly Run[] _runs =
    [
        new("trace", _rules, [
            "trace", "--rules", "-", "-f", InFolder("fifty-endpoints.yaml"), .. _node,
            "--from", "203.0.113.9", "--to", "tcp/10.96.0.10:80"]),
        new("explain", _fifty, ["explain", "shop/web", "-f", "-", .. _node]),
        new("explain-real", _real, [
            "explain", "kube-system/search-3", "-f", "-", "--node", "node-0",
            "--config", Checkout.PathOf("golden", "kubernetes-1.36", "kube-proxy-config.yaml")]),
        new("check", Read("screens", "wrong.flow"), ["check", "-", "--root", Checkout.Root, "-v"]),
    ];

    public static TheoryData<string> Names => [.. _runs.Select(run => run.Name)];

    [Fact]
    public void Every_screen_is_as_agreed()
    {
        var texts = new Dictionary<string, string>();
        foreach (var run in _runs)
        {
            texts[$"{run.Name}.pipe.txt"] = Text(Terminal.None, run);
            foreach (var width in _widths) texts[$"{run.Name}.{width}.txt"] = Text(Of(width), run);
        }

        Golden.In(_folder).Verify(texts);
    }

    /// <summary>Beside what a width forces, a terminal shows what a pipe gets, with colours or without.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_wide_terminal_shows_what_a_pipe_gets(string name)
    {
        var run = _runs.Single(each => each.Name == name);
        var piped = Text(Terminal.None, run);

        Assert.Equal(Words(piped), Words(Text(Of(4000), run)));
        Assert.Equal(piped, Text(Terminal.None, run, "--color", "never"));
        Assert.Equal(piped, Uncoloured(Text(Terminal.None, run, "--color", "always")));
    }

    /// <summary>Nothing that could be copied is broken: every word of a pipe is a word of the screen, in any width.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_width_breaks_no_word(string name)
    {
        var run = _runs.Single(each => each.Name == name);
        var words = Words(Text(Terminal.None, run)).ToHashSet();
        foreach (var width in Enumerable.Range(4, 26).Select(i => i * 10))
        {
            var screen = Remark().Replace(Text(Of(width), run), "");
            Assert.Subset(words, Words(screen).ToHashSet());
        }
    }

    /// <summary>Of what fits at all: a word that is wider than the terminal stays whole.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Lines_fit_from_80_columns_on(string name)
    {
        var run = _runs.Single(each => each.Name == name);
        foreach (var width in Enumerable.Range(80, 50))
            Assert.DoesNotContain(Text(Of(width), run).Split('\n'), line => line.Length > width);
    }

    [Fact]
    public void Fifty_endpoints_of_kube_proxy_take_a_screen()
    {
        var run = _runs.Single(each => each.Name == "trace");

        Assert.InRange(Text(Of(80), run).Split('\n').Length, 20, 66);
        Assert.InRange(Text(Of(100), run).Split('\n').Length, 20, 60);
        Assert.InRange(Text(Terminal.None, run).Split('\n').Length, 20, 35);
    }

    private static Terminal Of(int width) => new(
        OutputIsTerminal: true, ErrorIsTerminal: false, width, WantsColor: false);

    private static string Text(Terminal terminal, Run run, params string[] more)
    {
        var ran = RulecRun.Within(terminal, run.Input, [.. run.Args, .. more]);
        Assert.True(ran.ExitCode is ExitCode.Fine or ExitCode.Findings, ran.Error);
        return ran.Output;
    }

    private static string[] Words(string text) =>
        text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

    private static string Uncoloured(string text) => Colour().Replace(text, "");

    [GeneratedRegex("\e\\[[0-9]+m")]
    private static partial Regex Colour();

    /// <summary>What a table says about columns that did not fit, up to the blank line after it.</summary>
    [GeneratedRegex(@"\d+ columns? left out at .*?(?=\n\n|$)", RegexOptions.Singleline)]
    private static partial Regex Remark();

    private static string InFolder(string name) => Path.Combine(_folder, name);

    private static string Read(string folder, string name) => File.ReadAllText(Checkout.PathOf("golden", folder, name));

    /// <param name="Input">Standard input.</param>
    private sealed record Run(string Name, string Input, string[] Args);
}
