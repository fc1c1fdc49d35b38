using System.Numerics;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Emulator;
using Xunit;
using static RuleCompiler.Tests.Emulation.NftWorld;

namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// Each expression and match on its own: a rule that drops at forward, and whether it takes one packet.
/// </summary>
public sealed class NftExpressionTests
{
    private const string Flow = "tcp 10.64.0.5:1000 > 203.0.113.9:443";

    public static TheoryData<string, Statement, bool> Cases()
    {
        var data = new TheoryData<string, Statement, bool>();
        void Add(string name, Statement match, bool holds) => data.Add(name, match, holds);
        Add("source", Is(Source, Number("10.64.0.5")), true);
        Add("other source", Is(Source, Number("10.64.0.6")), false);
        Add("source prefix", Relates(Source, Relation.Equal, Number("10.64.0.0"), Number("10.64.255.255")), true);
        Add("source range, no prefix", Relates(Source, Relation.Equal, Number("10.64.0.5"), Number("10.64.0.7")), true);
        Add("beyond the range", Relates(Source, Relation.Equal, Number("10.64.0.6"), Number("10.64.0.7")), false);
        Add("not in the range", Relates(Source, Relation.NotEqual, Number("10.64.0.6"), Number("10.64.0.7")), true);
        Add("list", Is(Destination, Number("10.0.0.1"), Number("203.0.113.9")), true);
        Add("not in a list", new Statement.Match(Destination, Relation.NotEqual,
            [new KeyField(Number("203.0.113.9")), new KeyField(1)]), false);
        Add("port below", Relates(DestinationPort, Relation.Less, 444), true);
        Add("port not below", Relates(DestinationPort, Relation.Less, 443), false);
        Add("nothing is below 0", Relates(DestinationPort, Relation.Less, 0), false);
        Add("port at most", Relates(DestinationPort, Relation.LessOrEqual, 443), true);
        Add("port above", Relates(DestinationPort, Relation.Greater, 442), true);
        Add("nothing is above 65535", Relates(DestinationPort, Relation.Greater, 65535), false);
        Add("port at least", Relates(DestinationPort, Relation.GreaterOrEqual, 443), true);
        Add("source port", Is(SourcePort, 1000), true);
        Add("protocol", Is(L4Proto, 6), true);
        Add("protocols", Is(L4Proto, 17, 6), true);
        Add("not protocol", Relates(L4Proto, Relation.NotEqual, 6), false);
        Add("mark", Is(Mark, 0x12345624), true);
        Add("mark bits",
            new Statement.Match(new Expression.Bitwise(Mark, 0xF0, 0), Relation.NotEqual, [new KeyField(0)]), true);
        Add("mark bits are not all", Is(new Expression.Bitwise(Mark, 0xF0, 0), 0x24), false);
        Add("mark xor", Is(new Expression.Bitwise(Mark, 0xFF, 0x04), 0x20), true);
        Add("any mark bit", Relates(new Expression.Bitwise(Mark, 0x14, 0), Relation.NotEqual, 0), true);
        Add("none of these mark bits", Is(new Expression.Bitwise(Mark, 0x14, 0), 0), false);
        Add("priority begins as 0", Is(Priority, 0), true);
        Add("input", Is(Input, Name("cni0")), true);
        Add("input prefix", Relates(Input, Relation.Equal, Name("cni"), Name("cni") | (UInt128.MaxValue >> 24)), true);
        Add("other input prefix", Relates(Input, Relation.Equal, Name("eth"), Name("eth") | (UInt128.MaxValue >> 24)),
            false);
        Add("output", Is(Output, Name("eth0")), true);
        Add("state new", new Statement.Bits(State, (uint)CtState.New, false), true);
        Add("not state new", new Statement.Bits(State, (uint)CtState.New, true), false);
        Add("state established or related",
            new Statement.Bits(State, (uint)(CtState.Established | CtState.Related), false), false);
        Add("state is exactly new", Is(State, (uint)CtState.New), true);
        Add("status dnat", new Statement.Bits(Status, (uint)CtStatus.Dnat, false), false);
        Add("not status dnat", new Statement.Bits(Status, (uint)CtStatus.Dnat, true), true);
        Add("ct mark", Is(new Expression.Ct(CtKey.Mark), 0), true);
        Add("source type local", Is(new Expression.FibType(true), Expression.FibType.Local), false);
        Add("destination type not local",
            Relates(new Expression.FibType(false), Relation.NotEqual, Expression.FibType.Local), true);
        Add("concatenation", InSet(ToFrontend, El("10.0.0.1 . tcp . 443"), El("203.0.113.9 . tcp . 443")), true);
        Add("fields keep apart", InSet(Concat(SourcePort, DestinationPort), El("443 . 1000")), false);
        Add("ranges of a concatenation", InSet(ToFrontend, El("203.0.113.0/24 . tcp . 400-500")), true);
        Add("outside one of the ranges", InSet(ToFrontend, El("203.0.113.0/24 . tcp . 400-442")), false);
        Add("masked address in a key",
            InSet(Concat(new Expression.Bitwise(Destination, 0, 0), L4Proto, DestinationPort),
                El("0.0.0.0 . tcp . 443")), true);
        Add("a counter", new Statement.Counter(), true);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void Match_holds(string name, Statement match, bool holds)
    {
        var ports = Map("ports", [FieldType.InetService], [FieldType.Mark], El("443", "7"));
        var world = new NftWorld(Rules(Table([ports], Filter(NftHookPoint.Forward, Do(match, End(Drop))))));
        var passage = world.Send(World.First(Flow, "cni0") with { Mark = 0x12345624 });
        Assert.True(passage.Fate is Fate.Dropped == holds, name);
    }

    [Fact]
    public void An_address_of_IPv6_fills_four_registers()
    {
        FieldType[] pair = [FieldType.Ipv6Addr, FieldType.Ipv6Addr, FieldType.InetProto, FieldType.InetService];
        var set = Set("pairs", pair, El("fd00:64::5 . 2001:db8::1 . udp . 53"));
        var rule = Do(InSet(Concat(Source, Destination, L4Proto, DestinationPort), "pairs"), End(Drop));
        var world = new NftWorld(Rules6(Table([set], Filter(NftHookPoint.Forward, rule))));
        Assert.IsType<Fate.Dropped>(world.Send("udp [fd00:64::5]:1 > [2001:db8::1]:53", "cni0").Fate);
        Assert.IsType<Fate.Sent>(world.Send("udp [fd00:64::5]:1 > [2001:db8:1::1]:53", "cni0").Fate);
    }

    /// <summary>
    /// nft_ct.c:nft_ct_get_eval: a packet without a flow has the state invalid, and nothing else (NFT_BREAK).
    /// </summary>
    [Fact]
    public void Without_a_flow_ct_has_only_a_state()
    {
        var stray = World.First(Flow, "cni0") with { Tcp = TcpFlags.Rst };
        Fate Of(Statement match) =>
            new NftWorld(Rules(Table(Filter(NftHookPoint.Forward, Do(match, End(Drop)))))).Send(stray).Fate;
        Assert.IsType<Fate.Dropped>(Of(new Statement.Bits(State, (uint)CtState.Invalid, false)));
        Assert.IsType<Fate.Sent>(Of(new Statement.Bits(Status, (uint)CtStatus.Dnat, true)));
        Assert.IsType<Fate.Sent>(Of(Is(new Expression.Ct(CtKey.Mark), 0)));
    }

    /// <summary>
    /// nft_payload.c:nft_payload_eval reads bytes, not ports: those of an ICMP message are its type, code and checksum.
    /// A ping 0x1234 without data: 0xffff - 0x0800 - 0x1234 = 0xe5cb; ICMPv6 adds its pseudo-header.
    /// </summary>
    [Theory]
    [InlineData("icmp 10.64.0.5:4660 > 203.0.113.9:0", 0x0800, 0xe5cb)]
    [InlineData("icmpv6 [fd00:64::5]:4660 > [2001:db8::9]:0", 0x8000, 0x425d)]
    public void The_ports_of_a_ping_are_its_first_bytes(string flow, int first, int second)
    {
        var isIpv6 = flow.StartsWith("icmpv6", StringComparison.Ordinal);
        var table = Table(
            Filter(NftHookPoint.Forward,
            Do(Is(SourcePort, (uint)first), Is(DestinationPort, (uint)second), End(Drop))));
        var world = new NftWorld(isIpv6 ? Rules6(table) : Rules(table));
        Assert.IsType<Fate.Dropped>(world.Send(flow, "cni0").Fate);
    }

    /// <summary>reciprocal_scale of include/linux/kernel.h @v6.1: (word · M) >> 32.</summary>
    [Theory]
    [InlineData(3u, 0u, 0u, 0u)]
    [InlineData(3u, 0u, 0x55555555u, 0u)]
    [InlineData(3u, 0u, 0x55555556u, 1u)]
    [InlineData(3u, 0u, 0xAAAAAAAAu, 1u)]
    [InlineData(3u, 0u, 0xAAAAAAABu, 2u)]
    [InlineData(3u, 65536u, 0xFFFFFFFFu, 65538u)]
    [InlineData(1u, 0u, 0xFFFFFFFFu, 0u)]
    [InlineData(4294967295u, 0u, 0xFFFFFFFFu, 4294967294u)]
    public void A_random_number_is_a_scaled_word(uint modulus, uint offset, uint word, uint number)
    {
        var rules = Rules(Table(Filter(NftHookPoint.Forward, Do(SetMark(Numgen(modulus, offset))))));
        Assert.Equal(number, new NftWorld(rules, null, word).Send(Flow, "cni0").Sent.Mark);
    }

    [Fact]
    public void An_exploration_knows_the_exact_share_of_every_number()
    {
        var verdicts = Enumerable.Range(0, 3).Select(i => El($"{i}", i == 0 ? Drop : Accept)).ToArray();
        var rules = Rules(Table(Filter(NftHookPoint.Forward, Do(Vmap(Numgen(3), verdicts)))));
        var found = new NftWorld(rules).Emulator.Explore(World.First(Flow, "cni0")).Outcomes;

        // Words 0 to 0x55555555 give 0: one third, rounded up.
        Assert.Equal(
            [(new BigInteger(0x55555556), BigInteger.Pow(2, 32)), (new BigInteger(0xAAAAAAAA), BigInteger.Pow(2, 32))],
            found.Select(each => (Scaled(each), BigInteger.Pow(2, 32))));

        static BigInteger Scaled(WeightedOutcome each) => each.Numerator * BigInteger.Pow(2, 32) / each.Denominator;
    }

    [Fact]
    public void Two_numbers_in_one_statement_are_independent()
    {
        FieldType[] pair = [FieldType.Integer, FieldType.Integer];
        var set = Set("pairs", pair, El("0 . 3"), El("1 . 2"));
        var rules = Rules(
            Table([set], Filter(NftHookPoint.Forward, Do(InSet(Concat(Numgen(2), Numgen(4)), "pairs"), End(Drop)))));
        var found = new NftWorld(rules).Emulator.Explore(World.First(Flow, "cni0")).Outcomes;
        Assert.Equal([(3, 4), (1, 4)], found.Select(each => ((int)each.Numerator, (int)each.Denominator)));
    }

    /// <summary>
    /// nft_numgen.c:nft_ng_inc_init sets the counter to M - 1, and the first packet moves it on to 0.
    /// </summary>
    [Fact]
    public void A_counting_number_begins_at_0_and_exploring_does_not_move_it()
    {
        var rules = Rules(Table(Filter(NftHookPoint.Forward, Do(SetMark(new Expression.Numgen(false, 3, 10))))));
        var world = new NftWorld(rules);
        var marks = new List<uint>();
        for (var i = 0; i < 5; i++)
        {
            marks.Add(world.Emulator.Explore(World.First(Flow, "cni0")).Outcomes[0].Example.Sent.Mark);
            marks.Add(world.Send(Flow, "cni0").Sent.Mark);
        }

        Assert.Equal([10u, 10u, 11u, 11u, 12u, 12u, 10u, 10u, 11u, 11u], marks);
    }

    private static UInt128 Name(string name) =>
        name.Select((letter, i) => (UInt128)letter << (8 * (15 - i))).Aggregate((left, right) => left | right);
}
