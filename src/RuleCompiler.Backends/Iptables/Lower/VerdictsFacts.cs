using RuleCompiler.Ir;

namespace RuleCompiler.Backends.Iptables;

internal static class VerdictsFacts
{
    public static bool Any(this Verdicts verdicts, Predicate<Verdict> test) =>
        test(verdicts.LocalPod) || test(verdicts.Node) || test(verdicts.External);

    /// <summary>The set that every source is balanced over; null if there is no such one.</summary>
    public static EndpointSet? OneSet(this Verdicts verdicts) =>
        verdicts is { LocalPod: Verdict.Balance pod, Node: Verdict.Balance node, External: Verdict.Balance external } &&
        pod.Over == node.Over && node.Over == external.Over
            ? external.Over
            : null;
}
