using FsCheck.Xunit;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

/// <summary>Schedulers by themselves: each picks what its file in net/netfilter/ipvs @v6.1 says.</summary>
public sealed class SchedulerTests
{
    private static readonly ConnTuple _flow = ConnTuple.Of(World.Tuple("tcp 10.64.0.5:1000 > 10.96.0.1:80"));

    /// <summary>Servers 10.64.0.1 and on, with these weights, in the kernel's list order.</summary>
    private static List<RealServerState> Servers(params ReadOnlySpan<int> weights)
    {
        var servers = new List<RealServerState>();
        for (var i = 0; i < weights.Length; i++)
        {
            var server = new RealServerState(Endpoint.Parse($"10.64.0.{i + 1}:8080")) { IsAvailable = true };
            server.SetWeight(weights[i], isAdded: true);
            servers.Add(server);
        }

        return servers;
    }

    private static Picker Create(Scheduler scheduler, List<RealServerState> servers, SchedulerFlags flags = default) =>
        Picker.Create(scheduler, flags, servers, Family.Ipv4, now: 0);

    /// <summary>Numbers of the servers picked; 0 where none was.</summary>
    private static int[] Picks(Picker picker, int count, long now = 0) => Enumerable.Range(0, count)
        .Select(_ => Number(picker.Pick(_flow, now, commits: true))).ToArray();

    private static int Number(RealServerState? server) =>
        server is null ? 0 : (int)(server.Endpoint.Address.Bits & 0xff);

    private static int[] Weights(byte[] some, int below) => some.Take(12).Select(one => one % below).ToArray();

    private static ConnTuple From(uint client, ushort port = 1000) =>
        new(client, _flow.Destination, port, 80, Protocol.Tcp);

    [Fact]
    public void Rr_goes_round_those_with_a_weight() =>
        Assert.Equal([1, 3, 4, 1, 3, 4], Picks(Create(Scheduler.Rr, Servers(1, 0, 5, 1)), 6));

    [Fact]
    public void Rr_steps_back_when_the_server_it_stands_on_leaves()
    {
        // ip_vs_rr_del_dest: sched_data = p->next->prev.
        var servers = Servers(1, 1, 1);
        var picker = Create(Scheduler.Rr, servers);
        Assert.Equal([1, 2], Picks(picker, 2));
        var gone = servers[1];
        servers.RemoveAt(1);
        picker.Removed(gone, 1);
        Assert.Equal([3, 1, 3], Picks(picker, 3));
    }

    [Property]
    public void Rr_is_an_exact_rotation(byte[] some)
    {
        var servers = Servers(Weights(some, 4));
        var able = servers.Where(server => server.Weight > 0).Select(Number).ToArray();
        var picks = Picks(Create(Scheduler.Rr, servers), 3 * Math.Max(1, able.Length));
        Assert.Equal(able.Length == 0 ? [0, 0, 0] : able.Concat(able).Concat(able), picks);
    }

    [Fact]
    public void Wrr_gives_the_heavier_ones_their_turns_first() =>
        Assert.Equal([1, 1, 2, 1, 2, 3, 1, 1, 2], Picks(Create(Scheduler.Wrr, Servers(3, 2, 1)), 9));

    [Fact]
    public void Wrr_counts_in_steps_of_the_common_divisor() =>
        Assert.Equal([1, 1, 2, 1, 1, 2], Picks(Create(Scheduler.Wrr, Servers(4, 2, 0)), 6));

    [Property]
    public void Wrr_is_proportional_over_a_turn_and_its_turn_says_so(byte[] some)
    {
        var servers = Servers(Weights(some, 13));
        var picker = Create(Scheduler.Wrr, servers);
        var turn = picker.Turn().ToDictionary(one => Number(one.Server), one => one.Share);
        var total = turn.Values.Sum();
        if (total == 0) Assert.Equal([0, 0], Picks(picker, 2));
        for (var round = 0; round < 2; round++)
            Assert.Equal(turn, Picks(picker, total).CountBy(pick => pick).OrderBy(one => one.Key).ToDictionary());

        // Shares are as the weights are.
        var able = servers.Where(server => server.Weight > 0).ToArray();
        Assert.All(able, server =>
            Assert.Equal(turn[Number(able[0])] * server.Weight, turn[Number(server)] * able[0].Weight));
    }

    [Fact]
    public void Wrr_begins_at_the_head_after_an_edit()
    {
        var servers = Servers(2, 1);
        var picker = Create(Scheduler.Wrr, servers);
        Assert.Equal([1], Picks(picker, 1));
        servers[1].SetWeight(2, isAdded: false);
        picker.Changed();
        Assert.Equal([1, 2, 1, 2], Picks(picker, 4));
    }

