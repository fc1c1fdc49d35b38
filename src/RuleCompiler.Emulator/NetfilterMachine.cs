using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// A node with rules loaded: packets go in, passages come out. Flows and recent lists live from packet to packet, as in
/// the kernel. Not safe for concurrent use.
/// </summary>
public sealed partial class NetfilterMachine
{
    private readonly HostNetwork _host;
    private readonly TimeProvider _clock;
    private readonly IRandomSource _random;
    private readonly ConnectionTable _connections;
    private readonly Walk _walk = new();
    private Dictionary<string, RecentList> _recent = new(StringComparer.Ordinal);
    private Dictionary<(string Table, string Name), SetTable> _mutableSets = [];
    private IpvsState? _ipvs;
    private PacketProgram _program;

    /// <summary>Descriptions asked for so far, by rule.</summary>
    private RuleSource?[] _sources = [];
    private Machine _machine;

    /// <param name="clock">Only <c>GetUtcNow</c> is asked, once a packet and once when rules come.</param>
    /// <param name="random">One word for each choice, and for each source port that has to be picked.</param>
    public NetfilterMachine(PacketProgram program, HostNetwork host, TimeProvider clock, IRandomSource random)
    {
        _host = host;
        _clock = clock;
        _random = random;
        _connections = new ConnectionTable(host.Conntrack.EntriesMax);
        (_program, _machine) = Install(program);
    }

    /// <summary>Confirmed flows, expired ones that nothing has swept away included.</summary>
    public int FlowCount => _connections.Count;

    /// <summary>
    /// Replaces the rules under living flows. A recent list lives as long as some rule names it: its entries survive
    /// when the new rules name it too, and are gone otherwise (xt_recent.c:recent_mt_destroy @v6.1; measured:
    /// verification.md §3.7). What packets added to a set lives as long as a set of that name and type is declared.
    /// Counters (numgen inc) begin anew. Virtual servers that stay keep connections, affinity and scheduler state.
    /// </summary>
    public void Load(PacketProgram program)
    {
        if (program.Family != _program.Family)
            throw new ArgumentException(
                $"expected {_program.Family.ApiName()} rules, found {program.Family.ApiName()}", nameof(program));
        (_program, _machine) = Install(program);
    }

    /// <summary>Sends a packet and changes flows and lists accordingly.</summary>
    /// <param name="trace">False leaves <c>Steps</c> empty, and is several times as fast.</param>
    public Passage Send(Packet packet, bool trace = true)
    {
        RequireFamily(packet);
        _walk.Start(packet, trace);
        var fate = _machine.Send(_walk, _clock.GetUtcNow().Ticks);
        return PassageOf(packet, _walk, fate);
    }

    private (PacketProgram Program, Machine Machine) Install(PacketProgram program)
    {
        var lists = new Dictionary<string, RecentList>(StringComparer.Ordinal);
        foreach (var name in program.RecentLists.Span)
            lists.Add(name, _recent.GetValueOrDefault(name) ?? new RecentList(_host.RecentListEntries));
        foreach (var guard in program.Guards.Span)
        {
            if (guard.Operand is RecentQuery { HitCount: > 0 } query)
                lists[program.RecentLists[query.List]].Remember(query.HitCount);
        }

        _recent = lists;
        _sources = new RuleSource?[program.Rules.Count];
        var ordered = program.RecentLists.Select(name => lists[name]).ToArray();
        var machine = new Machine(
            program, _host, _connections, ordered, InstallSets(program), InstallIpvs(program), _random);
        return (program, machine);
    }

    private IpvsState? InstallIpvs(PacketProgram program)
    {
        if (program.Ipvs is not { } table) return _ipvs = null;
        var now = _clock.GetUtcNow().Ticks;
        _ipvs ??= new IpvsState(_connections);
        _ipvs.Expire(now);
        _ipvs.Load(table, now);
        return _ipvs;
    }

    private SetTable[] InstallSets(PacketProgram program)
    {
        var now = _clock.GetUtcNow().Ticks;
        var kept = new Dictionary<(string Table, string Name), SetTable>();
        var tables = new SetTable[program.Sets.Count];
        for (var i = 0; i < tables.Length; i++)
        {
            var set = program.Sets[i];
            var table = tables[i] = new SetTable(set, now);
            if (!set.IsMutable || set.Name.Length == 0) continue;
            var old = _mutableSets.GetValueOrDefault((set.Table, set.Name));
            if (old?.Type == set.Type) table.Inherit(old);
            kept.Add((set.Table, set.Name), table);
        }

        _mutableSets = kept;
        return tables;
    }

