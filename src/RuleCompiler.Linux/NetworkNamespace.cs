using System.ComponentModel;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace RuleCompiler.Linux;

/// <summary>
/// A named network namespace that this process made; disposing removes it. Needs CAP_SYS_ADMIN and iproute2.
/// </summary>
public sealed class NetworkNamespace : IDisposable
{
    private static int _count;

    private NetworkNamespace(string name) => Name = name;

    /// <summary>OWNER-PROCESS-NUMBER-ROLE, a file below /run/netns.</summary>
    public string Name { get; }

    /// <summary>Makes a namespace with a loopback interface that is down.</summary>
    /// <param name="owner">
    /// What kind of program makes it; <see cref="SweepStale"/> finds the namespaces of crashed processes by it.
    /// </param>
    /// <param name="role">What it is for, for people who read <c>ip netns list</c>.</param>
    /// <exception cref="ToolException"><c>ip netns add</c> failed or <c>ip</c> is missing.</exception>
    public static NetworkNamespace Create(string owner, string role)
    {
        var number = Interlocked.Increment(ref _count);
        var name = string.Create(CultureInfo.InvariantCulture, $"{owner}-{Environment.ProcessId}-{number}-{role}");
        Tool.Run("ip", ["netns", "add", name]);
        return new NetworkNamespace(name);
    }

    /// <summary>Removes the namespaces of <paramref name="owner"/> whose process no longer exists.</summary>
    /// <exception cref="ToolException"><c>ip netns</c> failed or <c>ip</c> is missing.</exception>
    public static void SweepStale(string owner)
    {
        var mark = owner + "-";
        foreach (var line in Tool.Run("ip", ["netns", "list"]).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = line.Split(' ')[0];
            if (!name.StartsWith(mark, StringComparison.Ordinal)) continue;
            var process = name[mark.Length..].Split('-')[0];
            if (!Directory.Exists($"/proc/{process}")) Tool.Run("ip", ["netns", "delete", name]);
        }
    }

    /// <summary>
    /// Runs on a thread inside the namespace: sockets that it opens and processes that it starts stay there. The thread
    /// ends afterwards, since a thread of the pool must not keep a foreign namespace. Exceptions of
    /// <paramref name="action"/> reach the caller.
    /// </summary>
    /// <exception cref="Win32Exception">The kernel refused setns(2).</exception>
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

    /// <inheritdoc cref="Run{T}"/>
    public void Run(Action action) => Run(() =>
    {
        action();
        return true;
    });

    /// <summary>Removes the name; the kernel keeps the namespace until its last process and socket are gone.</summary>
    public void Dispose() => Tool.Run("ip", ["netns", "delete", Name]);

    private void Enter()
    {
        using var handle = File.OpenHandle($"/run/netns/{Name}");
        if (Libc.setns(handle, Libc.CLONE_NEWNET) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"setns {Name}");
    }
}
