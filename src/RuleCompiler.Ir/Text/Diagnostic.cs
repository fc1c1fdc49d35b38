namespace RuleCompiler.Ir.Text;

public enum Severity
{
    /// <summary>Worth knowing; changes no exit code.</summary>
    Info,

    /// <summary>The result is complete, but probably not what the author meant.</summary>
    Warning,

    /// <summary>Something was left out of the result.</summary>
    Error,
}

/// <summary>One row of <see cref="DiagnosticCatalog"/>. <c>Id</c> is stable and never changes its meaning.</summary>
public sealed record DiagnosticRule(string Id, Severity Severity, string Title, string Cause);

/// <summary>
/// What is wrong with an input, where, and what to do. <c>Message</c> says what was found and what was expected;
/// <c>Hint</c> says what to do.
/// </summary>
public sealed record Diagnostic(DiagnosticRule Rule, Location Location, string Message, string? Hint = null)
{
    /// <summary>path(line,col): error RC1014: found …, expected …; do …</summary>
    public override string ToString()
    {
        var severity = Rule.Severity switch
        {
            Severity.Info => "info",
            Severity.Warning => "warning",
            Severity.Error => "error",
        };
        var place = Location.ToString();
        var head = place.Length == 0 ? "" : place + ": ";
        return $"{head}{severity} {Rule.Id}: {Message}{(Hint is null ? "" : "; " + Hint)}";
    }
}

/// <summary>The diagnostics of one thing, kept apart so that they go and come with it.</summary>
public sealed record Noted<TKey>(TKey Key, Seq<Diagnostic> Diagnostics) : IKeyed<Noted<TKey>>
    where TKey : IComparable<TKey>
{
    static int IKeyed<Noted<TKey>>.CompareKeys(Noted<TKey> left, Noted<TKey> right) => left.Key.CompareTo(right.Key);
}