    // Active, inactive, weight of each server; the number that each scheduler picks.
    [Theory]
    [InlineData("0/0/1 0/0/1", 1, 1, 1, 1, 1, 1)]
    [InlineData("0/1/1 0/0/1", 2, 2, 1, 1, 1, 1)]
    [InlineData("1/0/1 0/255/1", 2, 2, 2, 2, 1, 1)]
    [InlineData("1/0/1 0/257/1", 1, 1, 2, 2, 1, 1)] // 256 inactive weigh one active
    [InlineData("2/0/4 1/0/1", 2, 1, 1, 1, 1, 1)]
    [InlineData("0/0/1 0/0/4", 1, 1, 2, 1, 2, 2)] // sed: (0+1)/4; nq takes the first idle one
    [InlineData("3/0/2 1/0/1", 2, 2, 1, 1, 1, 2)] // sed: equal; ovf: 3 > 2
    [InlineData("5/0/0 9/0/1", 2, 2, 2, 2, 2, 0)] // weight 0 is out everywhere, full of 9 > 1 for ovf
    [InlineData("0/0/0 0/0/0", 0, 0, 0, 0, 0, 0)]
    public void Loads_decide(string state, int lc, int wlc, int sed, int nq, int fo, int ovf)
    {
        var parts = state.Split(' ').Select(one => one.Split('/').Select(int.Parse).ToArray()).ToArray();
        var servers = Servers(parts.Select(part => part[2]).ToArray());
        for (var i = 0; i < parts.Length; i++) (servers[i].Active, servers[i].Inactive) = (parts[i][0], parts[i][1]);
        Scheduler[] all = [Scheduler.Lc, Scheduler.Wlc, Scheduler.Sed, Scheduler.Nq, Scheduler.Fo, Scheduler.Ovf];
        Assert.Equal([lc, wlc, sed, nq, fo, ovf], all.Select(one => Picks(Create(one, servers), 1)[0]));
    }

    [Property]
    public void Loads_are_least_in_proportion_to_weight(byte[] weights, byte[] active, byte[] inactive)
    {
        var servers = Servers(Weights(weights, 10));
        for (var i = 0; i < servers.Count; i++)
        {
            servers[i].Active = i < active.Length ? active[i] : 0;
            servers[i].Inactive = i < inactive.Length ? inactive[i] : 0;
        }

        AssertLeast(Scheduler.Wlc, server => (256.0 * server.Active) + server.Inactive);
        AssertLeast(Scheduler.Sed, server => server.Active + 1.0);

        void AssertLeast(Scheduler scheduler, Func<RealServerState, double> cost)
        {
            var able = servers.Where(server => server.Weight > 0).ToArray();
            var picked = Create(scheduler, servers).Pick(_flow, 0, commits: true);
            if (able.Length == 0)
                Assert.Null(picked);
            else
                Assert.Equal(able.Min(server => cost(server) / server.Weight), cost(picked!) / picked!.Weight, 9);
        }
    }

    [Theory]
    [InlineData(Scheduler.Sh)]
    [InlineData(Scheduler.Mh)]
    public void A_client_keeps_its_server_whatever_its_port_unless_ports_are_hashed(Scheduler scheduler)
    {
        var servers = Servers(1, 1, 1, 1);
        var plain = Create(scheduler, servers);
        var byPort = Create(scheduler, servers, SchedulerFlags.Port);
        var ports = Enumerable.Range(1024, 200).Select(port => (ushort)port).ToArray();
        Assert.Single(ports.Select(port => plain.Pick(From(0x0A400005, port), 0, true)).Distinct());
        Assert.Equal(4, ports.Select(port => byPort.Pick(From(0x0A400005, port), 0, true)).Distinct().Count());
    }

    [Fact]
    public void Sh_deals_256_buckets_by_weight()
    {
        // hash_32 (include/linux/hash.h) of consecutive addresses; buckets go 1 2 2 1 2 2 …
        var picker = Create(Scheduler.Sh, Servers(1, 2));
        for (uint client = 0; client < 500; client++)
        {
            var bucket = unchecked(client * 0x61C88647) >> 24;
            Assert.Equal(bucket % 3 == 0 ? 1 : 2, Number(picker.Pick(From(client), 0, true)));
        }
    }

    [Fact]
    public void Dh_goes_by_the_virtual_server_and_knows_no_weights()
    {
        var picker = Create(Scheduler.Dh, Servers(1, 9, 1));
        var bucket = unchecked(0x0A600001u * 0x61C88647) >> 24;
        Assert.All(Enumerable.Range(0, 20), i =>
            Assert.Equal((int)(bucket % 3) + 1, Number(picker.Pick(From((uint)i), 0, true))));
    }

