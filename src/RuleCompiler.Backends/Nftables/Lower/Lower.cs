using RuleCompiler.Ir;

namespace RuleCompiler.Backends.Nftables;

/// <content>From the graph to a table: README.md draws it.</content>
public sealed partial class NftablesBackend : Backend<NftRuleset, NftTransaction>
{
    private NftablesBackend()
    {
    }

    public static NftablesBackend Instance { get; } = new();

    public override string Name => "nftables";

    public override ProxyMode Mode => ProxyMode.Nftables;

    /// <summary>The table of one family.</summary>
    protected override Lowering<NftRuleset> LowerChecked(ServiceGraph graph, Lowering<NftRuleset>? previous)
    {
        var lowering = new TableLowering(graph);
        var isEditable = previous is NftLowering && previous.Graph.IsOfSameNodeAs(graph);
        return lowering.From(isEditable ? (NftLowering)previous! : lowering.WithoutServices());
    }
}
