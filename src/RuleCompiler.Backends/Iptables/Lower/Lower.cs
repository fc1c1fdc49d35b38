using RuleCompiler.Ir;

namespace RuleCompiler.Backends.Iptables;

/// <content>From the graph to rules: README.md draws the chains.</content>
public sealed partial class IptablesBackend : Backend<IptablesRuleset, TableBlock>
{
    private IptablesBackend()
    {
    }

    public static IptablesBackend Instance { get; } = new();

    public override string Name => "iptables";

    public override ProxyMode Mode => ProxyMode.Iptables;

    /// <summary>The rules of one family: what is ours of the tables nat and filter.</summary>
    protected override Lowering<IptablesRuleset> LowerChecked(ServiceGraph graph, Lowering<IptablesRuleset>? previous)
    {
        var node = graph.Node;
        var services = new ServiceLowering(graph, node);
        foreach (var servicePort in graph.ServicePorts) services.Add(servicePort);
        var filter = new TableBuilder(TableName.Filter);
        FixedChains.FillFilter(filter, graph, node);
        RefusalChains.Fill(filter, services.Refusals, ScopeRules.Of(graph.NodePorts, graph.Family));
        var ruleset = new IptablesRuleset(graph.Family, [services.BuildNat(), filter.Build()]);
        return new Lowering<IptablesRuleset>(graph, ruleset, services.Diagnostics);
    }
}
