using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using Xunit;
using static RuleCompiler.Tests.Emulation.World;

namespace RuleCompiler.Tests.Emulation;

/// <summary>xt_recent: through rules that drop what is in the list, and the list itself.</summary>
public sealed class RecentTests
{
    private static readonly Ip Host = Ip.V4(uint.MaxValue);

    private static Match.Recent Seen(
        RecentAction action, string list = "L", int seconds = 0, int hits = 0, bool reap = false, Ip? mask = null) =>
        new(action, list, seconds, hits, reap, mask ?? Host);

    /// <summary>UDP to port 1 adds the source, to port 2 removes it; anything else is dropped when the check holds.</summary>
    private static IptablesRuleset Listed(Match.Recent check, Ip? mask = null) => Rules(Filter(Chain("FORWARD",
        If(Accept, Is(Protocol.Udp), Port(1), Seen(RecentAction.Set, mask: mask)),
        If(Accept, Is(Protocol.Udp), Port(2), Seen(RecentAction.Remove, mask: mask)),
        If(Drop, check))));

    private static Passage To(World world, string source, int port) =>
        world.Send(First($"udp {source}:9 > 203.0.113.9:{port}", "cni0"));

    private static bool IsListed(World world, string source) => To(world, source, 3).Fate is Fate.Dropped;

    [Fact]
    public void A_source_is_found_after_set_and_not_after_remove()
    {
        var world = new World(Listed(Seen(RecentAction.Check)));
        Assert.False(IsListed(world, "10.64.0.5"));
        To(world, "10.64.0.5", 1);
        Assert.True(IsListed(world, "10.64.0.5"));
        Assert.False(IsListed(world, "10.64.0.6"));
        To(world, "10.64.0.5", 2);
        Assert.False(IsListed(world, "10.64.0.5"));
    }

    [Fact]
    public void Seconds_count_to_the_stamp_inclusively_and_a_check_does_not_refresh()
    {
        var world = new World(Listed(Seen(RecentAction.Check, seconds: 10)));
        To(world, "10.64.0.5", 1);
        world.Wait(10);
        Assert.True(IsListed(world, "10.64.0.5"));
        world.Wait(0.001);
        Assert.False(IsListed(world, "10.64.0.5"));
    }

    [Fact]
    public void An_update_refreshes_when_it_holds()
    {
        var world = new World(Listed(Seen(RecentAction.Update, seconds: 10)));
        To(world, "10.64.0.5", 1);
        for (var i = 0; i < 5; i++)
        {
            world.Wait(9);
            Assert.True(IsListed(world, "10.64.0.5"));
        }

        world.Wait(10.5);
        Assert.False(IsListed(world, "10.64.0.5"));
    }

    [Fact]
    public void Hit_count_asks_for_that_many_stamps_within_the_seconds()
    {
        var world = new World(Listed(Seen(RecentAction.Check, seconds: 10, hits: 3)));
        To(world, "10.64.0.5", 1);
        world.Wait(9);
        To(world, "10.64.0.5", 1);
        To(world, "10.64.0.5", 1);
        Assert.True(IsListed(world, "10.64.0.5"));
        world.Wait(2);
        Assert.False(IsListed(world, "10.64.0.5"));
    }

    [Fact]
    public void A_full_list_forgets_the_source_that_was_set_longest_ago()
    {
        var world = new World(Listed(Seen(RecentAction.Check)), Network4 with { RecentListEntries = 2 });
        To(world, "10.64.0.5", 1);
        To(world, "10.64.0.6", 1);
        To(world, "10.64.0.5", 1);
        To(world, "10.64.0.7", 1);
        Assert.False(IsListed(world, "10.64.0.6"));
        Assert.True(IsListed(world, "10.64.0.5"));
        Assert.True(IsListed(world, "10.64.0.7"));
    }

    [Fact]
    public void The_hundred_and_first_client_evicts_the_first()
    {
        var world = new World(Listed(Seen(RecentAction.Check)));
        for (var i = 0; i <= 100; i++) To(world, $"10.64.0.{i}", 1);
        Assert.False(IsListed(world, "10.64.0.0"));
        Assert.True(IsListed(world, "10.64.0.1"));
    }

    [Fact]
    public void A_mask_keeps_one_entry_a_network()
    {
        var mask = Ip.Parse("255.255.255.0");
        var world = new World(Listed(Seen(RecentAction.Check, mask: mask), mask));
        To(world, "10.64.0.5", 1);
        Assert.True(IsListed(world, "10.64.0.99"));
        Assert.False(IsListed(world, "10.64.1.5"));
    }

