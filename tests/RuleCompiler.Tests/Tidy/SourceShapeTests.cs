using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace RuleCompiler.Tests.Tidy;

/// <summary>The house's rules of shape (house.md §6.15), as tests. Exceptions are a ratchet: they may only shrink.</summary>
public sealed class SourceShapeTests
{
    private const int MethodLinesMax = 70;
    private const int FileLinesMax = 400;
    private const int LineCharsMax = 120;

    /// <summary>Lines of src beyond that. A ratchet: it may only shrink.</summary>
    private const int LongLinesMax = 210;

    /// <summary>Longer than the rule allows, with the length that they may not exceed. Empty is the goal.</summary>
    private static readonly Dictionary<string, int> _longMethods = [];

    /// <summary>As above, for files.</summary>
    private static readonly Dictionary<string, int> _longFiles = [];

    private static IEnumerable<string> AllSources =>
        Checkout.Files("src", "*.cs").Concat(Checkout.Files("tests", "*.cs")).Concat(Checkout.Files("tools", "*.cs"));

    [Fact]
    public void Methods_fit_on_a_screen()
    {
        var failures = new List<string>();
        foreach (var file in AllSources)
        {
            var root = CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot();
            foreach (var method in root.DescendantNodes().OfType<BaseMethodDeclarationSyntax>())
            {
                var name = method is MethodDeclarationSyntax named ? named.Identifier.Text : method.Kind().ToString();
                var key = $"{Checkout.Relative(file)}:{name}";
                var span = method.SyntaxTree.GetLineSpan(method.Span);
                var lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
                if (lines > _longMethods.GetValueOrDefault(key, MethodLinesMax)) failures.Add($"{key}: {lines} lines");
            }
        }

        Findings.None(failures);
    }

    [Fact]
    public void Files_are_about_one_thing()
    {
        var failures = AllSources
            .Select(file => (Name: Checkout.Relative(file), Lines: File.ReadLines(file).Count()))
            .Where(file => file.Lines > _longFiles.GetValueOrDefault(file.Name, FileLinesMax))
            .Select(file => $"{file.Name}: {file.Lines} lines");
        Findings.None(failures);
    }

    [Fact]
    public void Lines_can_be_read_side_by_side()
    {
        var lines =
            from file in Checkout.Files("src", "*.cs")
            from line in File.ReadLines(file).Select((text, index) => (text, number: index + 1))
            where line.text.Length > LineCharsMax
            select $"{Checkout.Relative(file)}:{line.number}: {line.text.Length} characters";
        var found = lines.ToArray();
        Findings.None(found.Length > LongLinesMax ? found.Prepend($"{found.Length} long lines, at most {LongLinesMax}") : []);
    }

    [Fact]
    public void Nothing_is_left_for_later()
    {
        string[] words = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "throw new NotImplemented" + "Exception"];
        var failures =
            from file in AllSources
            from line in File.ReadLines(file).Select((text, index) => (text, number: index + 1))
            from word in words
            where line.text.Contains(word, StringComparison.Ordinal)
            select $"{Checkout.Relative(file)}:{line.number}: {word}";
        Findings.None(failures);
    }

    [Fact]
    public void No_product_file_reads_outside_the_checkout()
    {
        var failures = Checkout.Files("src", "*.cs").Concat(Checkout.Files("tests", "*.cs")).Concat(Checkout.Files("tools", "*"))
            .Where(file => File.ReadAllText(file).Contains("/" + "shared/", StringComparison.Ordinal))
            .Select(Checkout.Relative);
        Findings.None(failures);
    }

    /// <summary>House rule 13: a number in a backend or in the emulator says where it comes from.</summary>
    [Fact]
    public void Constants_of_rooms_and_emulator_are_explained()
    {
        var failures = new List<string>();
        foreach (var file in Checkout.Files("src/RuleCompiler.Backends", "*.cs").Concat(Checkout.Files("src/RuleCompiler.Emulator", "*.cs")))
        {
            var root = CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot();
            foreach (var field in root.DescendantNodes().OfType<FieldDeclarationSyntax>())
            {
                if (!field.Modifiers.Any(SyntaxKind.ConstKeyword) || field.Declaration.Type.ToString() == "string") continue;
                if (!IsExplained(field, root.GetText()))
                    failures.Add($"{Checkout.Relative(file)}: {field.Declaration}");
            }
        }

        Findings.None(failures);
    }

    /// <summary>A comment on its line, or anywhere above it without a blank line between: one may serve a group.</summary>
    private static bool IsExplained(FieldDeclarationSyntax field, Microsoft.CodeAnalysis.Text.SourceText text)
    {
        for (var line = text.Lines.GetLineFromPosition(field.Span.End).LineNumber; line >= 0; line--)
        {
            var content = text.Lines[line].ToString();
            if (string.IsNullOrWhiteSpace(content)) return false;
            if (content.Contains("//", StringComparison.Ordinal)) return true;
        }

        return false;
    }
}
