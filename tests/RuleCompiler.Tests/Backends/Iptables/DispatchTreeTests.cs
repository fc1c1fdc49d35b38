using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using Xunit;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class DispatchTreeTests
{
    private const string Root = "ROOT";

    [Theory]
    [InlineData(Family.Ipv4, 1)]
    [InlineData(Family.Ipv4, 2)]
    [InlineData(Family.Ipv4, 3)]
    [InlineData(Family.Ipv6, 4)]
    public void Every_key_is_found_by_few_rules_and_misses_come_back(Family family, int seed)
    {
        var keys = Keys(family, seed, 3000);
        var table = Build(keys);
        foreach (var key in keys)
        {
            var (found, tested) = Find(table, key.Address!.Value, key.Protocol, key.Port);
            Assert.Equal(key, found);
            Assert.InRange(tested, 1, 90);
        }

        var known = keys.ToHashSet();
        foreach (var key in Keys(family, seed + 100, 300))
        {
            if (!known.Contains(key)) Assert.Null(Find(table, key.Address!.Value, key.Protocol, key.Port).Found);
        }
    }

    [Fact]
    public void Leaves_hold_at_most_eight_rules_and_names_are_unique()
    {
        foreach (var family in (Family[])[Family.Ipv4, Family.Ipv6])
        {
            var table = Build(Keys(family, 7, 5000));
            foreach (var chain in table.Chains)
            {
                Assert.InRange(chain.Name.Length, 1, Names.BytesMax);

                // Three protocols of a crowded address may each need two blocks of ports.
                Assert.InRange(chain.Rules.Count, 1, chain.Name == Root ? 8 : 8 + 6);
            }
        }
    }

    [Fact]
    public void Only_the_first_level_returns()
    {
        var table = Build(Keys(Family.Ipv4, 9, 2000));
        foreach (var chain in table.Chains)
        {
            foreach (var rule in chain.Rules)
            {
                if (rule.Target is Target.Jump) Assert.Equal(Root, chain.Name);
                if (rule.Target is Target.Goto) Assert.NotEqual(Root, chain.Name);
            }
        }
    }

    [Fact]
    public void Eight_rules_stay_flat() =>
        Assert.Single(Build(Keys(Family.Ipv4, 3, 8)).Chains);

    [Property(MaxTest = 100)]
    public void One_more_key_changes_one_chain_beside_what_it_splits(int seed)
    {
        var keys = Keys(Family.Ipv4, seed, 400);
        var before = Build(keys[..^1]).Chains.ToDictionary(chain => chain.Name);
        var after = Build(keys).Chains.ToDictionary(chain => chain.Name);
        var changed = before.Count(entry => after.TryGetValue(entry.Key, out var chain) && chain != entry.Value);
        Assert.Equal(1, changed);
        Assert.All(before.Keys, name => Assert.Contains(name, after));
    }

    [Fact]
    public void Ports_are_ranges()
    {
        var keys = Enumerable.Range(0, 400)
            .Select(i => new DispatchKey(null, i % 7 == 0 ? Protocol.Udp : Protocol.Tcp, new Port((ushort)(30000 + (i * 6)))))
            .Order().ToArray();
        var table = Build(keys);
        foreach (var key in keys)
            Assert.Equal(key, Find(table, Ip.Parse("192.168.77.2"), key.Protocol, key.Port).Found);
        Assert.Null(Find(table, Ip.Parse("192.168.77.2"), Protocol.Sctp, new Port(30006)).Found);
        Assert.Null(Find(table, Ip.Parse("192.168.77.2"), Protocol.Tcp, new Port(30001)).Found);
        Assert.Contains(table.Chains, chain => chain.Name == "KUBE-EXT-TCP-30720-31231");
    }

    /// <summary>Crowded like a cluster's: one service range, some far addresses, one address with many ports.</summary>
    private static DispatchKey[] Keys(Family family, int seed, int count)
    {
        var random = new System.Random(seed);
        var keys = new HashSet<DispatchKey>();
        while (keys.Count < count)
        {
            var low = (UInt128)random.Next(1 << 20);
            var address = random.Next(20) switch
            {
                0 => Ip.Create(family, ((UInt128)(ulong)random.NextInt64() << 64) | (ulong)random.NextInt64()),
                1 => Ip.Create(family, 0x0a600001),
                _ => Ip.Create(family, (family == Family.Ipv4 ? 0 : (UInt128)0xfd00 << 112) | (0x0a600000 + low)),
            };
            var protocol = random.Next(5) switch { 0 => Protocol.Udp, 1 => Protocol.Sctp, _ => Protocol.Tcp };
            keys.Add(new DispatchKey(address, protocol, new Port((ushort)(random.Next(3) == 0 ? random.Next(1, 65536) : 80))));
        }

        // In the order of their making: the last is any of them, not the greatest.
        return [.. keys];
    }

    private static Table Build(DispatchKey[] keys)
    {
        var builder = new TableBuilder(TableName.Nat);
        var items = keys.Order()
            .Select(key => new DispatchItem(key, key.To(new Target.Dnat(new Endpoint(Ip.V4(1), key.Port)), "x"))).ToArray();
        var root = builder.Create(Root);
        if (keys[0].Address is null) DispatchTree.FillByPort(builder, root, Names.ExternalPrefix, items);
        else DispatchTree.FillByAddress(builder, root, Names.ClusterPrefix, items);
        return builder.Build();
    }

    /// <summary>Walks like the kernel: a goto does not come back to its chain, a jump does.</summary>
    private static (DispatchKey? Found, int Tested) Find(Table table, Ip address, Protocol protocol, Port port)
    {
        var chains = table.Chains.ToDictionary(chain => chain.Name);
        var tested = 0;
        return (Walk(Root), tested);

        DispatchKey? Walk(string name)
        {
            foreach (var rule in chains[name].Rules)
            {
                tested++;
                if (!rule.Matches.All(Holds)) continue;
                switch (rule.Target)
                {
                    case Target.Dnat:
                        var exact = rule.Matches.OfType<Match.Destination>().Select(match => (Ip?)match.Address).FirstOrDefault();
                        return new DispatchKey(exact, protocol, port);
                    case Target.Goto jump:
                        return Walk(jump.Chain);
                    case Target.Jump jump when Walk(jump.Chain) is { } found:
                        return found;
                }
            }

            return null;
        }

        bool Holds(Match match) => match switch
        {
            Match.Destination destination => (address.Bits & destination.Mask.Bits) == destination.Address.Bits,
            Match.OfProtocol of => of.Protocol == protocol,
            Match.DestinationPort range => range.First <= port && port <= range.Last,
            _ => throw new InvalidOperationException(match.ToString()),
        };
    }
}
