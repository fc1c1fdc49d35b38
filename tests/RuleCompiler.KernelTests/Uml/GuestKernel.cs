using System.Diagnostics;
using System.Globalization;
using RuleCompiler.Linux;
using RuleCompiler.Tests;
using Xunit;

[assembly: AssemblyFixture(typeof(RuleCompiler.KernelTests.Uml.GuestKernel))]

namespace RuleCompiler.KernelTests.Uml;

/// <summary>
/// A Linux kernel of its own, started once for all tests, in which there is IPVS: user-mode-linux, an ordinary process
/// that shares the machine's files, read-only but for one folder. It plays scenes (<c>scene.c</c>).
/// </summary>
public sealed class GuestKernel : IDisposable
{
    /// <summary>It halts by itself then, whatever became of the tests.</summary>
    private const int LifetimeSeconds = 1500;

    private static readonly TimeSpan _bootLimit = TimeSpan.FromSeconds(60), _sceneLimit = TimeSpan.FromMinutes(5);

    private readonly Lazy<Machine> _machine = new(Boot);
    private int _scenes;

    /// <summary>Boots at the first call; skips the calling test where that cannot be done.</summary>
    internal Observations Play(Scene scene)
    {
        KernelMachine.Require(
            "linux.uml", "ipvsadm", "ipset", "modprobe", "gcc", "iptables-legacy-restore", "chrt", "pgrep");
        var machine = _machine.Value;
        if (machine.Lack is { } lack) KernelMachine.Lacks(lack);
        var name = $"scene-{Interlocked.Increment(ref _scenes)}";
        scene.Write(machine.Folder, name);
        var answer = machine.Ask(name, _sceneLimit);
        string Read(string suffix) => File.ReadAllText(Path.Combine(machine.Folder, name + suffix));
        return answer == "done 0"
            ? Observations.Parse(Read(".seen"))
            : throw new InvalidOperationException($"{name}: {answer}\n{Read(".errors")}\n{Read(".seen")}\n{Read("")}");
    }

    public void Dispose()
    {
        if (_machine.IsValueCreated) _machine.Value.Dispose();
    }

    private static Machine Boot()
    {
        var folder = Directory.CreateTempSubdirectory("rulec-uml-").FullName;
        var program = Path.Combine(folder, "scene");
        Tool.Run("gcc", ["-O1", "-Wall", "-Wextra", "-Werror", "-o", program, Source("scene.c")]);
        // Where the guest mounts its modules; a machine whose kernel has none may lack it.
        Directory.CreateDirectory("/lib/modules");
        var process = Tool.Start("linux.uml",
        [
            "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "mem=1G", "con=null", "con0=fd:0,fd:1", "quiet",
            $"init={Source("guest.sh")}", $"WORK={folder}",
            string.Create(CultureInfo.InvariantCulture, $"LIFETIME={LifetimeSeconds}"),
        ]);
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var machine = new Machine(folder, process);
        return machine.Await("ready", _bootLimit) is not null
            ? machine
            : machine with { Lack = "a user-mode-linux that boots: " + string.Join(" / ", machine.Said) };
    }

    private static string Source(string name) => Checkout.PathOf("tests/RuleCompiler.KernelTests/Uml", name);

    private sealed record Machine(string Folder, Process Process) : IDisposable
    {
        private static readonly TimeSpan _haltLimit = TimeSpan.FromSeconds(15);

        public string? Lack { get; init; }

        /// <summary>Everything that came over its console.</summary>
        public List<string> Said { get; } = [];

        public string Ask(string scene, TimeSpan limit)
        {
            Process.StandardInput.WriteLine(scene);
            Process.StandardInput.Flush();
            return Await("done", limit) ?? $"no answer within {limit}: {string.Join(" / ", Said.TakeLast(5))}";
        }

        /// <returns>The first line that begins so, the kernel's own aside; null when there is none in time.</returns>
        public string? Await(string answer, TimeSpan limit)
        {
            using var patience = new CancellationTokenSource(limit);
            try
            {
                var console = Process.StandardOutput;
                while (console.ReadLineAsync(patience.Token).AsTask().GetAwaiter().GetResult() is { } line)
                {
                    Said.Add(line);
                    if (line.StartsWith(answer, StringComparison.Ordinal)) return line;
                }
            }
            catch (OperationCanceledException)
            {
                Process.Kill(entireProcessTree: true);
            }

            return null;
        }

        /// <summary>The end of its input halts it.</summary>
        public void Dispose()
        {
            Process.StandardInput.Close();
            if (!Process.WaitForExit(_haltLimit)) Process.Kill(entireProcessTree: true);
            Process.Dispose();
            Directory.Delete(Folder, recursive: true);
        }
    }
}
