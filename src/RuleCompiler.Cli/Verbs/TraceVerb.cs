using System.CommandLine;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Verbs;

/// <summary>One packet through the rules.</summary>
internal sealed class TraceVerb
{
    private readonly ClusterOptions _cluster = new(isRequired: false, takesSeveral: true);
    private readonly Option<string[]> _rules = RulesOption.Create();
    private readonly Option<string?> _mode = ModeOption.Create(ModeOption.AsRulesShow);

    private readonly Option<PacketSource?> _from = new("--from")
    {
        Description = "Where the packet comes from: an IP address, pod/NAMESPACE/NAME (by targetRef), or node.",
        HelpName = "SOURCE",
        Required = true,
        CustomParser = Words.One("--from", PacketSource.Forms, static (string word, out PacketSource? source) =>
        {
            var isSource = PacketSource.TryParse(word, out var parsed);
            source = parsed;
            return isSource;
        }),
    };

    private readonly Option<PacketTarget> _to = new("--to")
    {
        Description = "Where it goes: PROTOCOL/ADDRESS:PORT, as tcp/10.96.0.1:443 or udp/[fd00::a]:53.",
        HelpName = "TARGET",
        Required = true,
        CustomParser = Words.One<PacketTarget>("--to", PacketTarget.Form, PacketTarget.TryParse),
    };

    private readonly Option<Port> _sport = new("--sport")
    {
        Description = "Its source port.",
        HelpName = "PORT",
        CustomParser = Words.One(
            "--sport", "0 to 65535", static (string word, out Port port) => Port.TryParse(word, null, out port)),
        DefaultValueFactory = _ => new Port(DefaultSourcePort),
    };

    private readonly Option<string?> _via = new("--via")
    {
        Description = "The interface it arrives on. Default: where answers leave; none for the node's own addresses.",
        HelpName = "INTERFACE",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Write JSON." };

    public static Command Create(Shell shell)
    {
        var options = new TraceVerb();
        var verb = new Verb(
            "trace",
            "Follow a packet through the rules, rule by rule, and give the exact chance of every outcome.",
            new Example(
                "from a pod to a Service, on what the cluster compiles to",
                "rulec trace -f cluster.yaml --node node-0 --from 10.64.0.5 --to tcp/10.96.0.1:443"),
            new Example(
                "on a dump of a running node",
                "iptables-save | rulec trace --rules - --node-address 192.0.2.1 --from 10.0.0.9 --to tcp/192.0.2.1:80"),
            new Example(
                "for a program",
                "rulec trace -f cluster.yaml --node node-0 --from pod/default/web-0 --to udp/10.96.0.10:53 --json"))
        {
            options._from,
            options._to,
            options._sport,
            options._via,
            options._rules,
            options._mode,
            options._json,
        };
        options._cluster.AddTo(verb);
        verb.Runs(shell, options.Run);
        return verb;
    }

    private int Run(ParseResult parsed, Session session)
    {
        var rules = parsed.GetValue(_rules) ?? [];
        if (rules.Length == 0 && !_cluster.HasFiles(parsed))
        {
            return session.Fail(ExitCode.BadInput, new Diagnostic(
                DiagnosticCatalog.NoInput, default, "neither a cluster nor rules were given",
                "give -f PATH or --rules FILE"));
        }

        if (_cluster.Load(parsed, session) is not { } given) return ExitCode.BadInput;
        var target = parsed.GetValue(_to);
        var family = target.Endpoint.Address.Family;
        var dump = rules.Length > 0 ? Dump.Read(rules, parsed.GetValue(_mode), given, family, session) : null;
        if (rules.Length > 0 && dump is null) return ExitCode.BadInput;
        var loaded = dump is null
            ? ModeOption.Apply(parsed.GetValue(_mode), given, session)
            : given.In(dump.Backend.Mode);
        if (loaded is null) return ExitCode.BadInput;
        if (parsed.GetValue(_from)!.Resolve(family, loaded.Cluster, loaded.Node, session) is not { } source)
            return ExitCode.BadInput;
        var emulated = dump is null
            ? EmulatedNode.OfCluster(loaded, family, Seed, session)
            : EmulatedNode.OfDump(dump, loaded.Node, Seed, session);
        if (emulated is not { } emulation) return ExitCode.BadInput;

        var via = parsed.GetValue(_via)
            ?? (parsed.GetValue(_from) is PacketSource.Node ? null : emulation.ArrivalOf(source));
        var tuple = new FlowTuple(
            source, parsed.GetValue(_sport), target.Protocol, target.Endpoint.Address, target.Endpoint.Port);
        var packet = Packet.First(tuple, via);
        Distribution distribution;
        try
        {
            distribution = emulation.Machine.Explore(packet);
        }
        catch (ExplorationTooLargeException tooLarge)
        {
            return session.Fail(
                ExitCode.BadInput, new Diagnostic(DiagnosticCatalog.TooManyBranches, default, tooLarge.Message));
        }

        var trace = new Trace(packet, distribution, dump is null ? ExpectedBy(loaded, tuple, via) : null);
        session.Answer(TraceDocument.Of(trace), parsed.GetValue(_json));
        return trace.Disagreement is { } disagreement ? session.Fail(ExitCode.Findings, disagreement) : ExitCode.Fine;
    }

    private static Seq<Outcome> ExpectedBy(LoadedCluster loaded, FlowTuple tuple, string? via) => Meaning.Of(
        loaded.Cluster, loaded.Node,
        new Flow(
            tuple.Source, tuple.SourcePort, tuple.Protocol, tuple.Destination, tuple.DestinationPort, via)).Outcomes;

    /// <summary>Of no consequence: every branch is explored.</summary>
    private const ulong Seed = 1;

    /// <summary>Inside the kernel's default range of local ports (net.ipv4.ip_local_port_range).</summary>
    private const ushort DefaultSourcePort = 40000;
}

/// <summary>
/// What became of a packet, and what the cluster's objects say should become of it, where they are known.
/// </summary>
internal sealed record Trace(Packet Packet, Distribution Distribution, Seq<Outcome>? Expected)
{
    public bool Agrees => Expected is not { } expected
        || (Distribution.Outcomes.All(each => expected.Contains(each.Outcome))
            && expected.All(outcome => Distribution.Outcomes.Any(each => each.Outcome == outcome)));

    /// <summary>Null when there is none: anything else is a bug in rulec.</summary>
    public Diagnostic? Disagreement => Agrees ? null : new(
        DiagnosticCatalog.MeaningDiffers, default,
        $"the rules give {Listed(Distribution.Outcomes.Select(each => each.Outcome))}, "
            + $"the cluster's objects mean {Listed(Expected!.Value)}",
        "please report this with the input files");

    private static string Listed(IEnumerable<Outcome> outcomes) => $"{{ {string.Join(", ", outcomes)} }}";
}
