using RuleCompiler.Ir.Text;
using Xunit;

namespace RuleCompiler.Tests.Ir;

/// <summary>Persistent lists against the framework's mutable ones, over random histories.</summary>
public sealed class SortedSeqTests
{
    [Fact]
    public void Any_history_gives_what_a_sorted_dictionary_has() => OnHistories((before, after, list) =>
    {
        Assert.Equal(after.Values, list);
        Assert.Equal(after.Count, list.Count);
        Assert.Equal(after.Values, Enumerable.Range(0, list.Count).Select(index => list[index]));
        var items = new List<Item>();
        foreach (var item in list) items.Add(item);
        Assert.Equal(after.Values, items);
        Assert.Equal(after.Values.ToSortedSeq(), list);
        Assert.Equal(after.Values.ToSortedSeq().GetHashCode(), list.GetHashCode());
        Assert.Equal(before.SequenceEqual(after), before.Values.ToSortedSeq() == list);
    });

    [Fact]
    public void Changes_are_those_between_the_contents()
    {
        SortedSeq<Item> old = [];
        OnHistories((before, after, list) =>
        {
            if (before.Count == 0) old = [];
            foreach (var first in new[] { old, before.Values.ToSortedSeq() })
            {
                var changes = first.ChangesTo(list);
                Assert.Equal(before.Values.Except(after.Values), changes.Removed.AsEnumerable());
                Assert.Equal(after.Values.Except(before.Values), changes.Added.AsEnumerable());
                Assert.Equal(list, first.Update(changes.Removed, changes.Added));
            }

            old = list;
        });
    }

    [Fact]
    public void Items_are_found_by_their_keys()
    {
        var list = Enumerable.Range(0, 1000).Select(i => new Item(2 * i, "x")).ToSortedSeq();
        for (var i = 0; i < 1000; i++)
        {
            Assert.True(list.TryFind(new Item(2 * i, "another"), out var found));
            Assert.Equal(new Item(2 * i, "x"), found);
            Assert.False(list.TryFind(new Item((2 * i) + 1, "x"), out _));
            Assert.Equal(i, list.FirstIndex(item => item.Key >= 2 * i));
        }

        Assert.Equal(1000, list.FirstIndex(_ => false));
        Assert.Equal([200, 202, 204], list.Range(item => item.Key < 200 ? -1 : item.Key > 205 ? 1 : 0).Select(item => item.Key));
    }

    [Fact]
    public void What_is_not_there_cannot_go_and_what_is_there_cannot_come()
    {
        SortedSeq<Item> list = [new(1, "a"), new(2, "b")];
        Assert.Throws<ArgumentException>(() => list.Update([new Item(3, "c")], []));
        Assert.Throws<ArgumentException>(() => list.Update([], [new Item(2, "c")]));
        Assert.Throws<ArgumentException>(() => list.Update([], [new Item(3, "c"), new Item(3, "d")]));
        Assert.Throws<ArgumentException>(() => ((Item[])[new(1, "a"), new(1, "b")]).ToSortedSeq());
        Assert.Throws<ArgumentOutOfRangeException>(() => list[2]);
    }

    [Fact]
    public void A_change_shares_all_but_what_it_touches()
    {
        var list = Enumerable.Range(0, 100_000).Select(i => new Counting(i, "x")).ToSortedSeq();
        var next = list.Update([new Counting(50_000, "x")], [new Counting(50_000, "y")]);
        Counting.Compared = 0;
        Assert.Single(list.ChangesTo(next).Added.AsEnumerable());
        Assert.NotEqual(list, next);
        Assert.InRange(Counting.Compared, 1, 200);
    }

    [Fact]
    public void A_multiset_keeps_an_item_until_its_last_contributor_has_gone()
    {
        var random = new Random(7);
        var counts = new SortedDictionary<int, int>();
        var set = default(Multiset<Item>);
        for (var round = 0; round < 2000; round++)
        {
            List<Item> removed = [], added = [];
            foreach (var key in counts.Keys.ToArray())
            {
                if (random.Next(4) != 0) continue;
                removed.Add(Of(key));
                if (--counts[key] == 0) counts.Remove(key);
            }

            for (var i = random.Next(12); i > 0; i--)
            {
                var key = random.Next(100);
                added.Add(Of(key));
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }

            set = set.Update(removed, added);
            Assert.Equal(counts.Keys.Select(Of), set.Items);
        }

        Assert.Throws<ArgumentException>(() => default(Multiset<Item>).Update([Of(1)], []));

        static Item Of(int key) => new(key, "");
    }

    private static void OnHistories(Action<SortedDictionary<int, Item>, SortedDictionary<int, Item>, SortedSeq<Item>> check)
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var keys = seed % 3 == 0 ? 40 : 4000;
            var state = new SortedDictionary<int, Item>();
            SortedSeq<Item> list = [];
            for (var round = 0; round < 12; round++)
            {
                var before = new SortedDictionary<int, Item>(state);
                List<Item> removed = [], added = [];
                var taken = new HashSet<int>();
                for (var i = random.Next(random.Next(2) == 0 ? 4 : keys); i > 0; i--)
                {
                    var item = new Item(random.Next(keys), random.Next(2) == 0 ? "a" : "b");
                    if (!taken.Add(item.Key)) continue;
                    var isThere = state.Remove(item.Key, out var old);
                    if (isThere) removed.Add(old!);
                    if (isThere && random.Next(2) == 0) continue;
                    added.Add(item);
                    state[item.Key] = item;
                }

                list = list.Update(removed, added);
                check(before, state, list);
            }
        }
    }

    private sealed record Item(int Key, string Value) : IKeyed<Item>
    {
        public static int CompareKeys(Item left, Item right) => left.Key.CompareTo(right.Key);
    }

    private sealed record Counting(int Key, string Value) : IKeyed<Counting>
    {
        public static int Compared { get; set; }

        public static int CompareKeys(Counting left, Counting right)
        {
            Compared++;
            return left.Key.CompareTo(right.Key);
        }
    }
}
