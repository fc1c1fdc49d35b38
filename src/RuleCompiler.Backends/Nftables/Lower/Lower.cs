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
    protected override Lowering<NftRuleset> LowerChecked(ServiceGraph graph)
    {
        var node = graph.Node;
        var table = new TableLowering(graph, node);
        foreach (var servicePort in graph.ServicePorts) table.Add(servicePort);
        return new Lowering<NftRuleset>(
            new NftRuleset(graph.Family, [table.Build()]), table.Diagnostics);
    }
}
