using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;

namespace RuleCompiler.Tests.Backends.Iptables;

/// <summary>What rules do to first packets, by the emulator.</summary>
internal sealed class Outcomes(IptablesRuleset rules, NodeFacts node)
{
    private readonly NetfilterMachine _emulator = new(
        IptablesTranslator.Translate(IptablesBackend.Instance.Parse(IptablesBackend.Instance.Print(rules), rules.Family).Artifact),
        HostNetworks.For(node, rules.Family), new ManualClock(), new SeededRandom(1));

    /// <summary>Every outcome that has a chance, in the order of their texts.</summary>
    public string Of(Flow flow) =>
        string.Join(" | ", Explore(flow).Outcomes.Select(outcome => outcome.Outcome.ToString()).Order(StringComparer.Ordinal));

    public Distribution Explore(Flow flow) => _emulator.Explore(
        Packet.First(
            new FlowTuple(flow.Source, flow.SourcePort, flow.Protocol, flow.Destination, flow.DestinationPort),
            flow.InputInterface),
        trace: false);
}
