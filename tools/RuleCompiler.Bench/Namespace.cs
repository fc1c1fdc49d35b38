using System.Globalization;

namespace RuleCompiler.Bench;

/// <summary>A network namespace that lives as long as the object.</summary>
internal sealed class Namespace : IDisposable
{
    private static int _count;

    public Namespace(string role)
    {
        Name = string.Create(
            CultureInfo.InvariantCulture, $"rulec-bench-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}-{role}");
        Shell.Run(["ip", "netns", "add", Name]);
        Exec(["ip", "link", "set", "lo", "up"]);
    }

    public string Name { get; }

    public string Exec(string[] command, string input = "") => Shell.Run(["ip", "netns", "exec", Name, .. command], input);

    /// <summary>Milliseconds that the tool takes to load a text.</summary>
    public double Load(Dataplane by, string text) => Measure.Milliseconds(() => Exec(by.Load, text));

    public void Dispose() => Shell.Run(["ip", "netns", "del", Name]);
}
