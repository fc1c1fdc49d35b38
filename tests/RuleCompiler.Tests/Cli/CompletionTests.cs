using System.Diagnostics;
using Xunit;

namespace RuleCompiler.Tests.Cli;

/// <summary>The scripts as the shells themselves take them; where a machine lacks one, the skip says which.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rulec-completion-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void The_shell_finds_no_mistake(string shell) => Assert.Equal("", Run(shell, "-n", Script(shell)));

    [Theory]
    [InlineData("tr", "trace")]
    [InlineData("--color ''", "always auto never")]
    [InlineData("trace --mo", "--mode")]
    [InlineData("trace --mode ''", "iptables ipvs nftables")]
    [InlineData("plan -f a.yaml --mode n", "nftables")]
    [InlineData("plan --mode = i", "iptables ipvs")]
    [InlineData("completions ''", "bash fish zsh")]
    public void Bash_completes(string words, string expected) => Assert.Equal(
        expected,
        Run("bash", "-c", $$"""
            source {{Script("bash")}}
            COMP_WORDS=(rulec {{words}})
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _rulec
            echo "${COMPREPLY[*]}"
            """));

    [Theory]
    [InlineData("tr", "trace")]
    [InlineData("--color ", "always auto never")]
    [InlineData("trace --mo", "--mode")]
    [InlineData("trace --mode ", "iptables ipvs nftables")]
    [InlineData("completions ", "bash fish zsh")]
    public void Fish_completes(string words, string expected) => Assert.Equal(
        expected,
        string.Join(' ', Run("fish", "--no-config", "-c", $"source {Script("fish")}; complete -C 'rulec {words}'")
            .Split('\n').Select(line => line.Split('\t')[0])));

    private string Script(string shell)
    {
        var path = Path.Combine(_folder, "_rulec");
        File.WriteAllText(path, RulecRun.Of("completions", shell).Output);
        return path;
    }

    private string Run(string shell, params string[] arguments)
    {
        var program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Select(folder => Path.Combine(folder, shell)).FirstOrDefault(File.Exists);
        if (program is null) Assert.Skip($"this machine lacks the shell {shell}");
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["HOME"] = _folder, ["XDG_CONFIG_HOME"] = _folder, ["XDG_DATA_HOME"] = _folder },
        })!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal((0, ""), (process.ExitCode, error.GetAwaiter().GetResult()));
        return output.TrimEnd('\n');
    }
}
