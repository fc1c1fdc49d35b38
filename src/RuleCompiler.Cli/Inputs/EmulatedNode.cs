using RuleCompiler.Backends;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Inputs;

/// <summary>An emulated node with the rules of one family.</summary>
internal sealed record EmulatedNode(
    NetfilterMachine Machine, HostNetwork Host, NodeFacts Node, Family Family, ManualClock Clock)
{
    /// <summary>The rules that a cluster compiles to. Their text is emulated, since that is what ships.</summary>
    public static EmulatedNode? OfCluster(LoadedCluster loaded, Family family, ulong seed, Session session)
    {
        var compilation = loaded.Compile();
        return OfFiles(
            compilation.Backend, compilation.FilesReported(family, session), compilation.Node, family, seed, session);
    }

    /// <summary>Rules as text: our own, or what the kernel's tools write.</summary>
    public static EmulatedNode? OfDump(Dump dump, NodeFacts node, ulong seed, Session session) =>
        OfFiles(dump.Backend, dump.Files, node, dump.Family, seed, session);

    /// <summary>
    /// Where a packet from this address comes in: null from a process of the node, else the interface that the way back
    /// leads to.
    /// </summary>
    public string? ArrivalOf(Ip source) =>
        IsLocal(source) ? null : Host.InterfaceTowards(source) ?? HostNetworks.Uplink;

    public bool IsLocal(Ip address) => Node.IsLocal(address);

    /// <summary>The node's address that a client behind an interface sees errors from.</summary>
    public Ip? AddressTowards(string? networkInterface)
    {
        foreach (var device in Host.Interfaces)
        {
            if (device.Name != networkInterface) continue;
            foreach (var address in device.Addresses)
                if (address.Family == Family) return address;
        }

        return Node.Primary(Family);
    }

    private static EmulatedNode? OfFiles(
        Backend backend, Seq<ArtifactFile> files, NodeFacts node, Family family, ulong seed, Session session)
    {
        var (program, diagnostics) = PacketPrograms.Load(backend, files, family);
        session.Report(diagnostics);
        if (program is null) return null;
        var (host, clock) = (HostNetworks.For(node, family), new ManualClock());
        return new EmulatedNode(
            new NetfilterMachine(program, host, clock, new SeededRandom(seed)), host, node, family, clock);
    }
}
