using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// Finds the rule of a packet's address and port in O(log n) steps: a path-compressed radix tree of chains, three bits a
/// level, with at most eight exact rules in a leaf (README.md draws it; measured in layouts.md).
/// </summary>
/// <remarks>
/// Its shape is a function of the set of keys and nothing else, and it is local. A block that holds up to eight keys is a
/// leaf named after the block, whatever is in it; a block that holds one is that rule itself; a larger one is a node at
/// the smallest aligned block around its keys. So a new key changes its leaf, or splits it, or adds one node above.
/// The first level is reached with -j and deeper ones with -g: whoever finds nothing comes back behind that -j.
/// </remarks>
internal sealed class DispatchTree
{
    // Measured in layouts.md: 2^3 branches and 8 rules keep the walk short and the chains few.
    public const int LeafRulesMax = 8;
    private const int BitsPerLevel = 3;

    private readonly TableBuilder _table;
    private readonly Space _space;

    private DispatchTree(TableBuilder table, Space space)
    {
        _table = table;
        _space = space;
    }

    /// <summary>Dispatches on the destination's address and then on its port.</summary>
    /// <param name="root">The chain to fill; its rules so far stay in front.</param>
    /// <param name="prefix">What the names of the tree's chains begin with.</param>
    /// <param name="items">In the order of their keys, all with an address of one family.</param>
    public static void FillByAddress(TableBuilder table, List<Rule> root, string prefix, ReadOnlySpan<DispatchItem> items)
    {
        if (items.IsEmpty) return;
        var family = items[0].Key.Address!.Value.Family;
        new DispatchTree(table, new AddressSpace(prefix, family)).Fill(root, items, 0, isRoot: true);
    }

    /// <summary>Dispatches on the destination's port.</summary>
    /// <param name="items">In the order of their keys, all with the same address or none.</param>
    public static void FillByPort(TableBuilder table, List<Rule> root, string prefix, ReadOnlySpan<DispatchItem> items) =>
        FillByPort(table, root, prefix, items, isRoot: true);

    private static void FillByPort(
        TableBuilder table, List<Rule> root, string prefix, ReadOnlySpan<DispatchItem> items, bool isRoot)
    {
        if (items.Length <= LeafRulesMax)
        {
            Append(root, items);
            return;
        }

        while (!items.IsEmpty)
        {
            var (address, protocol, _) = items[0].Key;
            var count = 1;
            while (count < items.Length && items[count].Key.Protocol == protocol) count++;
            new DispatchTree(table, new PortSpace(prefix, address, protocol)).Fill(root, items[..count], 0, isRoot);
            items = items[count..];
        }
    }

    /// <summary>
    /// Fills the chain of a block: <paramref name="items"/> share its first <paramref name="length"/> bits.
    /// </summary>
    private void Fill(List<Rule> chain, ReadOnlySpan<DispatchItem> items, int length, bool isRoot)
    {
        if (items.Length <= LeafRulesMax)
        {
            Append(chain, items);
            return;
        }

        if (length == _space.Width)
        {
            _space.FillOne(_table, chain, items);
            return;
        }

        // Blocks are aligned at the low end, so that the smallest are eights and the topmost level takes what is left.
        var next = length == 0 ? _space.Width % BitsPerLevel : length + BitsPerLevel;
        while (!items.IsEmpty)
        {
            var count = 1;
            while (count < items.Length && CommonBits(items[0], items[count]) >= next) count++;
            Branch(chain, items[..count], next, isRoot);
            items = items[count..];
        }
    }

    private void Branch(List<Rule> chain, ReadOnlySpan<DispatchItem> items, int length, bool isRoot)
    {
        if (items.Length == 1)
        {
            chain.Add(items[0].Rule);
            return;
        }

        if (items.Length > LeafRulesMax) length = Align(CommonBits(items[0], items[^1]));
        var (match, name) = _space.Block(_space.Key(items[0]), length);
        chain.Add(new Rule([.. match], isRoot ? new Target.Jump(name) : new Target.Goto(name)));
        Fill(_table.Create(name), items, length, isRoot: false);
    }

    /// <summary>The longest block length up to this one that ends a level.</summary>
    private int Align(int length) => length - ((length - (_space.Width % BitsPerLevel)) % BitsPerLevel);

    private int CommonBits(DispatchItem left, DispatchItem right) =>
        (int)UInt128.LeadingZeroCount(_space.Key(left) ^ _space.Key(right)) - (128 - _space.Width);

    private static void Append(List<Rule> chain, ReadOnlySpan<DispatchItem> items)
    {
        foreach (var item in items) chain.Add(item.Rule);
    }

    /// <summary>What the tree branches on: a number of <c>Width</c> bits out of each key.</summary>
    private abstract class Space(int width)
    {
        public int Width { get; } = width;

        public abstract UInt128 Key(DispatchItem item);

        /// <summary>The matches and the chain of the block that shares the first bits of a key.</summary>
        public abstract (Match[] Matches, string Chain) Block(UInt128 key, int length);

        /// <summary>Fills a chain with more than a leaf's worth of rules that share the whole number.</summary>
        public abstract void FillOne(TableBuilder table, List<Rule> chain, ReadOnlySpan<DispatchItem> items);
    }

    private sealed class AddressSpace(string prefix, Family family) : Space(family.AddressBits())
    {
        public override UInt128 Key(DispatchItem item) => item.Key.Address!.Value.Bits;

        public override (Match[] Matches, string Chain) Block(UInt128 key, int length)
        {
            var block = Prefix.Create(Ip.Create(family, key), length);
            return ([Matches.To(block)], Names.Branch(prefix, block));
        }

        public override void FillOne(TableBuilder table, List<Rule> chain, ReadOnlySpan<DispatchItem> items) =>
            FillByPort(table, chain, prefix, items, isRoot: false);
    }

    private sealed class PortSpace(string prefix, Ip? address, Protocol protocol) : Space(16)
    {
        public override UInt128 Key(DispatchItem item) => item.Key.Port.Value;

        public override (Match[] Matches, string Chain) Block(UInt128 key, int length)
        {
            var size = 1 << (16 - length);
            var first = new Port((ushort)((int)key & -size));
            var last = new Port((ushort)(first.Value + size - 1));
            var name = address is { } own
                ? Names.Branch(prefix, own, protocol, first, last)
                : Names.Branch(prefix, protocol, first, last);
            return ([Matches.Of(protocol), new Match.DestinationPort(first, last)], name);
        }

        /// <summary>Only rules of one key are left, which tell sources apart.</summary>
        public override void FillOne(TableBuilder table, List<Rule> chain, ReadOnlySpan<DispatchItem> items) =>
            Append(chain, items);
    }
}
