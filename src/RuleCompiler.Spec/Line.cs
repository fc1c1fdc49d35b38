using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>One statement as the grammar sees it; <see cref="FlowFileBuilder"/> puts them together.</summary>
internal abstract record Line
{
    private Line()
    {
    }

    public sealed record Scenario(string Path) : Line;

    public sealed record Node(string Name) : Line;

    /// <summary>Empty: every mode.</summary>
    public sealed record Mode(Seq<ProxyMode> Modes) : Line;

    public sealed record OfFamily(Family Family) : Line;

    public sealed record Case(string Title) : Line;

    public sealed record Step(FlowAction Action) : Line;

    /// <summary>in ipvs expect …: what these modes answer to the step before.</summary>
    public sealed record Elsewhere(Seq<ProxyMode> Modes, Expected Expect) : Line;
}
