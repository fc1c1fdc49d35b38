using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using static RuleCompiler.Tests.Emulation.NftWorld;

namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// Makes two tables of a few rules: chains nest up to three deep, by rules and by verdict maps; choices are quarters;
/// one
/// set and one map remember what packets put into them.
/// </summary>
internal sealed class SmallNftWorlds(Random random, Ip[] addresses)
{
    private static readonly FieldType[] Remembered = [FieldType.Ipv4Addr, FieldType.InetService];

    private static readonly string[] Interfaces = ["cni0", "eth0", "lo"];

    private enum Place
    {
        DestinationNat,
        SourceNat,
        Filter,

        /// <summary>Rejections have no place there.</summary>
        Postrouting,
    }

    public NftRuleset Next() => new(Family.Ipv4, [MakeTable("a", 0), MakeTable("b", 5)]);

    private NftTable MakeTable(string name, int later)
    {
        var chains = new List<NftChain>
        {
            Base(NftChainType.Filter, NftHookPoint.Prerouting, -110 + later, Place.Filter),
            Base(NftChainType.Filter, NftHookPoint.Prerouting, -90 + later, Place.Filter),
            Base(NftChainType.Filter, NftHookPoint.Input, later, Place.Filter),
            Base(NftChainType.Filter, NftHookPoint.Forward, later, Place.Filter),
            Base(NftChainType.Filter, NftHookPoint.Output, -110 + later, Place.Filter),
            Base(NftChainType.Filter, NftHookPoint.Output, later, Place.Filter),
            Base(NftChainType.Filter, NftHookPoint.Postrouting, 90 + later, Place.Postrouting),
            Base(NftChainType.Nat, NftHookPoint.Postrouting, 100 + later, Place.SourceNat),
        };
        chains.Add(Base(NftChainType.Nat, NftHookPoint.Prerouting, -100 + later, Place.DestinationNat));
        if (name == "a") chains.Add(Base(NftChainType.Nat, NftHookPoint.Output, -100, Place.DestinationNat));
        foreach (var place in Enum.GetValues<Place>())
        {
            chains.Add(Chain($"{place}1", Rules(place, $"{place}2", $"{place}3")));
            chains.Add(Chain($"{place}2", Rules(place, $"{place}3")));
            chains.Add(Chain($"{place}3", Rules(place)));
        }

        return new NftTable(name, Sets().ToSortedSeq(), chains.ToSortedSeq());
    }

    private NftChain Base(NftChainType type, NftHookPoint point, int priority, Place place) => new(
        $"{type}{point}{priority}",
        new NftHook(type, point, priority, place == Place.Filter && random.Next(24) == 0),
        Rules(place, $"{place}1", $"{place}2", $"{place}3").ToSeq());

    private IEnumerable<NftSet> Sets()
    {
        yield return Set("ranges", [FieldType.Ipv4Addr, FieldType.InetService],
            [El($"10.0.0.0-10.0.0.{random.Next(3)} . {Port()}"), El($"10.0.0.3 . 1-{Port()}")]);
        foreach (var place in Enum.GetValues<Place>())
        {
            var elements = addresses.SelectMany(address => Enumerable.Range(1, 2).Select(port => (address, port)))
                .Where(_ => random.Next(3) > 0)
                .Select(each =>
                    El($"{each.address} . {(random.Next(3) > 0 ? "tcp" : "udp")} . {each.port}", Verdict(place)));
            yield return Vmap($"to{place}", FrontendKey, elements.ToArray());
        }

        yield return Map("endpoints", [FieldType.Ipv4Addr, FieldType.Integer], Remembered,
            addresses.SelectMany(address => Enumerable.Range(0, 4).Select(i => (address, i))).Where(_ =>
                random.Next(4) > 0)
                .Select(each => El($"{each.address} . {each.i}", $"{Address()}:{Port()}")).ToArray());
        yield return Dynamic("seen", [FieldType.Ipv4Addr], size: random.Next(1, 3));
        yield return Dynamic("slots", Remembered, [FieldType.ClassId]);
    }

    private NftRule[] Rules(Place place, params string[] chains) =>
        Enumerable.Range(0, random.Next(3)).Select(_ => MakeRule(place, chains)).ToArray();

