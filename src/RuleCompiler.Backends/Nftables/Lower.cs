using RuleCompiler.Ir;

namespace RuleCompiler.Backends.Nftables;

/// <content>From the graph to a table: README.md draws it.</content>
public sealed partial class Nftables : IRoom<NftRuleset, NftTransaction>
{
    public static string Name => "nftables";

    /// <summary>The table of one family.</summary>
    public static Lowering<NftRuleset> Lower(ServiceGraph graph, NodeFacts node)
    {
        var table = new TableLowering(graph, node);
        foreach (var servicePort in graph.ServicePorts) table.Add(servicePort);
        return new Lowering<NftRuleset>(
            new NftRuleset(graph.Family, [table.Build()]), [], table.Diagnostics);
    }
}
