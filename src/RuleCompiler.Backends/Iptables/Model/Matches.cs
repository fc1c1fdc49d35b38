using System.Diagnostics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>Matches that lowering needs again and again; equal ones are shared.</summary>
internal static class Matches
{
    public static readonly Match IsNew = new Match.ConntrackState(ConntrackStates.New);

    /// <summary>The flow's destination has been translated.</summary>
    public static readonly Match IsTranslated = new Match.ConntrackState(ConntrackStates.Dnat);

    public static readonly Match SourceIsLocal = new Match.SourceIsLocal();

    public static readonly Match SourceIsForeign = new Match.SourceIsLocal(Inverted: true);

    public static readonly Match DestinationIsLocal = new Match.DestinationIsLocal();

    private static readonly Match _tcp = new Match.OfProtocol(Protocol.Tcp);
    private static readonly Match _udp = new Match.OfProtocol(Protocol.Udp);
    private static readonly Match _sctp = new Match.OfProtocol(Protocol.Sctp);

    public static Match Of(Protocol protocol) => protocol switch
    {
        Protocol.Tcp => _tcp,
        Protocol.Udp => _udp,
        Protocol.Sctp => _sctp,
        Protocol.Icmp or Protocol.Icmpv6 => throw new UnreachableException(),
    };

    public static Match Port(Port port) => new Match.DestinationPort(port, port);

    public static Match To(Ip address) => new Match.Destination(address, Ip.Create(address.Family, UInt128.MaxValue));

    public static Match To(Prefix block, bool inverted = false) => new Match.Destination(block.Network, MaskOf(block), inverted);

    public static Match From(Ip address) => new Match.Source(address, Ip.Create(address.Family, UInt128.MaxValue));

    public static Match From(Prefix block, bool inverted = false) => new Match.Source(block.Network, MaskOf(block), inverted);

    /// <summary>Is the source a pod of this node? Null when nothing tells (service-semantics §3.8).</summary>
    public static Match? LocalPod(LocalTraffic detector, bool inverted) => detector switch
    {
        LocalTraffic.Undetected => null,
        LocalTraffic.SourceIn source => From(source.Cidr, inverted),
        LocalTraffic.ArrivesOn input => new Match.InInterface(input.Interface, inverted),
        LocalTraffic.ArrivesOnPrefix input => new Match.InInterface(input.InterfacePrefix + "+", inverted),
        _ => throw new UnreachableException(),
    };

    /// <summary>
    /// Canonical order (<see cref="Rule"/>): what the packet header tells first, extensions as they come.
    /// </summary>
    public static Seq<Match> InOrder(params ReadOnlySpan<Match> matches) => matches.ToArray().OrderBy(Rank).ToSeq();

    private static int Rank(Match match) => match switch
    {
        Match.Source => 0,
        Match.Destination => 1,
        Match.InInterface => 2,
        Match.OutInterface => 3,
        Match.OfProtocol => 4,
        _ => 5,
    };

    private static Ip MaskOf(Prefix block) => Ip.Create(block.Family, block.Mask);
}
