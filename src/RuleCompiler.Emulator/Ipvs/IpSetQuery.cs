using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// One -m set: an ipset, prepared for look-ups, and the end of the packet that each part is taken from
/// (net/netfilter/xt_set.c:set_match_v4, net/netfilter/ipset/ip_set_*.c:*_kadt @v6.1).
/// </summary>
internal sealed class IpSetQuery
{
    private readonly IpSetType _type;
    private readonly SetDimension[] _dimensions;
    private readonly bool _isTooShort;
    private readonly IpSetIndex _index;

    public IpSetQuery(IpSetIndex index, Seq<SetDimension> dimensions)
    {
        _index = index;
        _type = index.Type;
        _dimensions = dimensions.ToArray();

        // ip_set_core.c:ip_set_test says no to fewer dimensions than the type has; more are not looked at.
        _isTooShort = _dimensions.Length < DimensionsOf(_type);
    }

    public static int DimensionsOf(IpSetType type) => type switch
    {
        IpSetType.BitmapPort or IpSetType.HashIp => 1,
        IpSetType.HashIpPort => 2,
        IpSetType.HashIpPortIp or IpSetType.HashIpPortNet => 3,
    };

    public bool Contains(Walk walk, Family family)
    {
        if (_isTooShort) return false;
        ref readonly var tuple = ref walk.Tuple;
        switch (_type)
        {
            case IpSetType.BitmapPort:
                // ip_set_bitmap_port.c:ip_set_get_ip_port takes TCP and UDP only.
                return tuple.Protocol is Protocol.Tcp or Protocol.Udp &&
                    _index.Contains(default, default, PortOf(walk, 0, family));
            case IpSetType.HashIp:
                return _index.Contains(AddressOf(in tuple, 0), default, 0);
            case IpSetType.HashIpPort:
                return _index.Contains(AddressOf(in tuple, 0), tuple.Protocol, PortOf(walk, 1, family));
            case IpSetType.HashIpPortIp or IpSetType.HashIpPortNet:
                return _index.Contains(
                    AddressOf(in tuple, 0), tuple.Protocol, PortOf(walk, 1, family), AddressOf(in tuple, 2));
            default:
                throw new InvalidOperationException($"no such type of set: {_type}");
        }
    }

    private UInt128 AddressOf(in ConnTuple tuple, int dimension) =>
        _dimensions[dimension] == SetDimension.Source ? tuple.Source : tuple.Destination;

    /// <summary>
    /// ip_set_getport.c:get_port: for ICMP type and code make the number, whichever end is asked for.
    /// </summary>
    private ushort PortOf(Walk walk, int dimension, Family family)
    {
        if (walk.Inner is not null || !walk.Tuple.Protocol.HasPorts()) return HeaderBytes.IcmpKind(walk, family);
        return _dimensions[dimension] == SetDimension.Source ? walk.Tuple.SourcePort : walk.Tuple.DestinationPort;
    }
}
