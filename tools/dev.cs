// The one way to build, test and check this repository. Needs nothing but the .NET 10 SDK:
//     dotnet run tools/dev.cs -- test
// A file-based program takes up the repository's Directory.Build.props; the next lines undo what would make it
// write a lock file beside itself or fetch the Native AOT compiler.
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false

using System.Diagnostics;
using System.Globalization;
using System.Xml.Linq;

return Dev.Start(args);

internal static class Dev
{
    private const string FastTests = "RuleCompiler.Tests";
    private const string KernelTests = "RuleCompiler.KernelTests";
    private const string KernelDifferential = ".The_kernel_does_with_every_packet_what_the_emulator_says";

    private const string Help = """
        dotnet run tools/dev.cs -- VERB [OPTIONS]

          build                           compile everything, warnings are errors
          test [--fast] [-- ARGS]         every test that this machine can run; says what it skipped and why;
                                          --fast leaves the kernel tests out; ARGS go to the test programs (-class NAME …)
          kernel [--packets N] [--seed S] [--clusters N] [--flavour nft|legacy|nftables|ipvs|all]
                                          generated packets against real kernels, compared with the emulator (root)
          golden [--update]               compare the goldens; --update rewrites them, never under CI
          fuzz [--cases N] [--seed S]     the properties, with many more cases
          format [--check]                format every source; --check only says what is not formatted
          bench [ARGS]                    ratios against kube-proxy's own rules
          ci                              what CI runs: install what tests need, locked restore, format check, build,
                                          all tests, clean tree

        The last line of test, kernel, golden, fuzz and ci is "N passed, N failed", whatever happens: a step that crashes
        or does not end in time is a failure.

        CI=true restores in locked mode. RULEC_KERNEL=1 makes a skipped test a failure; both together install the
        Debian packages that the tests need (tools/needs.tsv). Exit code: 0 fine, 1 something failed, 2 wrong usage.
        Examples:
          dotnet run tools/dev.cs -- test -- -class RuleCompiler.Tests.Ir.IpTests
          dotnet run tools/dev.cs -- kernel --packets 1000000 --seed 7 --flavour nft
        """;

    /// <summary>Namespaces of tests that take as many cases as one has time for.</summary>
    private static readonly string[] _fuzzed =
        ["Properties", "Backends.Iptables", "Backends.Nftables", "Backends.Ipvs", "Mutation"];

    private static readonly TimeSpan _gitLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _installLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _buildLimit = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan _testLimit = TimeSpan.FromMinutes(40);

    /// <summary>The SDK tells a file-based program where its source is; source paths in a CI build are not real ones.</summary>
    private static string Root { get; } =
        Path.GetFullPath(Path.Combine((string)AppContext.GetData("EntryPointFileDirectoryPath")!, ".."));

    private static bool IsCi => Environment.GetEnvironmentVariable("CI") == "true";

    private static bool ForbidsSkips => Environment.GetEnvironmentVariable("RULEC_KERNEL") == "1";

    public static int Start(string[] args)
    {
        if (args is [] or ["--help" or "-h" or "help", ..])
        {
            Console.WriteLine(Help);
            return args is [] ? 2 : 0;
        }

        try
        {
            var rest = args[1..];
            return args[0] switch
            {
                "build" => Build(Options(rest)) ? 0 : 1,
                "test" => Test(rest),
                "kernel" => Kernel(Options(rest, "--packets", "--seed", "--clusters", "--flavour")),
                "golden" => Golden(Options(rest, "--update")),
                "fuzz" => Fuzz(Options(rest, "--cases", "--seed")),
                "format" => Format(check: Options(rest, "--check").ContainsKey("--check")) ? 0 : 1,
                "bench" => Bench(rest),
                "ci" => Ci(Options(rest)),
                _ => throw new UsageException($"unknown verb '{args[0]}'"),
            };
        }
        catch (UsageException exception)
        {
            Console.Error.WriteLine($"dev: {exception.Message}; see dotnet run tools/dev.cs -- --help");
            return 2;
        }
        catch (Exception exception)
        {
            return Failed(exception.ToString());
        }
    }

