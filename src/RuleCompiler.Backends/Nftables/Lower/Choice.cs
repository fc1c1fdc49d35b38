using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>
/// What a chain that translates does: everything that tells such chains apart. A frontend's verdicts come to one of
/// these for each class of source, so there are as many chains as kinds of frontends, not as frontends.
/// </summary>
/// <param name="Endpoints">Size of the set that is chosen from; at least 1.</param>
/// <param name="Local">The local set, whose indices begin at <see cref="LocalOffset"/>.</param>
/// <param name="OnNodePort">The frontend is a NodePort: it is looked up under the unspecified address.</param>
/// <param name="AffinitySeconds">Null without session affinity.</param>
/// <param name="Owner">
/// The frontend whose clients alone the map of bindings holds; null where one map has all of them.
/// </param>
internal readonly record struct Choice(
    MasqueradeGuard Guard, int Endpoints, bool Local, bool OnNodePort, int? AffinitySeconds, string? Owner)
    : IKeyed<Choice>
{
    /// <summary>Beyond any index of the cluster set: a set has far fewer endpoints than ports exist.</summary>
    public const uint LocalOffset = 65536;

    public static int CompareKeys(Choice left, Choice right)
    {
        if (string.CompareOrdinal(left.Owner, right.Owner) is var byOwner and not 0) return byOwner;
        return (left.Guard, left.Endpoints, left.Local, left.OnNodePort, left.AffinitySeconds ?? -1).CompareTo(
            (right.Guard, right.Endpoints, right.Local, right.OnNodePort, right.AffinitySeconds ?? -1));
    }
}

/// <summary>Whose flows are marked to be masqueraded before the choice.</summary>
internal enum MasqueradeGuard
{
    Nobody,
    Everybody,

    /// <summary>Everybody but the node's own pods.</summary>
    NotPods,
}
