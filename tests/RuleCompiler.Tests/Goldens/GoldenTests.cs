using Xunit;

namespace RuleCompiler.Tests.Goldens;

/// <summary>The golden helper's own rules.</summary>
public sealed class GoldenTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rulec-golden-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_equal_golden_passes_and_removes_what_was_received()
    {
        File.WriteAllText(Path.Combine(_folder, "a.verified.txt"), "one\n");
        File.WriteAllText(Path.Combine(_folder, "a.received.txt"), "old\n");
        new Golden(_folder, update: false).Verify(new Dictionary<string, string> { ["a.txt"] = "one\n" });
        Assert.False(File.Exists(Path.Combine(_folder, "a.received.txt")));
    }

    [Fact]
    public void A_missing_golden_fails_and_leaves_what_was_received()
    {
        var error = Assert.Throws<GoldenMismatch>(() =>
            new Golden(_folder, update: false).Verify(new Dictionary<string, string> { ["a.txt"] = "one\n" }));
        Assert.Contains("missing", error.Message);
        Assert.Equal("one\n", File.ReadAllText(Path.Combine(_folder, "a.received.txt")));
    }

    [Fact]
    public void A_changed_golden_fails_with_the_difference()
    {
        File.WriteAllText(Path.Combine(_folder, "a.verified.txt"), "one\ntwo\n");
        var error = Assert.Throws<GoldenMismatch>(() =>
            new Golden(_folder, update: false).Verify(new Dictionary<string, string> { ["a.txt"] = "one\nthree\n" }));
        Assert.Contains("-two", error.Message);
        Assert.Contains("+three", error.Message);
    }

    [Fact]
    public void A_dangling_golden_fails()
    {
        File.WriteAllText(Path.Combine(_folder, "gone.verified.txt"), "one\n");
        var error = Assert.Throws<GoldenMismatch>(() =>
            new Golden(_folder, update: false).Verify(new Dictionary<string, string>()));
        Assert.Contains("dangling", error.Message);
    }

    [Fact]
    public void An_update_rewrites_adds_and_removes()
    {
        File.WriteAllText(Path.Combine(_folder, "a.verified.txt"), "one\n");
        File.WriteAllText(Path.Combine(_folder, "gone.verified.txt"), "one\n");
        new Golden(_folder, update: true).Verify(new Dictionary<string, string> { ["a.txt"] = "two\n", ["b.txt"] = "new\n" });
        Assert.Equal("two\n", File.ReadAllText(Path.Combine(_folder, "a.verified.txt")));
        Assert.Equal("new\n", File.ReadAllText(Path.Combine(_folder, "b.verified.txt")));
        Assert.False(File.Exists(Path.Combine(_folder, "gone.verified.txt")));
    }
}
