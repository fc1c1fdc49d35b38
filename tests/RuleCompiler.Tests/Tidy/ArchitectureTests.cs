using System.Xml.Linq;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using RuleCompiler.Backends;
using Xunit;

namespace RuleCompiler.Tests.Tidy;

/// <summary>The dependency graph and the shape of backends.</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> _mayReference = new()
    {
        ["Ir"] = [],
        ["Kube"] = ["Ir"],
        ["Backends"] = ["Ir"],
        ["Linux"] = ["Ir", "Backends"],
        ["Emulator"] = ["Ir", "Backends"],
        ["Spec"] = ["Ir", "Backends", "Emulator"],
        ["Cli"] = ["Ir", "Kube", "Backends", "Emulator", "Spec"],
    };

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
    public void Every_backend_has_a_readme_and_the_six_phases_each_with_its_way_in()
    {
        string[] phases = ["Model", "Lower", "Print", "Parse", "Plan", "Apply"];
        Assert.Equal(BackendRegistry.All.Count, BackendFolders.Count());
        var failures = new List<string>();
        foreach (var folder in BackendFolders)
        {
            var name = Path.GetFileName(folder);
            if (!File.Exists(Path.Combine(folder, "README.md"))) failures.Add($"{name} lacks README.md");
            var found = Directory.EnumerateDirectories(folder).Select(Path.GetFileName).Order();
            if (!found.SequenceEqual(phases.Order())) failures.Add($"{name} has the folders {string.Join(", ", found)}");
            failures.AddRange(Directory.EnumerateFiles(folder, "*.cs").Select(file => $"{Checkout.Relative(file)} is in no phase"));
            failures.AddRange(
                from phase in phases
                where !File.Exists(Path.Combine(folder, phase, phase + ".cs"))
                select $"{name}/{phase} lacks {phase}.cs");
        }

        Findings.None(failures);
    }

    /// <summary>An IPVS artifact has a part of iptables rules, so that backend composes the iptables backend.</summary>
    [Fact]
    public void Backends_do_not_see_each_other()
    {
        var names = BackendFolders.Select(folder => Path.GetFileName(folder)!).ToArray();
        var failures =
            from name in names
            from file in Checkout.Files($"src/RuleCompiler.Backends/{name}", "*.cs")
            from other in names
            where other != name && (name, other) != ("Ipvs", "Iptables")
            where NamesIn(file).Contains(other)
            select $"{Checkout.Relative(file)} sees {other}";
        Findings.None(failures);
    }

    /// <summary>
    /// What a using directive or a qualified name can reach a backend by: its folder's name as an identifier on the left
    /// of a dot or at the end of a namespace. Configuration sections have these names too, but to the right of a dot.
    /// </summary>
    private static HashSet<string> NamesIn(string file)
    {
        var root = CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot();
        var usings = root.DescendantNodes().OfType<UsingDirectiveSyntax>()
            .Select(directive => directive.Name is QualifiedNameSyntax qualified ? qualified.Right.Identifier.Text : "");
        var qualifiers = root.DescendantNodes().Select(node => node switch
        {
            QualifiedNameSyntax { Left: IdentifierNameSyntax left } => left.Identifier.Text,
            MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax left } => left.Identifier.Text,
            _ => "",
        });
        return usings.Concat(qualifiers).ToHashSet();
    }

    private static IEnumerable<string> BackendFolders =>
        Directory.EnumerateDirectories(Checkout.PathOf("src", "RuleCompiler.Backends"))
            .Where(folder => Checkout.Files(folder, "*.cs").Any());
}
