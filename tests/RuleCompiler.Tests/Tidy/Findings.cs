using Xunit;

namespace RuleCompiler.Tests.Tidy;

internal static class Findings
{
    /// <summary>Fails with every finding in full; xunit's own message would cut the list short.</summary>
    public static void None(IEnumerable<string> findings)
    {
        var all = findings.ToArray();
        Assert.True(all.Length == 0, string.Join('\n', all));
    }
}
