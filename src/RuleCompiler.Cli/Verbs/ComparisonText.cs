using RuleCompiler.Cli.Diagnostics;
using RuleCompiler.Emulator.Comparison;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Verbs;

/// <summary>A comparison for people: one paragraph for each kind of difference, unintended ones first.</summary>
internal static class ComparisonText
{
    /// <summary>Examples of a group that are shown without -v.</summary>
    private const int ExamplesMax = 3;

    public static void Write(
        string left, string right, IReadOnlyList<ComparisonReport> reports, Display output, bool isVerbose)
    {
        foreach (var report in reports)
        {
            var flows = DiagnosticText.Counted(report.FlowCount, "flow");
            var unintended = report.Groups.Count(group => !group.IsIntended);
            var summary = report.Groups.IsEmpty
                ? "no difference"
                : $"{DiagnosticText.Counted(report.Groups.Count, "kind")} of difference, {unintended} unintended";
            var tint = unintended > 0 ? Tint.Red : Tint.Green;
            output.Line($"{report.Family.ApiName()}: {left} against {right}: {flows}, {summary}", tint);
            foreach (var group in report.Groups) Write(group, output, isVerbose);
        }
    }

    private static void Write(DifferenceGroup group, Display output, bool isVerbose)
    {
        output.Line();
        var id = group.Cause == Cause.Unknown ? "unintended" : Profile.IdOf(group.Cause);
        var title = group.IsIntended ? $"  intended ({id})" : $"  UNINTENDED ({id})";
        var what = $"{Named(group.Aspects)}, from {Named(group.Source)}";
        var flows = DiagnosticText.Counted(group.Differences.Count, "flow");
        output.Line($"{title}: {what}: {flows}", group.IsIntended ? Tint.Green : Tint.Red);
        output.Line($"    {group.Explanation}");
        var shown = isVerbose ? group.Differences.Count : Math.Min(ExamplesMax, group.Differences.Count);
        foreach (var difference in group.Differences.Take(shown))
        {
            output.Line($"    {Named(difference.At)}");
            output.Line($"      left   {difference.Left}");
            output.Line($"      right  {difference.Right}");
        }

        if (group.Differences.Count > shown)
            output.Line($"    … and {group.Differences.Count - shown} more (-v shows all)");
    }

    private static string Named(ComparedFlow at)
    {
        var flow = at.Flow;
        var service = at.Service is { } port ? $" ({port.Name})" : "";
        var target = new Endpoint(flow.Destination, flow.DestinationPort);
        return $"{flow.Source} to {flow.Protocol.KernelName()} {target}{service}";
    }

    private static string Named(Aspects aspects) => string.Join(", ", Names(aspects));

    public static IEnumerable<string> Names(Aspects aspects)
    {
        if (aspects.HasFlag(Aspects.Verdict)) yield return "verdict";
        if (aspects.HasFlag(Aspects.Endpoints)) yield return "endpoints";
        if (aspects.HasFlag(Aspects.Shares)) yield return "shares";
        if (aspects.HasFlag(Aspects.SourceNat)) yield return "SNAT";
        if (aspects.HasFlag(Aspects.Affinity)) yield return "affinity";
    }

    public static string Named(SourceKind source) => source switch
    {
        SourceKind.Pod => "pod",
        SourceKind.RemotePod => "remote pod",
        SourceKind.Node => "node",
        SourceKind.Localhost => "localhost",
        SourceKind.External => "external",
        SourceKind.Allowed => "source in range",
        SourceKind.OwnEndpoint => "endpoint of this node",
        SourceKind.RemoteEndpoint => "endpoint of another node",
    };
}
