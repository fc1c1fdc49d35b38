using FsCheck;
using FsCheck.Fluent;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using G = FsCheck.Fluent.Gen;

namespace RuleCompiler.Tests.Gen;

/// <summary>
/// Arbitrary rulesets in canonical form: every match and target, every family, chains that go to one another. What the
/// kernel normalises away (a mask without bits, all 65536 ports, a built-in chain without rules) does not occur.
/// </summary>
public static class RulesetGen
{
    private static readonly string[] UserChains = ["A", "KUBE-SERVICES", "KUBE-SVC-0123456789ABCDEF", "cali-x:y", "z#1"];

    public static Arbitrary<IptablesRuleset> Rulesets() => Arb.From(Ruleset, Shrink);

    private static Gen<bool> Flag => G.Elements(false, true);

    private static Gen<IptablesRuleset> Ruleset =>
        from family in G.Elements(Family.Ipv4, Family.Ipv6)
        from present in G.SubListOf(TableFacts.All.ToArray())
        from tables in G.CollectToArray(present.Order().Select(name => OneTable(name, family)))
        select new IptablesRuleset(family, tables.Where(table => !table.Chains.IsEmpty).ToSeq());

    private static Gen<Table> OneTable(TableName name, Family family)
    {
        var builtIn = name.BuiltInChains().ToArray();
        return
            from users in G.SubListOf(UserChains)
            let order = builtIn.Concat(users.Order(StringComparer.Ordinal)).ToArray()
            from chains in G.CollectToArray(order.Select(chain =>
                OneChain(chain, builtIn.Contains(chain), users.ToArray(), family)))
            select new Table(name, chains
                .Where(chain => chain.Policy is not null || !chain.Rules.IsEmpty || !name.IsBuiltIn(chain.Name)).ToSeq());
    }

    private static Gen<Chain> OneChain(string name, bool builtIn, string[] users, Family family) =>
        from policy in builtIn
            ? G.Elements<Policy?>(null, Policy.Accept, Policy.Drop)
            : G.Constant<Policy?>(null)
        from rules in OneRule(users, family).ListOf().Resize(4)
        select new Chain(name, policy, rules.ToSeq());

    private static Gen<Rule> OneRule(string[] chains, Family family) =>
        from header in Header(family)
        let protocol = header.OfType<Match.OfProtocol>().SingleOrDefault(match => !match.Inverted)?.Protocol
        from extensions in Extension(protocol, family).ListOf().Resize(3)
        from target in OneTarget(chains, protocol, family)
        from comment in Comment
        select new Rule([.. header, .. extensions], target, comment);

    private static Gen<Match[]> Header(Family family) =>
        from source in Optional(Network(family), (network, not) => new Match.Source(network.Address, network.Mask, not))
        from destination in Optional(Network(family), (network, not) => new Match.Destination(network.Address, network.Mask, not))
        from input in Optional(Interface, (name, not) => new Match.InInterface(name, not))
        from output in Optional(Interface, (name, not) => new Match.OutInterface(name, not))
        from protocol in Optional(G.Elements(Enum.GetValues<Protocol>()), (value, not) => new Match.OfProtocol(value, not))
        select new[] { source, destination, input, output, protocol }.OfType<Match>().ToArray();

    private static Gen<Match?> Optional<T>(Gen<T> gen, Func<T, bool, Match> make) => G.Frequency(
        (2, G.Constant<Match?>(null)),
        (1, from value in gen from inverted in Flag select (Match?)make(value, inverted)));

    private static Gen<(Ip Address, Ip Mask)> Network(Family family) =>
        from bits in Bits(family)
        from length in G.Choose(1, family.AddressBits())
        from odd in Bits(family)
        from contiguous in G.Frequency((3, G.Constant(true)), (1, G.Constant(false)))
        let mask = Ip.Create(family, contiguous || odd == 0 ? UInt128.MaxValue << (family.AddressBits() - length) : odd)
        select (Ip.Create(family, bits & mask.Bits), mask);

    private static Gen<UInt128> Bits(Family family) =>
        from words in G.ArrayOf(Word, 4)
        select words.Aggregate(UInt128.Zero, (bits, word) => (bits << 32) | word) & family.HostMask();

    private static Gen<uint> Word => G.Frequency(
        (2, G.Choose(0, 0xffff).Select(low => (uint)low)),
        (2, from high in G.Choose(0, 0xffff)
            from low in G.Choose(0, 0xffff)
            select ((uint)high << 16) | (uint)low),
        (1, G.Elements(0u, 1u, 0x4000u, uint.MaxValue)));

    private static Gen<string> Interface => G.Elements("lo", "eth0", "cni0", "veth+", "eth0.100", "a-15-char-name!");

