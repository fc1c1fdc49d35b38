using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using RuleCompiler.Linux;
using Xunit;

namespace RuleCompiler.Tests.Tidy;

/// <summary>A machine that is new to the project gets every program that a test starts (tools/needs.tsv).</summary>
public sealed class NeedsTests
{
    /// <summary>Methods of the tests whose first argument, or each argument, is a program's name.</summary>
    private static readonly string[] _starters = ["Run", "Start"];

    private const string Requires = "Require";

    [Fact]
    public void Every_program_that_a_test_starts_is_installed()
    {
        var listed = Listed();
        var started = Checkout.Files("tests", "*.cs").Concat(Checkout.Files("src/RuleCompiler.Linux", "*.cs"))
            .SelectMany(file => Started(File.ReadAllText(file))).Concat(StartedByRuleTools()).ToHashSet();

        Assert.Superset(new HashSet<string> { "nft", "zsh", "fish", "gcc", "linux.uml", "nfacct", "ip", "ip6tables-legacy-save" }, started);
        Findings.None(started.Except(listed).Order().Select(program => $"tools/needs.tsv lacks {program}"));
    }

    [Fact]
    public void Every_line_names_a_package_and_what_shows_it() =>
        Assert.All(Lines(), line => Assert.Matches(@"^[a-z0-9.+-]+\t[^\t]+$", line));

    [Theory]
    [InlineData("""Tool.Run("a", []);""", "a")]
    [InlineData("""KernelMachine.Require("a", "b");""", "a b")]
    [InlineData("""new ProcessStartInfo("a", arguments);""", "a")]
    [InlineData("""string[] _tools = ["a", "b"];""", "a b")]
    [InlineData("""[InlineData("a")] void M(string shell) => Run(shell);""", "a")]
    [InlineData("""Other("a");""", "")]
    public void Every_way_to_start_a_program_is_seen(string code, string programs) =>
        Assert.Equal(programs, string.Join(' ', Started($"class C {{ void F() {{ }} {Member(code)} }}")));

    /// <summary>The first words of the commands of every <see cref="RuleTool"/> that a factory makes.</summary>
    private static IEnumerable<string> StartedByRuleTools() =>
        from factory in typeof(RuleTool).GetMethods(BindingFlags.Public | BindingFlags.Static)
        where factory.ReturnType == typeof(RuleTool)
        from arguments in factory.GetParameters().Aggregate(
            (IEnumerable<object[]>)[[]],
            (lists, parameter) => lists.SelectMany(list => ValuesOf(parameter).Select(value => (object[])[.. list, value])))
        let tool = (RuleTool)factory.Invoke(null, arguments)!
        from command in new[] { tool.RestoreCommand, tool.DumpCommand }
        select command[0];

    private static object[] ValuesOf(ParameterInfo parameter) => (parameter.Name, parameter.ParameterType) switch
    {
        ("kind", _) => ["nft", "legacy"],
        (_, var type) when type.IsEnum => [.. Enum.GetValuesAsUnderlyingType(type).Cast<object>().Select(value => Enum.ToObject(type, value))],
        _ => throw new NotSupportedException($"say here which values {parameter} of a factory of RuleTool can have"),
    };

    private static string Member(string code) => code[0] is '[' or 's' ? code : $"void G() {{ {code} }}";

    private static IEnumerable<string> Started(string source)
    {
        var root = CSharpSyntaxTree.ParseText(source).GetRoot();
        foreach (var node in root.DescendantNodes())
        {
            var names = node switch
            {
                InvocationExpressionSyntax call when _starters.Contains(NameOf(call)) => call.ArgumentList.Arguments.Take(1),
                InvocationExpressionSyntax call when NameOf(call) == Requires => call.ArgumentList.Arguments,
                ObjectCreationExpressionSyntax { Type: IdentifierNameSyntax { Identifier.Text: "ProcessStartInfo" } } made =>
                    made.ArgumentList!.Arguments.Take(1),
                _ => [],
            };
            foreach (var name in names.Select(argument => argument.Expression).SelectMany(Literals)) yield return name;
            if (node is VariableDeclaratorSyntax { Identifier.Text: "_tools", Initializer.Value: { } list })
                foreach (var name in list.DescendantNodes().SelectMany(Literals)) yield return name;
            if (node is MethodDeclarationSyntax method && method.ParameterList.Parameters is [{ Identifier.Text: "shell" }])
            {
                foreach (var name in method.AttributeLists.SelectMany(list => list.DescendantNodes()).SelectMany(Literals))
                    yield return name;
            }
        }
    }

    private static string NameOf(InvocationExpressionSyntax call) => call.Expression switch
    {
        MemberAccessExpressionSyntax access => access.Name.Identifier.Text,
        IdentifierNameSyntax name => name.Identifier.Text,
        _ => "",
    };

    /// <summary>Without scripts and flows, which other methods of these names take: a program's name has no blank.</summary>
    private static IEnumerable<string> Literals(SyntaxNode node) =>
        node is LiteralExpressionSyntax literal && literal.IsKind(SyntaxKind.StringLiteralExpression) &&
        literal.Token.ValueText is { Length: > 0 } text && !text.Any(char.IsWhiteSpace)
            ? [text]
            : [];

    private static HashSet<string> Listed() => Lines().Select(line => line.Split('\t')[1]).ToHashSet();

    private static IEnumerable<string> Lines() =>
        File.ReadLines(Checkout.PathOf("tools", "needs.tsv")).Where(line => !line.StartsWith('#'));
}
