using System.Numerics;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using Xunit;
using static RuleCompiler.Tests.Emulation.World;

namespace RuleCompiler.Tests.Emulation;

public sealed class ExploreTests
{
    /// <summary>The nearest integer to 2^31 / n.</summary>
    private static uint Share(int n) => (uint)(((1L << 31) + (n / 2)) / n);

    internal static IptablesRuleset Balanced(int endpoints) => Rules(Nat(
        Chain("PREROUTING", If(Jump("SVC"), To("10.96.0.1/32"))),
        Chain("SVC", Enumerable.Range(0, endpoints).Select(i => i == endpoints - 1
            ? If(Dnat($"10.65.{i / 256}.{i % 256}:80"))
            : If(Dnat($"10.65.{i / 256}.{i % 256}:80"), new Match.Statistic(Share(endpoints - i)))).ToArray()),
        Chain("POSTROUTING", If(Masquerade, From("10.65.0.0/32")))));

    [Fact]
    public void Masses_are_the_kernels_thresholds_multiplied_exactly()
    {
        var world = new World(Balanced(3));
        var found = world.Emulator.Explore(First("tcp 203.0.113.7:1 > 10.96.0.1:80", "eth0")).Outcomes;
        var unit = BigInteger.One << 31;
        BigInteger first = Share(3), second = Share(2);
        BigInteger[] expected = [first * unit, (unit - first) * second, (unit - first) * (unit - second)];
        Assert.Equal(3, found.Count);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(new Outcome.Translated(Endpoint.Parse($"10.65.0.{i}:80"), false), found[i].Outcome);
            Assert.Equal(expected[i] * found[i].Denominator, found[i].Numerator * unit * unit);
            Assert.Equal(1, BigInteger.GreatestCommonDivisor(found[i].Numerator, found[i].Denominator));
            Assert.Equal(new Fate.Sent("eth0"), found[i].Example.Fate);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(250)]
    [InlineData(1000)]
    public void Every_endpoint_gets_its_share_to_within_a_unit_of_the_last_place(int endpoints)
    {
        var world = new World(Balanced(endpoints));
        var found = world.Emulator.Explore(First("tcp 203.0.113.7:1 > 10.96.0.1:80", "eth0")).Outcomes;
        Assert.Equal(endpoints, found.Count);
        var common = found.Aggregate(BigInteger.One, (most, next) => BigInteger.Max(most, next.Denominator));
        var sum = BigInteger.Zero;
        foreach (var outcome in found)
        {
            sum += outcome.Numerator * (common / outcome.Denominator);

            // |p - 1/n| <= 2^-31, multiplied out.
            var apart = BigInteger.Abs((outcome.Numerator * endpoints) - outcome.Denominator) << 31;
            Assert.True(apart <= outcome.Denominator * endpoints);
        }

        Assert.Equal(common, sum);
    }

    [Fact]
    public void Exploring_changes_nothing_and_draws_nothing()
    {
        var world = new World(Balanced(3), null, 0x7FFFFFFF, 0);
        var packet = First("tcp 203.0.113.7:1 > 10.96.0.1:80", "eth0");
        world.Emulator.Explore(packet);
        Assert.Equal(0, world.Emulator.FlowCount);
        var sent = world.Send(packet);
        Assert.Equal(new Outcome.Translated(Endpoint.Parse("10.65.0.1:80"), false), sent.Outcome);

        // The flow is decided now, also for an exploration.
        Assert.Equal(sent.Outcome, Assert.Single(world.Emulator.Explore(packet).Outcomes).Outcome);
    }

    [Fact]
    public void Equal_outcomes_are_merged_over_both_sides_of_an_inverted_choice()
    {
        var half = new Match.Statistic(1u << 30, Inverted: true);
        var world = new World(Rules(Filter(Chain("FORWARD", If(Drop, half), If(Accept, half), If(Drop)))));
        var found = world.Emulator.Explore(First("tcp 203.0.113.7:1 > 10.65.0.1:80", "eth0")).Outcomes;
        Assert.Equal(
            [(new Outcome.Untouched(), 1, 4), (new Outcome.Dropped(), 3, 4)],
            found.Select(each => (each.Outcome, (int)each.Numerator, (int)each.Denominator))
                .OrderBy(each => each.Item2));
    }

    [Fact]
    public void Certain_thresholds_do_not_branch()
    {
        var rules = Rules(Filter(Chain("FORWARD",
            If(Drop, new Match.Statistic(0)), If(Accept, new Match.Statistic(1u << 31)), If(Drop))));
        var found = new World(rules).Emulator.Explore(First("tcp 203.0.113.7:1 > 10.65.0.1:80", "eth0")).Outcomes;
        Assert.Equal(1, Assert.Single(found).Denominator);
    }

    [Fact]
    public void Independent_choices_in_a_row_are_refused_when_they_multiply_too_far()
    {
        var coins = Enumerable.Repeat(If(null, new Match.Statistic(1u << 30)), 20).ToArray();
        var world = new World(Rules(Filter(Chain("FORWARD", coins))));
        Assert.Throws<ExplorationTooLargeException>(
            () => world.Emulator.Explore(First("tcp 203.0.113.7:1 > 10.65.0.1:80", "eth0"), trace: false));
    }
}