    private static Gen<Match> Extension(Protocol? protocol, Family family)
    {
        List<Gen<Match>> all =
        [
            from states in G.Choose(1, 127) from inverted in Flag
            select (Match)new Match.ConntrackState((ConntrackStates)states, inverted),
            from value in Word from mask in Word from inverted in Flag select (Match)new Match.Mark(value, mask, inverted),
            Flag.Select(inverted => (Match)new Match.SourceIsLocal(inverted)),
            Flag.Select(inverted => (Match)new Match.DestinationIsLocal(inverted)),
            from threshold in Word from inverted in Flag
            select (Match)new Match.Statistic(Math.Min(threshold, 1u << 31), inverted),
            Recent(family),
            from program in Instruction.NonEmptyListOf().Resize(20)
            select (Match)new Match.Bpf(program.Take(64).ToSeq()),
            G.Elements("ct_state_invalid_dropped_pkts", "x").Select(name => (Match)new Match.Nfacct(name)),
            from name in G.Elements("KUBE-CLUSTER-IP", "KUBE-6-LOAD-BALANCER-SOURCE-CID", "odd\"name")
            from dimensions in G.Elements(SetDimension.Source, SetDimension.Destination).NonEmptyListOf().Resize(6)
            from inverted in Flag
            select (Match)new Match.InSet(name, dimensions.ToSeq(), inverted),
            Flag.Select(inverted => (Match)new Match.IsFromBridgePort(inverted)),
            Flag.Select(inverted => (Match)new Match.IsThroughIpvs(inverted)),
            from bits in Bits(family)
            from server in G.Elements(Protocol.Tcp, Protocol.Udp, Protocol.Sctp)
            from port in Ports
            select (Match)new Match.ToVirtualServer(Ip.Create(family, bits), server, port.First),
        ];
        if (protocol is { } known && known.HasPorts())
        {
            all.Add(from ports in Ports
                    from inverted in Flag
                    select (Match)new Match.SourcePort(ports.First, ports.Last, inverted));
            all.Add(from ports in Ports
                    from inverted in Flag
                    select (Match)new Match.DestinationPort(ports.First, ports.Last, inverted));
        }

        return G.OneOf(all);
    }

    private static Gen<(Port First, Port Last)> Ports =>
        from first in G.Choose(0, ushort.MaxValue)
        from last in G.OneOf(
            G.Constant(first), G.Choose(first, ushort.MaxValue))
        select first == 0 && last == ushort.MaxValue
            ? (new Port(1), new Port(ushort.MaxValue))
            : (new Port((ushort)first), new Port((ushort)last));

    private static Gen<Match> Recent(Family family) =>
        from action in G.Elements(Enum.GetValues<RecentAction>())
        from list in G.Elements("DEFAULT", "KUBE-SEP-0123456789ABCDEF", "with\"quote", "7")
        from seconds in G.Choose(0, 86_400)
        from hits in G.Choose(0, 255)
        from reap in Flag
        from mask in Bits(family)
        from inverted in Flag
        let checks = action is RecentAction.Check or RecentAction.Update
        select (Match)new Match.Recent(action, list, checks ? seconds : 0, checks ? hits : 0, checks && reap && seconds > 0,
            Ip.Create(family, mask), inverted);

    private static Gen<BpfInstruction> Instruction =>
        from code in G.Choose(0, ushort.MaxValue)
        from jumps in G.Choose(0, ushort.MaxValue)
        from k in Word
        select new BpfInstruction((ushort)code, (byte)jumps, (byte)(jumps >> 8), k);

    private static Gen<Target?> OneTarget(string[] chains, Protocol? protocol, Family family)
    {
        List<Gen<Target?>> all =
        [
            G.Elements<Target?>(null, new Target.Accept(), new Target.Drop(), new Target.Return(),
                new Target.Masquerade(false), new Target.Masquerade(true)),
            from clear in Word from flip in Word select (Target?)new Target.SetMark(clear, flip),
            G.Elements(Enum.GetValues<RejectKind>())
                .Where(kind => kind != RejectKind.TcpReset || protocol == Protocol.Tcp)
                .Where(kind => kind != RejectKind.ProtocolUnreachable || family == Family.Ipv4)
                .Select(kind => (Target?)new Target.Reject(kind)),
        ];
        if (chains.Length > 0)
        {
            all.Add(G.Elements(chains).Select(chain => (Target?)new Target.Jump(chain)));
            all.Add(G.Elements(chains).Select(chain => (Target?)new Target.Goto(chain)));
        }

        if (protocol is { } known && known.HasPorts())
        {
            all.Add(from bits in Bits(family)
                    from port in G.Choose(1, ushort.MaxValue)
                    select (Target?)new Target.Dnat(new Endpoint(Ip.Create(family, bits), new Port((ushort)port))));
        }

        return G.OneOf(all);
    }

    private static Gen<string?> Comment => G.Frequency(
        (1, G.Constant<string?>(null)),
        (1, G.Elements<string?>("ns/name:port cluster IP", "plain", "'", "\\", "\"", "!", "-j", "# ]", "é→𝄞", new string('x', 255))),
        (1, G.Choose(' ', '~').Select(code => (char)code).NonEmptyListOf().Resize(60)
            .Select(characters => (string?)string.Concat(characters))));

    /// <summary>A rule less, a match less, or a table less; chains stay, so that no rule loses its target.</summary>
    private static IEnumerable<IptablesRuleset> Shrink(IptablesRuleset ruleset)
    {
        foreach (var table in ruleset.Tables.ToArray())
        {
            yield return ruleset with { Tables = ruleset.Tables.Where(other => other != table).ToSeq() };
            foreach (var chain in table.Chains.ToArray())
            {
                for (var i = 0; i < chain.Rules.Count; i++)
                {
                    var at = i;
                    yield return With(chain with { Rules = chain.Rules.Where((_, index) => index != at).ToSeq() });
                }
            }

            IptablesRuleset With(Chain changed) => ruleset with
            {
                Tables = ruleset.Tables.Select(other => other.Name != table.Name ? other : other with
                {
                    Chains = other.Chains.Select(chain => chain.Name == changed.Name ? changed : chain)
                        .Where(chain => chain.Policy is not null || !chain.Rules.IsEmpty || !table.Name.IsBuiltIn(chain.Name))
                        .ToSeq(),
                }).Where(other => !other.Chains.IsEmpty).ToSeq(),
            };
        }
    }
}
