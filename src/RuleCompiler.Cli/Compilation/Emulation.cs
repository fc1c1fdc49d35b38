using RuleCompiler.Backends;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Emulator;
using RuleCompiler.Emulator.Modes;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using PacketEmulator = RuleCompiler.Emulator.Emulator;

namespace RuleCompiler.Cli.Compilation;

/// <summary>An emulated node with the rules of one family.</summary>
internal sealed record Emulation(
    PacketEmulator Emulator, HostNetwork Host, NodeFacts Node, Family Family, ManualClock Clock)
{
    /// <summary>The rules that a cluster compiles to. Their text is emulated, since that is what ships.</summary>
    public static Emulation? OfCluster(LoadedCluster loaded, Family family, ulong seed, Session session) =>
        OfFiles(
            ProxyModes.Of(loaded.Node.Config.Mode), CompiledFamily.Compile(loaded, family, session).Files,
            loaded.Node, family, seed, session);

    /// <summary>Rules as text: our own, or what the kernel's tools write.</summary>
    public static Emulation? OfDump(Dump dump, NodeFacts node, ulong seed, Session session) =>
        OfFiles(dump.Mode, dump.Files, node, dump.Family, seed, session);

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

    private static Emulation? OfFiles(
        IMode mode, Seq<ArtifactFile> files, NodeFacts node, Family family, ulong seed, Session session)
    {
        var (program, diagnostics) = mode.Load(files, family);
        session.Report(diagnostics);
        if (program is null) return null;
        var (host, clock) = (HostNetworks.For(node, family), new ManualClock());
        return new Emulation(
            new PacketEmulator(program, host, clock, new SeededRandom(seed)), host, node, family, clock);
    }
}