    private static bool Build(Dictionary<string, string> _) => Dotnet("build", "RuleCompiler.sln", "-v", "q", "-nologo") == 0;

    private static int Test(string[] args)
    {
        var end = Array.IndexOf(args, "--");
        var options = Options(end < 0 ? args : args[..end], "--fast");
        string[] passedOn = end < 0 ? [] : args[(end + 1)..];
        if (!Install(out var why)) return Failed(why);
        if (!Build([])) return Failed("the build failed");
        return Report(RunTests(options.ContainsKey("--fast"), passedOn));
    }

    private static Tally RunTests(bool onlyFast, string[] passedOn)
    {
        var projects = Directory.GetFiles(Path.Combine(Root, "tests"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetFileNameWithoutExtension(path)!)
            .Where(name => name != KernelTests || !onlyFast)
            .OrderBy(name => name != FastTests).ThenBy(name => name, StringComparer.Ordinal);
        var total = new Tally(0, 0, 0, true);
        foreach (var project in projects)
            total += RunTests(project, [.. passedOn, "-showLiveOutput"], []);
        return total;
    }

    private static int Kernel(Dictionary<string, string> options)
    {
        if (options.TryGetValue("--flavour", out var flavour) && flavour is not ("nft" or "legacy" or "nftables" or "ipvs" or "all"))
            throw new UsageException($"--flavour is nft, legacy, nftables, ipvs or all, not '{flavour}'");
        if (!Build([])) return Failed("the build failed");
        var environment = new Dictionary<string, string> { ["RULEC_KERNEL"] = "1" };
        foreach (var (name, value) in options)
            environment["RULEC_KERNEL_" + name[2..].ToUpperInvariant()] = name == "--flavour" ? value : Number(name, value);
        // Only what the flavour asks for: a test of another one would be reported as skipped.
        var tests = flavour switch
        {
            null or "all" => "*",
            "ipvs" => KernelTests + ".IpvsDifferentialTests",
            _ => KernelTests + ".DifferentialTests",
        };
        return Report(RunTests(KernelTests, ["-method", tests + KernelDifferential, "-showLiveOutput"], environment));
    }

    private static int Golden(Dictionary<string, string> options)
    {
        var update = options.ContainsKey("--update");
        if (update && IsCi) throw new UsageException("--update is refused under CI: goldens are changed by people");
        if (!Build([])) return Failed("the build failed");
        var environment = new Dictionary<string, string> { ["RULEC_GOLDEN_UPDATE"] = update ? "1" : "" };
        return Report(RunTests(FastTests, ["-namespace", "RuleCompiler.Tests.Goldens"], environment));
    }

    private static int Fuzz(Dictionary<string, string> options)
    {
        if (!Build([])) return Failed("the build failed");
        var environment = new Dictionary<string, string>
        {
            ["RULEC_FUZZ_CASES"] = Number("--cases", options.GetValueOrDefault("--cases", "2000")),
            ["RULEC_FUZZ_SEED"] = Number("--seed", options.GetValueOrDefault("--seed", AnySeed())),
        };
        Console.WriteLine($"fuzz: --cases {environment["RULEC_FUZZ_CASES"]} --seed {environment["RULEC_FUZZ_SEED"]}");
        return Report(RunTests(
            FastTests, [.. _fuzzed.SelectMany(name => (string[])["-namespace", "RuleCompiler.Tests." + name]), "-showLiveOutput"], environment));
    }

    /// <summary>Style and analysis are part of the build; what it cannot see is white space.</summary>
    private static bool Format(bool check) => check
        ? Dotnet("format", "whitespace", "RuleCompiler.sln", "--verify-no-changes", "-v", "q") == 0
        : Dotnet("format", "RuleCompiler.sln", "-v", "q") == 0;

    private static int Bench(string[] args)
    {
        var project = Path.Combine("tools", "RuleCompiler.Bench");
        return Directory.Exists(Path.Combine(Root, project))
            ? Run("dotnet", ["run", "-c", "Release", "--project", project, "--", .. args], [], Timeout.InfiniteTimeSpan)
            : Failed($"{project} is not in this checkout");
    }

    /// <summary>
    /// The one road to main, here and in CI. A step that fails counts as a failed test; tests run only on what was built.
    /// </summary>
    private static int Ci(Dictionary<string, string> _)
    {
        string? before = null;
        (string Name, Func<Tally> Run)[] steps =
        [
            ("look at the tree", () =>
            {
                before = TreeState();
                return Step(true);
            }),
            ("install what tests need", () => Step(Install(out var _))),
            ("locked restore", () => Step(
                Dotnet("restore", "RuleCompiler.sln", "--locked-mode", "-v", "q", "-nologo") == 0)),
            ("format check", () => Step(Format(check: true))),
            ("build and test", () => Build([]) ? RunTests(onlyFast: false, []) : Step(false)),
            ("the tree is as it was", () => Step(IsUnchanged(before))),
        ];
        var total = new Tally(0, 0, 0, true);
        foreach (var (name, run) in steps)
        {
            Console.WriteLine($"ci: {name}");
            var tally = Guarded(run);
            if (tally.Failed > 0 || !tally.IsSound) Console.Error.WriteLine($"ci: {name}: failed");
            total += tally;
        }

        return Report(total);

        static Tally Step(bool succeeded) => new(0, succeeded ? 0 : 1, 0, true);

        static Tally Guarded(Func<Tally> step)
        {
            try
            {
                return step();
            }
            catch (Exception exception)
            {
                Console.Error.WriteLine($"dev: {exception}");
                return Step(false);
            }
        }
    }

    private static bool IsUnchanged(string? before)
    {
        var after = TreeState();
        if (before == after) return true;
        Console.Error.WriteLine($"git status before:\n{before}after:\n{after}");
        return false;
    }

    /// <summary>Runs one test program and reads the counts from the report that it writes.</summary>
    private static Tally RunTests(string project, string[] args, Dictionary<string, string> environment)
    {
        var program = Path.Combine(Root, "artifacts", "bin", project, "debug", project + ".dll");
        var report = Path.Combine(Root, "artifacts", "test-results", project + ".xml");
        Directory.CreateDirectory(Path.GetDirectoryName(report)!);
        File.Delete(report);
        Console.WriteLine($"{project}:");
        var exit = Run("dotnet", [program, "-noColor", "-noLogo", "-result-xml", report, .. args], environment, _testLimit);
        if (!File.Exists(report))
        {
            Console.Error.WriteLine($"{project}: ended with {exit} and without a report");
            return new Tally(0, 0, 0, false);
        }

        if (ReadReport(report) is not { } assemblies)
        {
            Console.Error.WriteLine($"{project}: ended with {exit} and with half a report");
            return new Tally(0, 0, 0, false);
        }

        int Sum(string name) => assemblies.Sum(assembly => (int?)assembly.Attribute(name) ?? 0);
        var tally = new Tally(Sum("passed"), Sum("failed") + Sum("errors"), Sum("skipped"), true);
        foreach (var test in assemblies.Descendants("test").Where(test => (string?)test.Attribute("result") == "Skip"))
            Console.WriteLine($"  skipped: {(string?)test.Attribute("name")}: {test.Element("reason")?.Value}");
        // The program also fails without a failed test: when it crashed late, or a filter matched none.
        return tally with { IsSound = exit == 0 || tally.Failed > 0 };
    }

    /// <summary>Null when the program died while it wrote.</summary>
    private static XElement[]? ReadReport(string path)
    {
        try
        {
            return [.. XDocument.Load(path).Descendants("assembly")];
        }
        catch (System.Xml.XmlException)
        {
            return null;
        }
    }

    private static int Report(Tally total)
    {
        if (total.Passed + total.Failed == 0) total = total with { IsSound = false };
        if (ForbidsSkips && total.Skipped > 0)
            total = total with { Failed = total.Failed + total.Skipped, Skipped = 0 };
        if (!total.IsSound && total.Failed == 0) total = total with { Failed = 1 };
        Console.WriteLine($"{total.Passed} passed, {total.Failed} failed" + (total.Skipped > 0 ? $", {total.Skipped} skipped" : ""));
        return total.Failed == 0 ? 0 : 1;
    }

    private static int Failed(string why)
    {
        Console.Error.WriteLine($"dev: {why}");
        Console.WriteLine("0 passed, 1 failed");
        return 1;
    }

    /// <summary>Only under CI, where a skip is a failure. Package lists go stale, so they are read again first.</summary>
    private static bool Install(out string why)
    {
        why = "";
        if (!IsCi || !ForbidsSkips) return true;
        var missing = MissingPackages();
        if (missing.Length == 0) return true;
        Console.WriteLine($"dev: installing {string.Join(' ', missing)}");
        var quiet = new Dictionary<string, string> { ["DEBIAN_FRONTEND"] = "noninteractive" };
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            if (Run("apt-get", ["update", "-q"], quiet, _installLimit) == 0 &&
                Run("apt-get", ["install", "-y", "-q", "--no-install-recommends", .. missing], quiet, _installLimit) == 0 &&
                MissingPackages().Length == 0) return true;
        }

        why = $"apt-get could not install {string.Join(' ', MissingPackages())}";
        return false;
    }

