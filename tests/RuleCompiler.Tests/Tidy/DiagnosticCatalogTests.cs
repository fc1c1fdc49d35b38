using System.Reflection;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using Xunit;

namespace RuleCompiler.Tests.Tidy;

public sealed class DiagnosticCatalogTests
{
    /// <summary>What no test can provoke, and why. A ratchet: it may only shrink.</summary>
    private static readonly Dictionary<string, string> _unprovoked = new()
    {
        ["RC6010"] = "said where libpcap is missing; the machines that run the tests have it",
        ["RC6013"] = "said when rules and judge differ, which would be a bug that the properties look for",
    };

    [Fact]
    public void Ids_are_unique_and_well_formed()
    {
        Assert.Equal(DiagnosticCatalog.All.Select(rule => rule.Id).Distinct(), DiagnosticCatalog.All.Select(rule => rule.Id));
        Assert.All(DiagnosticCatalog.All, rule =>
        {
            Assert.Equal(6, rule.Id.Length);
            Assert.StartsWith("RC", rule.Id);
            Assert.NotEmpty(rule.Title);
            Assert.EndsWith(".", rule.Cause);
        });
    }

    /// <summary>A diagnostic that no test provokes may say anything, or may never be said.</summary>
    [Fact]
    public void Every_id_is_named_by_a_test()
    {
        var tests = string.Concat(Checkout.Files("tests", "*.cs")
            .Where(file => Path.GetFileName(file) != "DiagnosticCatalogTests.cs").Select(File.ReadAllText));
        var untested = typeof(DiagnosticCatalog).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(row => row.GetValue(null) is DiagnosticRule rule &&
                !_unprovoked.ContainsKey(rule.Id) && !tests.Contains(rule.Id, StringComparison.Ordinal) &&
                !tests.Contains("DiagnosticCatalog." + row.Name, StringComparison.Ordinal))
            .Select(row => $"{((DiagnosticRule)row.GetValue(null)!).Id} {row.Name}");
        Findings.None(untested);
    }

    [Fact]
    public void Every_id_is_used_by_the_product()
    {
        var sources = string.Concat(Checkout.Files("src", "*.cs").Select(File.ReadAllText));
        var unused = typeof(DiagnosticCatalog).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(row => row.GetValue(null) is DiagnosticRule)
            .Where(row => !sources.Contains("DiagnosticCatalog." + row.Name, StringComparison.Ordinal))
            .Select(row => row.Name);
        Findings.None(unused);
    }
}
