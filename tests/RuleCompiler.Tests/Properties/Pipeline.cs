using RuleCompiler.Backends;
using System.Numerics;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;

namespace RuleCompiler.Tests.Properties;

/// <summary>From objects to an emulated node by the road that users take: the text that ships is what is emulated.</summary>
internal static class Pipeline
{
    public static readonly Family[] Families = [Family.Ipv4, Family.Ipv6];

    public static readonly ProxyMode[] Modes = Enum.GetValues<ProxyMode>();

    public static IptablesRuleset Lower(ClusterState cluster, NodeFacts node, Family family) =>
        IptablesBackend.Instance.Lower(ServiceGraphBuilder.Build(cluster, node, family).Graph).Artifact;

    public static IptablesRuleset Reread(IptablesRuleset ruleset)
    {
        var parsed = IptablesBackend.Instance.Parse(IptablesBackend.Instance.Print(ruleset), ruleset.Family);
        return parsed.Diagnostics.IsEmpty
            ? parsed.Artifact
            : throw new InvalidOperationException($"our own text is not understood: {parsed.Diagnostics[0]}");
    }

    /// <summary>What the scenario compiles to in its node's mode.</summary>
    public static PacketProgram Compile(Scenario scenario, Family family)
    {
        var backend = BackendRegistry.Of(scenario.Node.Config.Mode);
        var files = Compilation.Create(scenario.Cluster, scenario.Node, backend).Files(family);
        var (program, diagnostics) = PacketPrograms.Load(backend, files, family);
        return program ?? throw new InvalidOperationException($"{backend.Name}: our own text is not understood: {diagnostics[0]}");
    }

    public static NetfilterMachine Node(Scenario scenario, Family family, TimeProvider? clock = null) =>
        Load(Compile(scenario, family), scenario.Node, clock);

    public static NetfilterMachine Load(IptablesRuleset ruleset, NodeFacts node, TimeProvider? clock = null) =>
        Load(IptablesTranslator.Translate(ruleset), node, clock);

    public static NetfilterMachine Load(PacketProgram rules, NodeFacts node, TimeProvider? clock = null) =>
        new(rules, HostNetworks.For(node, rules.Family), clock ?? new ManualClock(), new SeededRandom(1));

    public static Packet First(Flow flow) => Packet.First(
        new FlowTuple(flow.Source, flow.SourcePort, flow.Protocol, flow.Destination, flow.DestinationPort), flow.InputInterface);

    /// <summary>Null when the rules do what the judge allows, each outcome with its share; else both sides of the story.</summary>
    public static string? Differs(Scenario scenario, NetfilterMachine node, Flow flow) =>
        Differs(Meaning.Of(scenario.Cluster, scenario.Node, flow), node, flow);

    public static string? Differs(Expectation expected, NetfilterMachine node, Flow flow)
    {
        if (IsAllowed(expected, node, flow)) return null;
        var found = node.Explore(First(flow)).Outcomes;
        var shares = found.Select(one => $"{one.Outcome} ({(double)one.Numerator / (double)one.Denominator:G6})");
        var steps = found[0].Example.Steps.Select(step => $"\n  {step.Hook} {step.Table} {step.RuleText} {step.Effect}");
        return $"{flow}\nexpected {expected}\nfound    {string.Join(" | ", shares)}{string.Concat(steps)}";
    }

    /// <summary>The rules do what the judge allows, each outcome with its share.</summary>
    public static bool IsAllowed(Expectation expected, NetfilterMachine node, Flow flow)
    {
        var found = node.Explore(First(flow), trace: false).Outcomes;
        return found.Count == expected.Outcomes.Count &&
            expected.Outcomes.All(outcome => found.Any(one => outcome == one.Outcome && IsFair(one, found.Count)));
    }

    /// <summary>Within the kernel's resolution of a probability, 2^-31, of one in n.</summary>
    public static bool IsFair(WeightedOutcome one, int n) =>
        BigInteger.Abs((one.Numerator * n) - one.Denominator) << 31 <= one.Denominator * n;

    public static Seq<T> Shuffled<T>(Seq<T> items, ulong seed)
    {
        var random = new SeededRandom(seed);
        return items.OrderBy(_ => random.Next()).ToSeq();
    }
}