    private static string[] MissingPackages() =>
    [
        .. File.ReadLines(Path.Combine(Root, "tools", "needs.tsv"))
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split('\t'))
            .Where(need => !need[1].Split('|').Any(IsThere))
            .Select(need => need[0]).Distinct(),
    ];

    private static bool IsThere(string programOrFile) => programOrFile.StartsWith('/')
        ? File.Exists(programOrFile)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin")
            .Any(folder => File.Exists(Path.Combine(folder, programOrFile)));

    private static Dictionary<string, string> Options(string[] args, params string[] known)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Length; i++)
        {
            if (!known.Contains(args[i])) throw new UsageException($"unexpected '{args[i]}'");
            var isFlag = args[i] is "--update" or "--fast" or "--check";
            if (!isFlag && i + 1 == args.Length) throw new UsageException($"{args[i]} needs a value");
            found[args[i]] = isFlag ? "" : args[++i];
        }

        return found;
    }

    private static string AnySeed() => Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture);

    private static string Number(string option, string text) => ulong.TryParse(text, CultureInfo.InvariantCulture, out var number)
        ? number.ToString(CultureInfo.InvariantCulture)
        : throw new UsageException($"{option} needs a number, not '{text}'");

    private static int Dotnet(params string[] args) => Run("dotnet", args, [], _buildLimit);

    /// <exception cref="InvalidOperationException">git failed: its silence is no clean tree.</exception>
    private static string TreeState()
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["status", "--porcelain"])
        {
            WorkingDirectory = Root, RedirectStandardOutput = true,
        })!;
        var text = git.StandardOutput.ReadToEndAsync();
        var exit = git.WaitForExit(_gitLimit) ? git.ExitCode : Kill(git, _gitLimit);
        return exit == 0 ? text.Result : throw new InvalidOperationException($"git status ended with {exit}");
    }

    private static int Run(string program, string[] args, Dictionary<string, string> environment, TimeSpan limit)
    {
        var start = new ProcessStartInfo(program, args) { WorkingDirectory = Root };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        // `dotnet run` sets this for its own build; a child build must find its own SDK.
        start.Environment.Remove("MSBuildSDKsPath");
        try
        {
            using var process = Process.Start(start)!;
            return process.WaitForExit(limit) ? process.ExitCode : Kill(process, limit);
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            Console.Error.WriteLine($"dev: {program}: {exception.Message}");
            return 1;
        }
    }

    private static int Kill(Process process, TimeSpan limit)
    {
        process.Kill(entireProcessTree: true);
        Console.Error.WriteLine($"dev: {process.StartInfo.FileName} did not end within {limit}");
        return 1;
    }

    /// <param name="IsSound">False when a test program crashed, or had nothing to run.</param>
    private readonly record struct Tally(int Passed, int Failed, int Skipped, bool IsSound)
    {
        public static Tally operator +(Tally left, Tally right) => new(
            left.Passed + right.Passed, left.Failed + right.Failed, left.Skipped + right.Skipped, left.IsSound && right.IsSound);
    }

    private sealed class UsageException(string message) : Exception(message);
}
