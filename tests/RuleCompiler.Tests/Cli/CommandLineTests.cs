using System.Text.Json;
using RuleCompiler.Cli;
using Xunit;

namespace RuleCompiler.Tests.Cli;

public sealed class CommandLineTests
{
    [Fact]
    public void Help_goes_to_standard_output_with_verbs_and_exit_codes()
    {
        var run = RulecRun.Of("--help");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("completions", run.Output);
        Assert.Contains("3 the machine lacks something", run.Output);
    }

    [Fact]
    public void Every_verb_has_help_with_examples_that_start_with_the_verb()
    {
        using var shell = new Shell(Stream.Null, TextWriter.Null, TextWriter.Null, Terminal.None);
        foreach (var verb in RulecApp.CreateRoot(shell).Subcommands.Cast<Verb>())
        {
            var run = RulecRun.Of(verb.Name, "--help");

            Assert.Equal((0, ""), (run.ExitCode, run.Error));
            Assert.NotEmpty(verb.Examples);
            Assert.All(verb.Examples, example => Assert.Contains($"rulec {verb.Name}", example.CommandLine));
            Assert.All(verb.Examples, example => Assert.Contains(example.CommandLine, run.Output));
        }
    }

    [Fact]
    public void No_option_is_described_twice_or_not_at_all()
    {
        using var shell = new Shell(Stream.Null, TextWriter.Null, TextWriter.Null, Terminal.None);
        var root = RulecApp.CreateRoot(shell);
        foreach (var verb in root.Subcommands)
        {
            Assert.All(
                verb.Options,
                option => Assert.False(string.IsNullOrEmpty(option.Description), $"{verb.Name} {option.Name}"));
            var names = verb.Options.Concat(root.Options).SelectMany(option => option.Aliases.Prepend(option.Name));
            Assert.DoesNotContain(names.GroupBy(name => name), group => group.Distinct().Count() != 1);
        }
    }

    [Theory]
    [InlineData("RC6002: cannot be read: this is not a path", "compile", "--node", "n", "-f", "")]
    [InlineData("RC6002: cannot be read: this is not a path", "check", "")]
    [InlineData(
        "RC6001: --recent-list-entries is '99999999999'; expected 1 to", "compile", "-f", "x", "--node", "n",
        "--recent-list-entries", "99999999999")]
    public void Odd_arguments_are_the_users_mistake(string message, params string[] args)
    {
        var run = RulecRun.Of(args);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(message, run.Error);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("completions", "bash")]
    [InlineData("generate", "--services", "3")]
    public void Output_that_is_lost_is_said_and_exits_3(params string[] args)
    {
        using var output = new StreamWriter(new StandardOutput(new FullDisk()));
        using var error = new StringWriter();
        var exitCode = RulecApp.Run(args, Stream.Null, output, error);
        Assert.Equal((3, "rulec: cannot write to standard output: full\n"), (exitCode, error.ToString()));
    }

    private sealed class FullDisk : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("full");
    }

    [Fact]
    public void Version_is_one_line()
    {
        var run = RulecRun.Of("--version");

        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^rulec \d+\.\d+\.\d+\S*\n$", run.Output);
    }

    [Theory]
    [InlineData("RC6001: no verb was given, expected one of")]
    [InlineData("found 'completion', expected a verb; did you mean 'completions'?", "completion")]
    [InlineData("'--colr'; did you mean '--color'?", "completions", "bash", "--colr")]
    [InlineData("--color is 'pink'; expected one of auto, always, never", "completions", "bash", "--color", "pink")]
    [InlineData(
        "--diagnostics is 'xml'; expected one of text, json, sarif", "completions", "bash", "--diagnostics", "xml")]
    [InlineData("'tcsh'", "completions", "tcsh")]
    public void Wrong_usage_says_what_is_wrong_and_exits_2(string expected, params string[] args)
    {
        var run = RulecRun.Of(args);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error);
        Assert.DoesNotContain("   at ", run.Error);
    }

    [Fact]
    public void Arguments_that_start_with_an_at_sign_name_no_response_file()
    {
        var run = RulecRun.Of("@/etc/passwd");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("'@/etc/passwd'", run.Error);
    }

    [Fact]
    public void Usage_errors_come_as_json_too()
    {
        var run = RulecRun.Of("completions", "tcsh", "--diagnostics", "json");

        Assert.Equal(2, run.ExitCode);
        using var json = JsonDocument.Parse(run.Error);
        var only = Assert.Single(json.RootElement.EnumerateArray().ToList());
        Assert.Equal("RC6001", only.GetProperty("id").GetString());
        Assert.Equal("error", only.GetProperty("severity").GetString());
    }

    [Theory]
    [InlineData("bash", "complete -o filenames -o bashdefault -F _rulec rulec")]
    [InlineData("zsh", "#compdef rulec")]
    [InlineData("fish", "complete -c rulec -n __fish_use_subcommand")]
    public void Completions_know_every_verb_and_option(string shellName, string expected)
    {
        var run = RulecRun.Of("completions", shellName);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(expected, run.Output);
        using var shell = new Shell(Stream.Null, TextWriter.Null, TextWriter.Null, Terminal.None);
        var root = RulecApp.CreateRoot(shell);
        Assert.All(root.Subcommands, verb => Assert.Contains(verb.Name, run.Output));
        Assert.All(
            root.Subcommands.SelectMany(verb => verb.Options),
            option => Assert.Contains(option.Name.TrimStart('-'), run.Output));
    }

    [Theory]
    [InlineData("compile", "compil")]
    [InlineData("compile", "compiel")]
    [InlineData(null, "xyz")]
    [InlineData("node-0", "node0")]
    public void The_nearest_word_is_near(string? expected, string word) =>
        Assert.Equal(expected, Nearest.To(word, ["check", "compile", "node-0", "node-11"]));

    [Fact]
    public void A_bug_is_reported_with_the_command_and_exits_70()
    {
        using var error = new StringWriter();
        var exitCode = RulecApp.Run(["completions", "bash", "--color", "auto"], Stream.Null, new Broken(), error);

        Assert.Equal(70, exitCode);
        Assert.Contains("internal error, please report", error.ToString());
        Assert.Contains("rulec completions bash --color auto", error.ToString());
        Assert.DoesNotContain("   at ", error.ToString());
    }

    /// <summary>Stands for any bug: it throws what nothing expects.</summary>
    private sealed class Broken : StringWriter
    {
        public override void Write(string? value) => throw new InvalidTimeZoneException("made to fail");
    }
}
