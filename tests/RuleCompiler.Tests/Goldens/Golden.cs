using System.Text;
using DiffPlex.Renderer;
using Xunit;

namespace RuleCompiler.Tests.Goldens;

/// <summary>
/// Compares a folder of texts with its goldens by Verify's file convention (NAME.verified.EXT, NAME.received.EXT), so
/// that Verify.Xunit can take over without renaming a file; its packages cannot be restored from the registry in reach
/// (dotnet-libs §1). A missing, changed or dangling golden fails. RULEC_GOLDEN_UPDATE=1 rewrites, but never under CI.
/// </summary>
internal sealed class Golden(string folder, bool update)
{
    private const int DiffLinesMax = 60;

    public static Golden In(string folder)
    {
        var update = Environment.GetEnvironmentVariable("RULEC_GOLDEN_UPDATE") == "1";
        Assert.False(update && Environment.GetEnvironmentVariable("CI") == "true", "goldens are not rewritten under CI");
        return new Golden(folder, update);
    }

    /// <param name="texts">Every text that the folder's goldens must hold: file name such as iptables.txt → content.</param>
    public void Verify(IReadOnlyDictionary<string, string> texts)
    {
        var failures = new List<string>();
        foreach (var (name, text) in texts.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (Compare(name, text) is { } failure) failures.Add(failure);
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.verified.*").Order(StringComparer.Ordinal))
        {
            if (texts.ContainsKey(Path.GetFileName(file).Replace(".verified.", ".", StringComparison.Ordinal))) continue;
            if (update)
                File.Delete(file);
            else
                failures.Add($"{file}: dangling: nothing produces it any more");
        }

        if (failures.Count > 0)
        {
            throw new GoldenMismatch(
                string.Join("\n\n", failures) + "\n\nif this is meant: dotnet run tools/dev.cs -- golden --update");
        }
    }

    private string? Compare(string name, string text)
    {
        Assert.DoesNotContain('\r', text);
        var verified = PathOf(name, "verified");
        var received = PathOf(name, "received");
        var expected = File.Exists(verified) ? File.ReadAllText(verified) : null;
        if (expected == text)
        {
            File.Delete(received);
            return null;
        }

        if (update)
        {
            File.WriteAllText(verified, text, new UTF8Encoding(false));
            File.Delete(received);
            return null;
        }

        File.WriteAllText(received, text, new UTF8Encoding(false));
        return expected is null
            ? $"{verified}: missing; the text is in {received}"
            : $"{verified}: changed\n{Diff(expected, text)}";
    }

    private string PathOf(string name, string role) =>
        Path.Combine(folder, Path.GetFileNameWithoutExtension(name) + "." + role + Path.GetExtension(name));

    private static string Diff(string expected, string actual)
    {
        var lines = UnidiffRenderer.GenerateUnidiff(expected, actual, "verified", "received").Split('\n');
        return lines.Length <= DiffLinesMax
            ? string.Join('\n', lines)
            : string.Join('\n', lines.Take(DiffLinesMax)) + $"\n… and {lines.Length - DiffLinesMax} lines more";
    }
}

internal sealed class GoldenMismatch(string message) : Exception(message);