    private void RequireFamily(Packet packet)
    {
        if (packet.Tuple.Source.Family != _program.Family || packet.Tuple.Destination.Family != _program.Family)
            throw new ArgumentException(
                $"expected an {_program.Family.ApiName()} packet, found {packet.Tuple}", nameof(packet));
    }

    private Passage PassageOf(Packet packet, Walk walk, Fate fate)
    {
        var family = _program.Family;
        var sent = packet with
        {
            Tuple = walk.Tuple.ToFlow(family),
            InputInterface = walk.Input,
            Mark = walk.Mark,
            Error = walk.Inner?.ToFlow(family),
        };
        var reply = walk.Connection?.Reply.ToFlow(family);
        return new Passage(fate, sent, reply, StepsOf(walk.Trace)) { Outcome = OutcomeOf(packet, walk, fate) };
    }

    /// <summary>
    /// Translated.To is what DNAT chose for the flow. SourceNat says that a rule masqueraded it; that shows also where
    /// a process of the node already had the node's address, so that only its port, or nothing, changes. Answers and
    /// errors are judged by what happened to their own addresses.
    /// </summary>
    private static Outcome OutcomeOf(Packet packet, Walk walk, Fate fate)
    {
        switch (fate)
        {
            case Fate.Dropped: return DroppedOutcome;
            case Fate.Rejected: return RejectedOutcome;
        }

        var before = packet.Tuple;
        if (walk is { Connection: { } connection, Direction: Direction.Original, Inner: null })
        {
            if (walk.ServedBy is { } served)
                return TranslatedTo(served, before.Destination.Family, connection.Masqueraded);
            if (!connection.IsChosen && !connection.Masqueraded) return UntouchedOutcome;

            // Where IPVS once served the flow its answers come from a server that nothing leads to any more.
            var (to, port) = connection.IsChosen
                ? (connection.Reply.Source, connection.Reply.SourcePort)
                : (walk.Tuple.Destination, walk.Tuple.DestinationPort);
            return new Outcome.Translated(
                new Endpoint(Ip.Create(before.Destination.Family, to), new Port(port)), connection.Masqueraded);
        }

        var sourceChanged = before.Source.Bits != walk.Tuple.Source;
        var changed = sourceChanged || before.Destination.Bits != walk.Tuple.Destination ||
            before.DestinationPort.Value != walk.Tuple.DestinationPort || before.SourcePort.Value != walk.Tuple.SourcePort;
        var destination = new Endpoint(
            Ip.Create(before.Destination.Family, walk.Tuple.Destination), new Port(walk.Tuple.DestinationPort));
        return changed ? new Outcome.Translated(destination, sourceChanged) : UntouchedOutcome;
    }

    private static Outcome.Translated TranslatedTo(IpvsConnection served, Family family, bool isMasqueraded) => new(
        new Endpoint(Ip.Create(family, served.Answer.Source), new Port(served.Answer.SourcePort)), isMasqueraded);

    private static readonly Outcome.Dropped DroppedOutcome = new();
    private static readonly Outcome.Rejected RejectedOutcome = new();
    private static readonly Outcome.Untouched UntouchedOutcome = new();

    private Seq<TraceStep> StepsOf(TraceNode? last)
    {
        if (last is null) return [];
        var steps = new List<TraceStep>();
        for (var node = last; node is not null; node = node.Before) steps.Add(StepOf(node));
        steps.Reverse();
        return steps.ToSeq();
    }

    private TraceStep StepOf(TraceNode node)
    {
        var hook = BuiltinChains.NameOf(node.Hook);
        if (node.Rule < 0) return new TraceStep(hook, "", "", 0, "", null, node.Effect);
        var chain = _program.Chains[node.Chain];
        var source = _sources[node.Rule] ??= _program.Describe(node.Rule);
        return new TraceStep(
            hook, chain.Table, chain.Name, node.Rule - chain.FirstRule + 1, source.Text, source.Service ?? node.Service,
            node.Effect);
    }
}
