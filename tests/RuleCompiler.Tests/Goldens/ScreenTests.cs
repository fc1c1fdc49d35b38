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

    private static readonly string[] _cluster =
    [
        "-f", InFolder("fifty-endpoints.yaml"), "--config", InFolder("kube-proxy-config.yaml"), "--node", "node-0",
    ];

    private static readonly (string Name, string[] Args)[] _runs =
    [
        ("trace", [
            "trace", "--rules", InFolder("kube-proxy.iptables-save.txt"), .. _cluster,
            "--from", "203.0.113.9", "--to", "tcp/10.96.0.10:80"]),
    ];

    public static TheoryData<string> Names => [.. _runs.Select(run => run.Name)];

    [Fact]
    public void Every_screen_is_as_agreed()
    {
        var texts = new Dictionary<string, string>();
        foreach (var (name, args) in _runs)
        {
            texts[$"{name}.pipe.txt"] = Text(Terminal.None, args);
            foreach (var width in _widths) texts[$"{name}.{width}.txt"] = Text(Of(width), args);
        }

        Golden.In(_folder).Verify(texts);
    }

    /// <summary>Beside what a width forces, a terminal shows what a pipe gets, with colours or without.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_wide_terminal_shows_what_a_pipe_gets(string name)
    {
        var args = _runs.Single(run => run.Name == name).Args;
        var piped = Text(Terminal.None, args);

        Assert.Equal(Words(piped), Words(Text(Of(4000), args)));
        Assert.Equal(piped, Text(Terminal.None, [.. args, "--color", "never"]));
        Assert.Equal(piped, Uncoloured(Text(Terminal.None, [.. args, "--color", "always"])));
    }

    /// <summary>Nothing that could be copied is broken: every word of a pipe is a word of the screen, in any width.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_width_breaks_no_word(string name)
    {
        var args = _runs.Single(run => run.Name == name).Args;
        var words = Words(Text(Terminal.None, args)).ToHashSet();
        foreach (var width in Enumerable.Range(4, 26).Select(i => i * 10))
        {
            var screen = Remark().Replace(Text(Of(width), args), "");
            Assert.Subset(words, Words(screen).ToHashSet());
        }
    }

    /// <summary>Of what fits at all: a word that is wider than the terminal stays whole.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Lines_fit_from_80_columns_on(string name)
    {
        var args = _runs.Single(run => run.Name == name).Args;
        foreach (var width in Enumerable.Range(80, 50))
            Assert.DoesNotContain(Text(Of(width), args).Split('\n'), line => line.Length > width);
    }

    [Fact]
    public void Fifty_endpoints_of_kube_proxy_take_a_screen()
    {
        var args = _runs.Single(run => run.Name == "trace").Args;

        Assert.InRange(Text(Of(80), args).Split('\n').Length, 20, 66);
        Assert.InRange(Text(Of(100), args).Split('\n').Length, 20, 60);
        Assert.InRange(Text(Terminal.None, args).Split('\n').Length, 20, 35);
    }

    private static Terminal Of(int width) => new(
        OutputIsTerminal: true, ErrorIsTerminal: false, width, WantsColor: false);

    private static string Text(Terminal terminal, string[] args)
    {
        var run = RulecRun.Within(terminal, "", args);
        Assert.True(run.ExitCode is ExitCode.Fine or ExitCode.Findings, run.Error);
        return run.Output.Replace(Checkout.Root, "", StringComparison.Ordinal);
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
}
