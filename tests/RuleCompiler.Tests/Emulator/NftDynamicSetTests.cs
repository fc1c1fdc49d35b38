using RuleCompiler.Backends.Nftables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using Xunit;
using static RuleCompiler.Tests.Emulation.NftWorld;

namespace RuleCompiler.Tests.Emulation;

/// <summary>Sets that packets change: net/netfilter/nft_dynset.c:nft_dynset_eval and nft_set_hash.c @v6.1.</summary>
public sealed class NftDynamicSetTests
{
    private static readonly FieldType[] Address = [FieldType.Ipv4Addr];

    /// <summary>
    /// Says 1 where the source is in the set, and then runs the statement; 2 says that the rule was not broken.
    /// </summary>
    private static NftRuleset Remembering(DynamicAction action, NftSet set, int? timeout = null) => Rules(Table([set],
        Filter(NftHookPoint.Forward,
            Do(InSet(Source, "s"), SetMark(Value(1))),
            Do(new Statement.Dynamic(action, "s", Source, timeout, null),
                SetMark(new Expression.Bitwise(Mark, uint.MaxValue, 2))))));

    private static uint From(NftWorld world, int client) =>
        world.Send($"udp 10.64.0.{client}:1 > 203.0.113.9:53", "cni0").Sent.Mark;

    [Fact]
    public void Add_keeps_the_first_timeout_and_update_renews_it()
    {
        var adds = new NftWorld(Remembering(DynamicAction.Add, Dynamic("s", Address, timeout: 10)));
        var updates = new NftWorld(Remembering(DynamicAction.Update, Dynamic("s", Address, timeout: 10)));
        foreach (var world in new[] { adds, updates })
        {
            Assert.Equal(2u, From(world, 5));
            world.Wait(6);
            Assert.Equal(3u, From(world, 5));
            world.Wait(6);
        }

        Assert.Equal(2u, From(adds, 5));
        Assert.Equal(3u, From(updates, 5));
    }

    /// <summary>nft_set_elem_expired: an element is gone from its very last instant on.</summary>
    [Fact]
    public void An_element_lives_until_its_timeout_and_no_longer()
    {
        var world = new NftWorld(Remembering(DynamicAction.Add, Dynamic("s", Address, timeout: 10), timeout: 3));
        From(world, 5);
        world.Wait(2.999);
        Assert.Equal(3u, From(world, 5));
        world.Wait(0.001);
        Assert.Equal(2u, From(world, 5));
    }

    [Fact]
    public void A_full_set_breaks_the_rule_until_an_element_expires()
    {
        var world = new NftWorld(Remembering(DynamicAction.Update, Dynamic("s", Address, timeout: 10, size: 2)));
        Assert.Equal([2u, 2u, 0u], new[] { From(world, 5), From(world, 6), From(world, 7) });
        world.Wait(9);
        Assert.Equal([3u, 0u], new[] { From(world, 6), From(world, 7) });
        world.Wait(1);
        Assert.Equal([2u, 3u, 0u], new[] { From(world, 7), From(world, 6), From(world, 5) });
    }

    [Fact]
    public void Delete_forgets_and_never_breaks_the_rule()
    {
        var world = new NftWorld(Rules(Table([Dynamic("s", Address)],
            Filter(NftHookPoint.Forward,
                Do(InSet(Source, "s"), SetMark(Value(1))),
                Do(Is(DestinationPort, 1), new Statement.Dynamic(DynamicAction.Add, "s", Source, null, null)),
                Do(Is(DestinationPort, 2), new Statement.Dynamic(DynamicAction.Delete, "s", Source, null, null),
                    SetMark(Value(2)))))));
        uint To(int port) => world.Send($"udp 10.64.0.5:1 > 203.0.113.9:{port}", "cni0").Sent.Mark;
        Assert.Equal([2u, 0u, 1u, 2u, 0u], new[] { To(2), To(1), To(3), To(2), To(3) });
        Assert.Equal(
            ["add to s"], world.Send("udp 10.64.0.9:1 > 203.0.113.9:1", "cni0").Steps.Select(step => step.Effect));
    }

    [Fact]
    public void Update_of_a_living_element_leaves_its_data()
    {
        var world = Sticky(timeout: 10);
        var first = Chosen(world, 5);
        for (var i = 0; i < 20; i++)
        {
            world.Wait(9);
            Assert.Equal(first, Chosen(world, 5));
        }
    }

    [Fact]
    public void Exploring_a_choice_that_is_remembered_changes_nothing()
    {
        var world = Sticky(timeout: 10);
        for (var i = 0; i < 3; i++)
            Assert.Equal(
                2, world.Emulator.Explore(World.First("tcp 10.1.0.5:1 > 10.96.0.1:80", "eth0")).Outcomes.Count);
        var chosen = Chosen(world, 5);
        var remembered = world.Emulator.Explore(World.First("tcp 10.1.0.5:9 > 10.96.0.1:80", "eth0")).Outcomes;
        Assert.Equal([chosen], remembered.Select(each => each.Outcome));
    }