    [Fact]
    public void Inverted_a_check_holds_for_who_is_not_there()
    {
        var world = new World(Listed(Seen(RecentAction.Check) with { Inverted = true }));
        Assert.True(IsListed(world, "10.64.0.5"));
        To(world, "10.64.0.5", 1);
        Assert.False(IsListed(world, "10.64.0.5"));
    }

    [Fact]
    public void A_list_lives_as_long_as_a_rule_names_it()
    {
        var rules = IptablesTranslator.Translate(Listed(Seen(RecentAction.Check)));
        var world = new World(Listed(Seen(RecentAction.Check)));
        To(world, "10.64.0.5", 1);
        world.Emulator.Load(rules);
        Assert.True(IsListed(world, "10.64.0.5"));
        world.Emulator.Load(IptablesTranslator.Translate(Rules(Filter())));
        world.Emulator.Load(rules);
        Assert.False(IsListed(world, "10.64.0.5"));
    }

    [Fact]
    public void Exploring_sees_what_its_own_branch_set_and_leaves_the_list_alone()
    {
        // Half of the packets set; those and only those are found by the check behind it.
        var world = new World(Rules(Filter(Chain("FORWARD",
            If(null, new Match.Statistic(1u << 30), Seen(RecentAction.Set)),
            If(Drop, Seen(RecentAction.Check))))));
        var packet = First("udp 10.64.0.5:9 > 203.0.113.9:3", "cni0");
        for (var i = 0; i < 2; i++)
        {
            var outcomes = world.Emulator.Explore(packet).Outcomes;
            Assert.Equal(["drop 1/2", "untouched 1/2"],
                outcomes.Select(each => $"{each.Outcome} {each.Numerator}/{each.Denominator}").Order());
        }
    }

    private const long Second = TimeSpan.TicksPerSecond;

    private static RecentQuery Query(RecentAction action, int seconds = 0, int hits = 0, bool reap = false) =>
        new(action, 0, seconds, hits, reap, UInt128.MaxValue);

    [Fact]
    public void Reaping_looks_at_the_longest_untouched_entry_only_and_only_when_the_source_is_known()
    {
        var list = new RecentList(100);
        foreach (UInt128 address in new UInt128[] { 1, 2, 3 }) list.Evaluate(Query(RecentAction.Set), false, address, 0);
        var check = Query(RecentAction.Check, seconds: 10, reap: true);

        // A stranger's check reaps nothing; a known source's reaps the head, even when that is another's entry.
        Assert.False(list.Evaluate(check, false, 9, 20 * Second));
        Assert.False(list.Evaluate(check, false, 3, 20 * Second));
        Assert.False(list.Evaluate(Query(RecentAction.Check), false, 1, 20 * Second));
        Assert.True(list.Evaluate(Query(RecentAction.Check), false, 2, 20 * Second));
    }

    [Fact]
    public void An_entry_keeps_its_last_32_stamps()
    {
        // Measured on Linux 6.18: after 40 packets /proc/net/xt_recent shows 32 stamps, the ring at 8.
        var list = new RecentList(100);
        for (var i = 0; i < 40; i++) list.Evaluate(Query(RecentAction.Set), false, 1, i * Second);
        Assert.True(list.Evaluate(Query(RecentAction.Check, hits: 32), false, 1, 40 * Second));
        Assert.False(list.Evaluate(Query(RecentAction.Check, hits: 33), false, 1, 40 * Second));
        Assert.True(list.Evaluate(Query(RecentAction.Check, seconds: 32, hits: 32), false, 1, 40 * Second));
        Assert.False(list.Evaluate(Query(RecentAction.Check, seconds: 31, hits: 32), false, 1, 40 * Second));
    }

    [Fact]
    public void A_larger_hit_count_makes_room_and_flushes_the_list()
    {
        var list = new RecentList(100);
        list.Evaluate(Query(RecentAction.Set), false, 1, 0);
        list.Remember(20);
        Assert.Equal(32, list.StampsMax);
        Assert.True(list.Evaluate(Query(RecentAction.Check), false, 1, 0));
        list.Remember(40);
        Assert.Equal(64, list.StampsMax);
        Assert.False(list.Evaluate(Query(RecentAction.Check), false, 1, 0));
    }
}
