using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>
/// The entries of one ipset by what a packet has. Networks are tried by every prefix length that occurs, as the hash
/// types do it (net/netfilter/ipset/ip_set_hash_gen.h:mtype_test_cidrs @v6.1).
/// </summary>
internal sealed class IpSetIndex
{
    private readonly HashSet<Key> _entries = [];
    private readonly (int Length, UInt128 Mask)[] _networks;

    /// <param name="set">Every entry has the parts of the set's type.</param>
    public IpSetIndex(IpSet set, Family family)
    {
        Type = set.Type;
        var lengths = new SortedSet<int>();
        foreach (var entry in set.Entries)
        {
            var third = entry.Third;
            if (third is { } network) lengths.Add(network.Length);
            _entries.Add(new Key(
                entry.Address?.Bits ?? 0,
                set.Type == IpSetType.BitmapPort ? default : entry.Protocol ?? default,
                entry.Port?.Value ?? 0,
                third?.Network.Bits ?? 0,
                third?.Length ?? 0));
        }

        _networks = lengths.Reverse()
            .Select(length => (length, Prefix.Create(Ip.Create(family, family.HostMask()), length).Network.Bits))
            .ToArray();
    }

    private readonly record struct Key(UInt128 Address, Protocol Protocol, ushort Port, UInt128 Third, int ThirdLength);

    public IpSetType Type { get; }

    public bool Contains(UInt128 address, Protocol protocol, ushort port) =>
        _entries.Contains(new Key(address, protocol, port, 0, 0));

    public bool Contains(UInt128 address, Protocol protocol, ushort port, UInt128 third)
    {
        foreach (var (length, mask) in _networks)
        {
            if (_entries.Contains(new Key(address, protocol, port, third & mask, length))) return true;
        }

        return false;
    }
}