    private NftRule MakeRule(Place place, string[] chains)
    {
        var statements = Enumerable.Range(0, random.Next(3)).Select(_ => Match()).ToList();
        if (random.Next(3) == 0) statements.Add(Act());
        switch (random.Next(8))
        {
            case 0: break;
            case 1: statements.Add(End(Return)); break;
            case 2 or 3 when chains.Length > 0:
                var chain = chains[random.Next(chains.Length)];
                statements.Add(random.Next(3) == 0 ? Goto(chain) : Jump(chain));
                break;

            // The elements lead to the deepest chains, so that only these may not ask the map.
            case 4 or 5 when chains.Length > 0: statements.Add(Vmap(ToFrontend, $"to{place}")); break;
            default: statements.Add(Leaf(place)); break;
        }

        return new NftRule(statements.ToSeq());
    }

    private NftVerdict Verdict(Place place) => random.Next(5) switch
    {
        0 => Continue,
        1 => new NftVerdict.Goto($"{place}3"),
        2 => new NftVerdict.Jump($"{place}3"),
        3 => Return,
        _ => Accept,
    };

    private Statement Leaf(Place place) => place switch
    {
        Place.DestinationNat => random.Next(4) switch
        {
            0 => End(Accept),
            1 => Dnat($"{Address()}:{Port()}"),
            2 => Dnat(MapOf(Concat(Destination, Numgen(4)), "endpoints")),
            _ => Dnat(Value($"{Address()}")),
        },
        Place.SourceNat => random.Next(3) == 0 ? End(Accept) : Masquerade,
        Place.Filter => random.Next(8) switch
        {
            0 => End(Drop),
            1 => new Statement.Reject(NftRejectKind.PortUnreachable),
            _ => End(Accept),
        },
        Place.Postrouting => random.Next(6) == 0 ? End(Drop) : End(Accept),
    };

    private Statement Act() => random.Next(6) switch
    {
        0 => SetMark(new Expression.Bitwise(Mark, (uint)random.Next(4), (uint)random.Next(4))),
        1 => SetMark(Numgen(2, 1)),
        2 => new Statement.SetMeta(MetaKey.Priority, MapOf(Concat(Source, DestinationPort), "slots")),
        3 => new Statement.Dynamic(
            random.Next(4) == 0 ? DynamicAction.Delete : DynamicAction.Add, "seen", random.Next(2) == 0 ? Source
                : Destination, null, null),
        4 => new Statement.Dynamic(DynamicAction.Update, "slots", Concat(Source, DestinationPort), null, Priority),
        _ => new Statement.SetMeta(MetaKey.Priority, Numgen(2, (uint)random.Next(3))),
    };

    private Statement Match()
    {
        var relation = (Relation)random.Next(6);
        return random.Next(12) switch
        {
            0 => Relates(random.Next(2) == 0 ? Source : Destination, relation, Address().Bits),
            1 => Relates(DestinationPort, relation, (uint)Port()),
            2 => Is(L4Proto, random.Next(2) == 0 ? 6u : 17u),
            3 => Relates(Mark, relation, (uint)random.Next(4)),
            4 => new Statement.Bits(Mark, (uint)random.Next(1, 4), random.Next(2) == 0),
            5 => new Statement.Bits(Status, (uint)CtStatus.Dnat, random.Next(2) == 0),
            6 => Relates(
                new Expression.FibType(random.Next(2) == 0), (Relation)random.Next(2), Expression.FibType.Local),
            7 => Is(random.Next(2) == 0 ? Input : Output, NaiveNft.NameOf(Interfaces[random.Next(3)])),
            8 => InSet(
                Concat(random.Next(2) == 0 ? Source : Destination, DestinationPort), "ranges", random.Next(2) == 0),
            9 => InSet(random.Next(2) == 0 ? Source : Destination, "seen", random.Next(2) == 0),
            10 => Relates(Priority, relation, (uint)random.Next(4)),
            _ => Relates(Numgen(2), Relation.Equal, (uint)random.Next(2)),
        };
    }

    private Ip Address() => addresses[random.Next(addresses.Length)];

    private int Port() => random.Next(1, 3);
}
