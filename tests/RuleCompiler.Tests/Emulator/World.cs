using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

// Not RuleCompiler.Tests.Emulator: that would hide the product's namespace from every test.
namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// A node to send packets at: eth0 192.168.0.10 (fd00:192::10) with a default route, cni0 with the pods 10.64.0.0/24
/// (fd00:64::/64), and rules.
/// </summary>
internal sealed class World
{
    public static readonly HostNetwork Network4 = new(
        [new HostInterface("eth0", [Ip.Parse("192.168.0.10")]), new HostInterface("cni0", [])],
        [new Route(Prefix.Parse("10.64.0.0/24"), "cni0"), new Route(Prefix.Parse("0.0.0.0/0"), "eth0")])
    {
        RouteLocalnet = true,
    };

    public static readonly HostNetwork Network6 = new(
        [new HostInterface("eth0", [Ip.Parse("fd00:192::10")]), new HostInterface("cni0", [])],
        [new Route(Prefix.Parse("fd00:64::/64"), "cni0"), new Route(Prefix.Parse("::/0"), "eth0")]);

    public World(IptablesRuleset rules, HostNetwork? network = null, params uint[] words)
    {
        Network = network ?? (rules.Family == Family.Ipv4 ? Network4 : Network6);
        Random = words.Length > 0 ? new ScriptedRandom(words) : new SeededRandom(1);
        Emulator = new NetfilterMachine(IptablesTranslator.Translate(rules), Network, Clock, Random);
    }

    public HostNetwork Network { get; }

    public ManualClock Clock { get; } = new();

    public IRandomSource Random { get; }

    public NetfilterMachine Emulator { get; }

    public Passage Send(Packet packet) => Emulator.Send(packet);

    /// <summary>The answer to a passage: the reply tuple, arriving where answers arrive.</summary>
    public Passage Answer(Passage passage, TcpFlags flags = TcpFlags.Syn | TcpFlags.Ack)
    {
        var reply = passage.Reply!.Value;
        string? input = passage.Fate switch
        {
            Fate.Sent sent => sent.OutputInterface,
            _ => null,
        };
        return Send(new Packet(reply, input, reply.Protocol == Protocol.Tcp ? flags : null));
    }

    public void Wait(double seconds) => Clock.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>"tcp 10.0.0.1:1000 > 10.0.0.2:80"; a first packet.</summary>
    public static Packet First(string flow, string? input) => Packet.First(Tuple(flow), input);

    public static FlowTuple Tuple(string flow)
    {
        var words = flow.Split(' ');
        var protocol = Enum.Parse<Protocol>(words[0], ignoreCase: true);
        var (source, destination) = (Endpoint.Parse(words[1]), Endpoint.Parse(words[3]));
        return new FlowTuple(source.Address, source.Port, protocol, destination.Address, destination.Port);
    }

    public static IptablesRuleset Rules(params Table[] tables) => new(Family.Ipv4, tables.ToSeq());

    public static Table Nat(params Chain[] chains) => new(TableName.Nat, chains.ToSeq());

    public static Table Filter(params Chain[] chains) => new(TableName.Filter, chains.ToSeq());

    public static Chain Chain(string name, params Rule[] rules) => new(name, null, rules.ToSeq());

    public static Rule If(Target? target, params Match[] matches) => new(matches.ToSeq(), target);

    public static Match To(string cidr, bool inverted = false)
    {
        var prefix = Prefix.Parse(cidr);
        return new Match.Destination(prefix.Network, Ip.Create(prefix.Family, prefix.Mask), inverted);
    }

    public static Match From(string cidr, bool inverted = false)
    {
        var prefix = Prefix.Parse(cidr);
        return new Match.Source(prefix.Network, Ip.Create(prefix.Family, prefix.Mask), inverted);
    }

    public static Match Port(int port) => new Match.DestinationPort(new Port((ushort)port), new Port((ushort)port));

    public static Match Is(Protocol protocol) => new Match.OfProtocol(protocol);

    public static Match States(ConntrackStates states, bool inverted = false) => new Match.ConntrackState(states, inverted);

    public static Target Dnat(string to) => new Target.Dnat(Endpoint.Parse(to));

    public static Target Jump(string chain) => new Target.Jump(chain);

    public static readonly Target Accept = new Target.Accept(), Drop = new Target.Drop(), Return = new Target.Return();

    public static readonly Target Masquerade = new Target.Masquerade(false);
}

/// <summary>Gives the words it was told to, then fails: a test that draws more than it says is wrong.</summary>
internal sealed class ScriptedRandom(params uint[] words) : IRandomSource
{
    public int Used { get; private set; }

    public uint Next() => Used < words.Length
        ? words[Used++]
        : throw new InvalidOperationException($"more than {words.Length} random words were drawn");
}
