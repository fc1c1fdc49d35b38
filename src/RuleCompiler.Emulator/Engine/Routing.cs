using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>A node's addresses and routes, prepared for look-ups. All addresses are of one family.</summary>
internal sealed class Routing
{
    public const string Loopback = "lo";

    private readonly Family _family;
    private readonly HashSet<UInt128> _local = [];
    private readonly (UInt128 Network, UInt128 Mask, string Interface)[] _routes;
    private readonly Dictionary<string, UInt128> _primary = new(StringComparer.Ordinal);
    private readonly UInt128? _anyPrimary;
    private readonly Ipv6SourceChoice _ipv6Sources;

    public Routing(HostNetwork host, Family family)
    {
        _family = family;
        _ipv6Sources = new Ipv6SourceChoice(host);
        foreach (var device in host.Interfaces.Span)
        {
            foreach (var address in device.Addresses.Span)
            {
                if (address.Family != family) continue;
                _local.Add(address.Bits);
                if (address.IsLoopback) continue;
                _primary.TryAdd(device.Name, address.Bits);
                _anyPrimary ??= address.Bits;
            }
        }

        _routes = host.Routes
            .Where(route => route.Destination.Family == family)
            .OrderByDescending(route => route.Destination.Length)
            .Select(route => (route.Destination.Network.Bits, route.Destination.Mask, route.OutputInterface))
            .ToArray();
    }

    public bool IsLoopback(UInt128 address) => _family == Family.Ipv4 ? address >> 24 == 127 : address == 1;

    /// <summary>addrtype LOCAL.</summary>
    public bool IsLocal(UInt128 address) => IsLoopback(address) || _local.Contains(address);

    /// <summary>The interface towards an address; local addresses are behind lo. Null: no route.</summary>
    public string? OutputFor(UInt128 destination)
    {
        if (IsLocal(destination)) return Loopback;
        foreach (var (network, mask, output) in _routes)
        {
            if ((destination & mask) == network) return output;
        }

        return null;
    }

    /// <summary>
    /// The source that MASQUERADE takes: the first address of the output interface, or of another one when it has none
    /// in global scope, as lo (net/ipv4/devinet.c:inet_select_addr, called by
    /// net/netfilter/nf_nat_masquerade.c:nf_nat_masquerade_ipv4 @v6.1); IPv6 has rules of its own. Null: the packet
    /// is dropped.
    /// </summary>
    public UInt128? MasqueradeSource(string output, UInt128 destination)
    {
        if (_family == Family.Ipv6) return IsLocal(destination) ? destination : _ipv6Sources.For(output, destination);
        return _primary.TryGetValue(output, out var primary) ? primary : _anyPrimary;
    }
}