    [Theory]
    [InlineData(Scheduler.Sh)]
    [InlineData(Scheduler.Mh)]
    public void A_drained_server_is_missed_unless_there_is_a_fallback(Scheduler scheduler)
    {
        var servers = Servers(1, 1, 1);
        var whole = Create(scheduler, servers);
        var owners = Enumerable.Range(0, 300).Select(i => Number(whole.Pick(From((uint)i * 7919), 0, true))).ToArray();
        servers[1].SetWeight(0, isAdded: false);
        var strict = Create(scheduler, servers);
        var lenient = Create(scheduler, servers, SchedulerFlags.Fallback);
        for (var i = 0; i < owners.Length; i++)
        {
            var client = From((uint)i * 7919);
            if (scheduler == Scheduler.Mh)
            {
                // mh shares its table by the last weight above 0, so the others' clients stay where they are.
                Assert.Equal(owners[i] == 2 ? 0 : owners[i], Number(strict.Pick(client, 0, true)));
                if (owners[i] != 2) Assert.Equal(owners[i], Number(lenient.Pick(client, 0, true)));
            }

            Assert.NotEqual(2, Number(lenient.Pick(client, 0, true)));
            Assert.NotEqual(0, Number(lenient.Pick(client, 0, true)));
        }
    }

    [Fact]
    public void Mh_shares_evenly_and_moves_few_when_a_server_leaves()
    {
        var servers = Servers(1, 1, 1, 1, 1);
        var before = Owners();
        Assert.All(before.CountBy(one => one), one => Assert.InRange(one.Value, 650, 950));
        servers.RemoveAt(2);
        var moved = before.Zip(Owners()).Count(one => one.First != 3 && one.First != one.Second);
        Assert.InRange(moved, 0, 4000 / 10);

        int[] Owners()
        {
            var picker = Create(Scheduler.Mh, servers);
            return Enumerable.Range(0, 4000)
                .Select(i => Number(picker.Pick(From((uint)i * 2654435), 0, true))).ToArray();
        }
    }

    // From a C program of our own with the constants and rounds of lib/siphash.c:hsiphash_1u32 @v6.1, gcc 12, x86-64.
    [Theory]
    [InlineData(0, 492468162, 4169286463)]
    [InlineData(1, 384591538, 2182130385)]
    [InlineData(0x0A400005, 3413675892, 1559558878)]
    [InlineData(0xDEADBEEF, 4127575327, 937261950)]
    public void Mh_hashes_as_the_kernel_does(uint word, uint first, uint second) =>
        Assert.Equal((first, second), (HalfSipHash.Of(word, 2654435761), HalfSipHash.Of(word, 2654446892)));

    [Theory]
    [InlineData(Scheduler.Lblc)]
    [InlineData(Scheduler.Lblcr)]
    public void A_destination_stays_with_its_server_until_that_is_overloaded(Scheduler scheduler)
    {
        var servers = Servers(2, 2);
        var picker = Create(scheduler, servers);
        Assert.Equal([1, 1, 1], Picks(picker, 3));
        servers[0].Active = 2;
        Assert.Equal([1], Picks(picker, 1));
        servers[0].Active = 3; // more than its weight, and another has less than half of its own
        Assert.Equal([2], Picks(picker, 1));
        servers[1].Active = 1;
        servers[0].Active = 0;

        // lblc has moved over for good, lblcr has both in its set and takes the lighter.
        Assert.Equal([scheduler == Scheduler.Lblc ? 2 : 1], Picks(picker, 1));
    }

    [Fact]
    public void Lblc_forgets_at_the_first_full_check_after_a_day()
    {
        var servers = Servers(1, 1);
        var picker = Create(Scheduler.Lblc, servers);
        Assert.Equal([1], Picks(picker, 1, 10 * TimeSpan.TicksPerMinute));
        servers[0].Inactive = 5;
        Assert.Equal([1], Picks(picker, 1, TimeSpan.TicksPerDay + (29 * TimeSpan.TicksPerMinute)));
        Assert.Equal([2], Picks(picker, 1, (2 * TimeSpan.TicksPerDay) + (30 * TimeSpan.TicksPerMinute)));
    }

    [Fact]
    public void Nothing_is_remembered_of_a_pick_that_does_not_commit()
    {
        foreach (var scheduler in Enum.GetValues<Scheduler>())
        {
            var picker = Create(scheduler, Servers(1, 2, 3));
            var looked = Number(picker.Pick(_flow, 0, commits: false));
            Assert.Equal(looked, Number(picker.Pick(_flow, 0, commits: false)));
            Assert.Equal([looked], Picks(picker, 1));
        }
    }

    [Property]
    public void Every_scheduler_has_a_picker_and_none_picks_a_drained_server(byte[] some)
    {
        foreach (var scheduler in Enum.GetValues<Scheduler>())
        {
            var picker = Create(scheduler, Servers(Weights(some, 3)));
            for (uint i = 0; i < 20; i++) Assert.True(picker.Pick(From(i * 77), 0, true) is null or { Weight: > 0 });
        }
    }
}
