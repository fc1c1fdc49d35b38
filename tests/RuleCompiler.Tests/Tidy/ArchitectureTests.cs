using System.Xml.Linq;
using Xunit;

namespace RuleCompiler.Tests.Tidy;

/// <summary>The dependency graph and the shape of rooms (house.md §3).</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> _mayReference = new()
    {
        ["Ir"] = [],
        ["Kube"] = ["Ir"],
        ["Backends"] = ["Ir"],
        ["Emulator"] = ["Ir", "Backends"],
        ["Spec"] = ["Ir", "Backends", "Emulator"],
        ["Cli"] = ["Ir", "Kube", "Backends", "Emulator", "Spec"],
    };

    private static string BackendsFolder => Checkout.PathOf("src", "RuleCompiler.Backends");

    [Fact]
    public void Projects_depend_one_way()
    {
        foreach (var file in Checkout.Files("src", "*.csproj"))
        {
            var name = Path.GetFileNameWithoutExtension(file)["RuleCompiler.".Length..];
            var references = XDocument.Load(file).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)["RuleCompiler.".Length..]);
            Assert.Subset(_mayReference[name].ToHashSet(), references.ToHashSet());
        }
    }

    [Fact]
    public void Every_room_has_the_five_files_and_a_readme()
    {
        foreach (var room in Directory.EnumerateDirectories(BackendsFolder).Where(folder => File.Exists(Path.Combine(folder, "Lower.cs"))))
        {
            foreach (var file in new[] { "Layout.cs", "Lower.cs", "Print.cs", "Parse.cs", "Plan.cs", "README.md" })
                Assert.True(File.Exists(Path.Combine(room, file)), $"{Checkout.Relative(room)} lacks {file}");
        }
    }

    /// <summary>An IPVS artifact has a part of iptables rules: that room's layout, text and plan serve both.</summary>
    [Fact]
    public void Rooms_do_not_see_each_other()
    {
        var rooms = Directory.EnumerateDirectories(BackendsFolder)
            .Where(folder => Directory.EnumerateFiles(folder, "*.cs").Any())
            .Select(Path.GetFileName).ToArray();
        var failures =
            from room in rooms
            from file in Checkout.Files($"src/RuleCompiler.Backends/{room}", "*.cs")
            from other in rooms
            where other != room && (room, other) != ("Ipvs", "Iptables")
            where File.ReadAllText(file).Contains($"RuleCompiler.Backends.{other}", StringComparison.Ordinal)
            select $"{Checkout.Relative(file)} sees {other}";
        Findings.None(failures);
    }
}
