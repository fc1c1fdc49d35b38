using System.Reflection;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// Every diagnostic the product can give. Ids are stable: RC1xxx input (Kube and configuration), RC2xxx flow language,
/// RC3xxx graph and lowering, RC4xxx parsing rules, RC5xxx planning and applying, RC6xxx command line, RC7xxx rules
/// that cannot be emulated. One file per thousand.
/// </summary>
public static partial class DiagnosticCatalog
{
    /// <summary>
    /// All rules, ordered by id. Computed at each call: initializers of a partial class have no order across files.
    /// </summary>
    public static Seq<DiagnosticRule> All => typeof(DiagnosticCatalog)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(row => row.GetValue(null))
        .OfType<DiagnosticRule>()
        .OrderBy(rule => rule.Id, StringComparer.Ordinal)
        .ToSeq();

    private static DiagnosticRule Error(string id, string title, string cause) => new(id, Severity.Error, title, cause);

    private static DiagnosticRule Warning(string id, string title, string cause) => new(id, Severity.Warning, title, cause);

    private static DiagnosticRule Info(string id, string title, string cause) => new(id, Severity.Info, title, cause);
}
