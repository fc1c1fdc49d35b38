using Xunit;

namespace RuleCompiler.Tests.Spec;

/// <summary>Each row of the tables of service-semantics that flows have to prove is named by the title of a case.</summary>
public sealed class RowCoverageTests
{
    private static readonly string[] s_variants = ["", ", no detector", ", masqueradeAll", ", masqueradeAll and no detector"];

    public static TheoryData<string> Rows =>
    [
        .. Numbered("§2.3 row", 4),
        .. Numbered("§2.4 row", 5),
        .. Numbered("§2.5 row", 8),
        .. Numbered("§2.6 row", 6),
        .. Numbered("§3.7 row", 7),
        .. s_variants.SelectMany(variant => Numbered("§3.11 line", 10).Select(line => line + variant + ":")),
        "§3.2 empty", "§3.2 list of CIDRs", "§3.2 primary", "§3.2: any /0", "§3.2: a family without a CIDR",
        "§3.3 row 1", "§3.3 row 2", "§3.4", "§3.5", "§3.8", "§3.10", "§3.12", "§13.2 #8", "§13.2 #9",
        "§3.9 Key", "§3.9 Shared by the frontends", "§3.9 Not shared by the ports", "§3.9 Timeout:", "§3.9 Refreshed",
        "§3.9 Timeout change", "§3.9 Endpoint leaves", "§3.9 only the set in use", "§3.9 a client with two live bindings",
    ];

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_case_names(string row)
    {
        var texts = Checkout.Files("spec", "*.flow").Select(File.ReadAllText);

        Assert.Contains(texts, text => Names(text, row));
    }

    /// <summary>"row 1" is not named by "row 10".</summary>
    private static bool Names(string text, string row)
    {
        for (var at = text.IndexOf(row, StringComparison.Ordinal); at >= 0; at = text.IndexOf(row, at + 1, StringComparison.Ordinal))
        {
            var end = at + row.Length;
            if (end == text.Length || !char.IsDigit(text[end])) return true;
        }

        return false;
    }

    private static IEnumerable<string> Numbered(string name, int count) =>
        Enumerable.Range(1, count).Select(number => $"{name} {number}");
}
