using System.ComponentModel;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace RuleCompiler.KernelTests.Net;

/// <summary>A named network namespace of this process, gone with it.</summary>
internal sealed class NetworkNamespace : IDisposable
{
    /// <summary>rulec-kt-PROCESS-NUMBER-ROLE: whose it is can be told when its owner has crashed.</summary>
    private const string Mark = "rulec-kt-";

    private static int _count;

    private NetworkNamespace(string name) => Name = name;

    public string Name { get; }

    public static NetworkNamespace Create(string role)
    {
        var name = string.Create(
            CultureInfo.InvariantCulture, $"{Mark}{Environment.ProcessId}-{Interlocked.Increment(ref _count)}-{role}");
        Tool.Run("ip", ["netns", "add", name]);
        return new NetworkNamespace(name);
    }

    /// <summary>Removes what processes left behind that no longer live.</summary>
    public static void SweepStale()
    {
        foreach (var line in Tool.Run("ip", ["netns", "list"]).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = line.Split(' ')[0];
            if (!name.StartsWith(Mark, StringComparison.Ordinal)) continue;
            var owner = name[Mark.Length..].Split('-')[0];
            if (!Directory.Exists($"/proc/{owner}")) Tool.Run("ip", ["netns", "delete", name]);
        }
    }

    /// <summary>
    /// Runs on a thread inside the namespace: sockets that it opens and processes that it starts stay there. The thread
    /// ends afterwards, since a thread of the pool must not keep a foreign namespace.
    /// </summary>
    public T Run<T>(Func<T> action)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter();
                result = action();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }

    public void Run(Action action) => Run(() =>
    {
        action();
        return true;
    });

    public void Dispose() => Tool.Run("ip", ["netns", "delete", Name]);

    private void Enter()
    {
        using var handle = File.OpenHandle($"/run/netns/{Name}");
        if (Libc.setns(handle, Libc.CLONE_NEWNET) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError(), $"setns {Name}");
    }
}
