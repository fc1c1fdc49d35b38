using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// The node's side of routing: its interfaces with their addresses, and where other destinations go. Loopback (lo) is
/// always there.
/// </summary>
public sealed record HostNetwork(Seq<HostInterface> Interfaces, Seq<Route> Routes);

public sealed record HostInterface(string Name, Seq<Ip> Addresses);

/// <summary>Longest prefix wins; among equals the first.</summary>
public sealed record Route(Prefix Destination, string OutputInterface);
