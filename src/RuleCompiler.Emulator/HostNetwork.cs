using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// The node's side of routing: its interfaces with their addresses, and where other destinations go. Loopback (lo) is
/// always there. Forwarding is on, reverse-path filtering is off; a packet from outside with one of the node's own
/// addresses as its source is a martian all the same.
/// </summary>
public sealed record HostNetwork(Seq<HostInterface> Interfaces, Seq<Route> Routes)
{
    /// <summary>net.ipv4.conf.all.route_localnet: 127/8 may cross other interfaces than lo.</summary>
    public bool RouteLocalnet { get; init; }

    /// <summary>
    /// net.netfilter.nf_conntrack_tcp_loose: an ACK without a flow starts one, and takes the rules' decision anew
    /// (net/netfilter/nf_conntrack_proto_tcp.c:tcp_new @v6.1; on by default).
    /// </summary>
    public bool TcpLoose { get; init; } = true;

    /// <summary>Module parameter ip_list_tot of xt_recent: sources that one list remembers.</summary>
    public int RecentListEntries { get; init; } = 100;

    public ConntrackLimits Conntrack { get; init; } = new();

    /// <summary>
    /// The interface that the routes give for an address, where answers to it leave and packets of it arrive. Null: no
    /// route.
    /// </summary>
    public string? InterfaceTowards(Ip address) => Routes
        .Where(route => route.Destination.Contains(address))
        .MaxBy(route => route.Destination.Length)?.OutputInterface;
}

public sealed record HostInterface(string Name, Seq<Ip> Addresses)
{
    /// <summary>
    /// A bridge whose packets br_netfilter hands to iptables: packets that arrive by it have come in through one of its
    /// ports (-m physdev --physdev-is-in).
    /// </summary>
    public bool IsBridge { get; init; }
}

/// <summary>Longest prefix wins; among equals the first.</summary>
public sealed record Route(Prefix Destination, string OutputInterface);
