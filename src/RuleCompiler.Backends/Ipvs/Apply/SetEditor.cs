using System.Diagnostics;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>Sets while commands change them: what ipset and the kernel do, on values.</summary>
internal sealed class SetEditor
{
    private readonly Dictionary<string, Draft> _sets = new(StringComparer.Ordinal);

    public SetEditor(SortedSeq<IpSet> sets)
    {
        foreach (var set in sets)
        {
            var draft = new Draft(set.Type, set.HashSize, set.MaxElements);
            draft.Entries.UnionWith(set.Entries);
            _sets.Add(set.Name, draft);
        }
    }

    public SortedSeq<IpSet> Finish() => _sets.Select(set => new IpSet(
        set.Key, set.Value.Type, set.Value.HashSize, set.Value.MaxElements,
        set.Value.Entries.ToSortedSeq())).ToSortedSeq();

    public IpSetType? TypeOf(string name) => _sets.TryGetValue(name, out var set) ? set.Type : null;

    /// <summary>Null, or why the kernel refuses the command.</summary>
    /// <param name="exist">-exist: what is there already is fine, and so is what is not there to be deleted.</param>
    public string? Execute(SetCommand command, bool exist = false)
    {
        switch (command)
        {
            case SetCommand.Create create:
                return Create(create, exist);
            case SetCommand.Add add:
                if (!_sets.TryGetValue(add.Name, out var target)) return Missing(add.Name);
                if (target.Entries.Contains(add.Entry)) return exist ? null : $"{add.Name} has this entry already";
                if (target.Type != IpSetType.BitmapPort && target.Entries.Count >= target.MaxElements)
                    return $"{add.Name} is full: its maxelem is {target.MaxElements}";
                target.Entries.Add(add.Entry);
                return null;
            case SetCommand.Delete delete:
                if (!_sets.TryGetValue(delete.Name, out target)) return Missing(delete.Name);
                return target.Entries.Remove(delete.Entry) || exist ? null : $"{delete.Name} does not have this entry";
            case SetCommand.Flush flush:
                if (!_sets.TryGetValue(flush.Name, out target)) return Missing(flush.Name);
                target.Entries.Clear();
                return null;
            case SetCommand.Swap swap:
                return Swap(swap);
            case SetCommand.Destroy destroy:
                return _sets.Remove(destroy.Name) ? null : Missing(destroy.Name);
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>
    /// -exist wants the same type and maxelem; the size of the hash is the kernel's own affair
    /// (net/netfilter/ipset/ip_set_core.c:ip_set_create, ip_set_hash_gen.h:mtype_same_set @v6.1).
    /// </summary>
    private string? Create(SetCommand.Create create, bool exist)
    {
        if (!_sets.TryGetValue(create.Name, out var there))
        {
            _sets.Add(create.Name, new Draft(create.Type, create.HashSize, create.MaxElements));
            return null;
        }

        return exist && there.Type == create.Type && there.MaxElements == create.MaxElements
            ? null
            : $"there is a set {create.Name} already";
    }

    private string? Swap(SetCommand.Swap swap)
    {
        if (!_sets.TryGetValue(swap.First, out var first)) return Missing(swap.First);
        if (!_sets.TryGetValue(swap.Second, out var second)) return Missing(swap.Second);
        if (first.Type != second.Type) return $"{swap.First} and {swap.Second} are of different types";
        (_sets[swap.First], _sets[swap.Second]) = (second, first);
        return null;
    }

    private static string Missing(string name) => $"there is no set {name}";

    private sealed class Draft(IpSetType type, int hashSize, int maxElements)
    {
        public IpSetType Type => type;

        public int HashSize => hashSize;

        public int MaxElements => maxElements;

        public SortedSet<IpSetEntry> Entries { get; } = [];
    }
}
