using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Spec;
using Xunit;

namespace RuleCompiler.Tests.Spec;

/// <summary>
/// Flows and <see cref="Meaning"/> are written apart from each other; where they meet, on first packets, they agree.
/// Affinity is left out: the judge has no memory.
/// </summary>
public sealed class FlowsAgainstJudgeTests
{
    private static readonly ScenarioFolders s_scenarios = new();

    public static MatrixTheoryData<string, ProxyMode> FilesInEveryMode => new(
        FlowFilesTests.Files.Select(row => row.Data).Where(path => !path.Contains("affinity", StringComparison.Ordinal)),
        Enum.GetValues<ProxyMode>());

    [Theory]
    [MemberData(nameof(FilesInEveryMode))]
    public void The_judge_agrees(string path, ProxyMode mode)
    {
        var file = FlowReader.Read(path, File.ReadAllText(Checkout.PathOf(path))).File;

        var report = FlowChecker.Check(file with { Cases = file.Cases.SelectMany(FirstPackets).ToSeq() }, s_scenarios, new Judge(mode));

        Assert.True(report.IsGood, string.Join('\n', report.Diagnostics));
        Assert.True(report.Passed > 0);
    }

    /// <summary>A case for every first packet that stands for itself, with the changes before it.</summary>
    private static IEnumerable<FlowCase> FirstPackets(FlowCase one)
    {
        FlowAction.Open? open = null;
        for (var i = 0; i < one.Steps.Count; i++)
        {
            var step = one.Steps[i];
            open = step.Action as FlowAction.Open ?? open;
            var first = step.Action switch
            {
                FlowAction.Open => open,
                FlowAction.Again again => open! with { Expect = again.Expect },
                _ => null,
            };
            if (first is null or { Expect: Expected.SameEndpoint or Expected.AnyEndpoint }) continue;
            var changes = one.Steps.Take(i).Where(before => before.Action is FlowAction.Change);
            yield return one with { Steps = changes.Append(step with { Action = first }).ToSeq() };
        }
    }

    private sealed class Judge(ProxyMode mode) : IFlowTarget
    {
        public string Name => "the judge";

        public ProxyMode Mode => mode;

        public int RunsMax => 1;

        public (IFlowNode? Node, Seq<Diagnostic> Diagnostics) Start(ClusterState cluster, NodeFacts node, ulong seed) =>
            (new JudgedNode(cluster, node), []);
    }

    private sealed class JudgedNode(ClusterState cluster, NodeFacts node) : IFlowNode
    {
        private ClusterState _cluster = cluster;

        public Distribution? Explore(Packet packet)
        {
            var tuple = packet.Tuple;
            var outcomes = Meaning.Of(_cluster, node, new Flow(
                tuple.Source, tuple.SourcePort, tuple.Protocol, tuple.Destination, tuple.DestinationPort,
                packet.InputInterface)).Outcomes;
            return new Distribution(outcomes
                .Select(outcome => new WeightedOutcome(outcome, 1, outcomes.Count, PassageTo(packet, outcome))).ToSeq());
        }

        public Passage Send(Packet packet) => Explore(packet)!.Outcomes[0].Example;

        public Seq<Diagnostic> Load(ClusterState cluster)
        {
            _cluster = cluster;
            return [];
        }

        public void Advance(int seconds)
        {
        }

        public void Dispose()
        {
        }

        private static Passage PassageTo(Packet packet, Outcome outcome)
        {
            Fate fate = outcome switch
            {
                Outcome.Dropped => new Fate.Dropped(),
                Outcome.Rejected => new Fate.Rejected(RuleCompiler.Backends.Iptables.RejectKind.PortUnreachable),
                _ => new Fate.Sent("eth0"),
            };
            return new Passage(fate, packet, null, []) { Outcome = outcome };
        }
    }
}
