using System.Diagnostics;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <content>What ipset restore reads (measured: ipset 7.17).</content>
public sealed partial class IpvsBackend
{
    /// <summary>Of kube-proxy's sets (service-semantics §6.5).</summary>
    internal const int HashSizeDefault = 1024;

    /// <summary>Of kube-proxy's sets (service-semantics §6.5), and the kernel's default.</summary>
    internal const int MaxElementsDefault = 65536;

    /// <summary>Before the list of excludeCIDRs, which no tool reads: ipset restore skips what begins with #.</summary>
    internal const string ExcludeRemark = "# excludeCIDRs:";

    /// <summary>
    /// Each set is made where it is not there, emptied where it is, and filled: whatever a set held before, it holds
    /// this afterwards.
    /// </summary>
    private static void PrintSets(ArtifactWriter writer, IpvsArtifact artifact)
    {
        if (!artifact.ExcludeCidrs.IsEmpty)
        {
            writer.Write(ExcludeRemark);
            foreach (var cidr in artifact.ExcludeCidrs)
            {
                writer.Write(' ');
                writer.Write(cidr);
            }

            writer.Line();
        }

        var family = artifact.Family;
        foreach (var set in artifact.Sets)
        {
            PrintCommand(writer, new SetCommand.Create(set.Name, set.Type, set.HashSize, set.MaxElements), family);
            PrintCommand(writer, new SetCommand.Flush(set.Name), family);
        }

        foreach (var set in artifact.Sets)
        {
            foreach (var entry in set.Entries) PrintCommand(writer, new SetCommand.Add(set.Name, entry), family);
        }
    }

    private static void PrintCommands(ArtifactWriter writer, Seq<SetCommand> commands, Family family)
    {
        foreach (var command in commands) PrintCommand(writer, command, family);
    }

    private static void PrintCommand(ArtifactWriter writer, SetCommand command, Family family)
    {
        switch (command)
        {
            case SetCommand.Create create:
                PrintCreate(writer, create, family);
                break;
            case SetCommand.Add add:
                PrintSetHead(writer, "add ", add.Name);
                PrintEntry(writer, add.Entry);
                break;
            case SetCommand.Delete delete:
                PrintSetHead(writer, "del ", delete.Name);
                PrintEntry(writer, delete.Entry);
                break;
            case SetCommand.Flush flush:
                PrintSetHead(writer, "flush ", flush.Name);
                break;
            case SetCommand.Swap swap:
                PrintSetHead(writer, "swap ", swap.First);
                PrintSetHead(writer, " ", swap.Second);
                break;
            case SetCommand.Destroy destroy:
                PrintSetHead(writer, "destroy ", destroy.Name);
                break;
            default:
                throw new UnreachableException();
        }

        writer.Line();
    }

    private static void PrintCreate(ArtifactWriter writer, SetCommand.Create create, Family family)
    {
        PrintSetHead(writer, "create ", create.Name);
        writer.Write(' ');
        writer.Write(NameOf(create.Type));
        if (create.Type == IpSetType.BitmapPort)
        {
            writer.Write(" range 0-65535 -exist");
            return;
        }

        writer.Write(family == Family.Ipv4 ? " family inet hashsize " : " family inet6 hashsize ");
        writer.Write(create.HashSize);
        writer.Write(" maxelem ");
        writer.Write(create.MaxElements);
        writer.Write(" -exist");
    }

    private static void PrintSetHead(ArtifactWriter writer, string verb, string name)
    {
        if (!IsSetName(name)) throw new InvalidOperationException($"no ipset is named '{name}'");
        writer.Write(verb);
        writer.Write(name);
    }

    /// <summary>Names that need no quotes in either tool; the kernel takes more.</summary>
    internal static bool IsSetName(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= SetName.CharsMax && name[0] != '-' && name[0] != '#' &&
        !name.ContainsAnyExceptInRange('!', '~') && !name.Contains('"');

    /// <summary>A network of one address is written without its length, as ipset save does.</summary>
    private static void PrintEntry(ArtifactWriter writer, IpSetEntry entry)
    {
        writer.Write(' ');
        if (entry.Address is { } address)
        {
            writer.Write(address);
            if (entry.Port is not null) writer.Write(',');
        }

        if (entry.Protocol is { } protocol)
        {
            writer.Write(protocol.KernelName());
            writer.Write(':');
        }

        if (entry.Port is { } port) writer.Write(port);
        if (entry.Third is not { } third) return;
        writer.Write(',');
        if (third.Length == third.Family.AddressBits())
            writer.Write(third.Network);
        else
            writer.Write(third);
    }

    internal static string NameOf(IpSetType type) => type switch
    {
        IpSetType.BitmapPort => "bitmap:port",
        IpSetType.HashIp => "hash:ip",
        IpSetType.HashIpPort => "hash:ip,port",
        IpSetType.HashIpPortIp => "hash:ip,port,ip",
        IpSetType.HashIpPortNet => "hash:ip,port,net",
    };
}