    [Fact]
    public void An_exploration_sees_what_its_own_branch_remembered_and_when_the_set_is_full()
    {
        Statement Add(Expression key) => new Statement.Dynamic(DynamicAction.Add, "s", key, null, null);
        var world = new NftWorld(Rules(Table([Dynamic("s", Address, size: 1)],
            Filter(NftHookPoint.Forward,
                Do(Vmap(Numgen(2), El("0", new NftVerdict.Jump("add")), El("1", Continue))),
                Do(InSet(Source, "s"), End(Drop)),
                Do(Add(Destination), End(new NftVerdict.Goto("reject")))),
            Chain("add", Do(Add(Source)), Do(Add(Destination), End(Accept))), Chain("reject",
                Do(new Statement.Reject(NftRejectKind.PortUnreachable))))));
        var outcomes = world.Emulator.Explore(World.First("udp 10.64.0.5:1 > 203.0.113.9:53", "cni0")).Outcomes;
        Assert.Equal([new Outcome.Dropped(), new Outcome.Rejected()], outcomes.Select(each => each.Outcome));
    }

    /// <summary>A transaction that declares the set again leaves its elements; another type is another set.</summary>
    [Fact]
    public void Elements_outlive_rules_as_long_as_their_set_is_declared()
    {
        var set = Dynamic("s", Address, timeout: 10);
        var world = new NftWorld(Remembering(DynamicAction.Add, set));
        From(world, 5);
        Load(Remembering(DynamicAction.Add, set));
        Assert.Equal(3u, From(world, 5));
        Load(Remembering(DynamicAction.Add, set with { Flags = SetFlags.Dynamic, TimeoutSeconds = null }));
        Assert.Equal(2u, From(world, 5));
        Load(Rules());
        Load(Remembering(DynamicAction.Add, set));
        Assert.Equal(2u, From(world, 5));

        void Load(NftRuleset rules) => world.Emulator.Load(NftablesTranslator.Translate(rules));
    }

    [Fact]
    public void What_the_rules_declare_goes_with_them()
    {
        var set = Dynamic("s", Address, timeout: 10) with { Elements = [El("10.64.0.5")] };
        var world = new NftWorld(Remembering(DynamicAction.Add, set));
        Assert.Equal([3u, 2u], new[] { From(world, 5), From(world, 6) });
        world.Emulator.Load(NftablesTranslator.Translate(Remembering(DynamicAction.Add, set with { Elements = [] })));
        Assert.Equal([2u, 3u], new[] { From(world, 5), From(world, 6) });
    }

    [Fact]
    public void A_declared_element_expires_too()
    {
        var set = Dynamic("s", Address, timeout: 10) with
        {
            Elements = [El("10.64.0.5") with { TimeoutSeconds = 3 }, El("10.64.0.6")],
        };
        var world = new NftWorld(
            Rules(Table([set], Filter(NftHookPoint.Forward, Do(InSet(Source, "s"), SetMark(Value(1)))))));
        world.Wait(3);
        Assert.Equal([0u, 1u], new[] { From(world, 5), From(world, 6) });
        world.Wait(7);
        Assert.Equal(0u, From(world, 6));
    }

    private static Outcome Chosen(NftWorld world, int client) =>
        world.Send($"tcp 10.1.0.{client}:{40000 + (world.Emulator.FlowCount % 10000)} > 10.96.0.1:80", "eth0").Outcome;

    /// <summary>
    /// The backend's way: the slot that is remembered for a client leads to the endpoint; the first choice is
    /// remembered.
    /// </summary>
    private static NftWorld Sticky(int timeout)
    {
        FieldType[] frontend = [FieldType.Ipv4Addr, FieldType.InetProto, FieldType.InetService];
        FieldType[] endpoint = [FieldType.Ipv4Addr, FieldType.InetService];
        var key = Concat(Source, Destination, L4Proto, DestinationPort);
        Statement Remember(Expression slot) =>
            new Statement.Dynamic(DynamicAction.Update, "affinity", key, timeout, slot);
        var affinity = Dynamic("affinity", [FieldType.Ipv4Addr, .. frontend], [FieldType.ClassId], timeout, 65535);
        var slots = Map("slots", [FieldType.ClassId], endpoint, El("1", "10.64.0.7:8080"), El("2", "10.64.0.8:8080"));
        return new NftWorld(Rules(Table([affinity, slots],
            Nat(NftHookPoint.Prerouting,
                Do(Is(L4Proto, 6), SetPriority(MapOf(key, "affinity")), Remember(Priority),
                    Dnat(MapOf(Priority, "slots"))),
                Do(Is(L4Proto, 6), SetPriority(Numgen(2, 1)), Remember(Priority), Dnat(MapOf(Priority, "slots")))))));

        static Statement SetPriority(Expression to) => new Statement.SetMeta(MetaKey.Priority, to);
    }
}
