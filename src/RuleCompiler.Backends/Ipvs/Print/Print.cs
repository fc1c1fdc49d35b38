using System.Diagnostics;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Backends.Iptables;

namespace RuleCompiler.Backends.Ipvs;

/// <content>The five files of a family, and the input of a step's tool.</content>
public sealed partial class IpvsBackend
{
    /// <summary>In the order in which they are applied to a clean node.</summary>
    public override Seq<ArtifactFile> Print(IpvsArtifact artifact)
    {
        var family = artifact.Family;
        return
        [
            File("ipset", ".restore", "ipset restore", writer => PrintSets(writer, artifact)),
            File("addresses", ".txt", BindCommandLine, writer => PrintAddresses(writer, artifact.Addresses)),
            File("ipvs", ".restore", "ipvsadm -R", writer => PrintServers(writer, artifact)),
            .. IptablesBackend.Instance.Print(artifact.Rules),
            File("sysctl", ".conf", "sysctl -p -", writer => PrintSysctls(writer, artifact.Sysctls)),
        ];

        ArtifactFile File(string stem, string extension, string tool, Action<ArtifactWriter> print) =>
            new(family == Family.Ipv4 ? stem + extension : stem + "6" + extension, Text(print)) { Tool = tool };
    }

    private const string BindCommandLine = "ip address add ADDRESS dev kube-ipvs0, for each line";

    public override bool UsesSeveralTools => true;

    public override bool Waits(IpvsStep step) => step is IpvsStep.Reap;

    public override string ToolOf(IpvsStep step, Family family) => step switch
    {
        IpvsStep.SetSysctls => "sysctl -p -",
        IpvsStep.ChangeSets => "ipset restore",
        IpvsStep.ChangeRules => IptablesBackend.RestoreCommandLine(family),
        IpvsStep.ChangeServers => "ipvsadm -R",
        IpvsStep.Bind or IpvsStep.Unbind => "ip -batch -",
        IpvsStep.Reap => "ipvsadm -R, each line when ipvsadm -Ln counts no connection of its server",
        _ => throw new UnreachableException(),
    };

    public override string PrintStep(IpvsStep step, Family family) => step switch
    {
        IpvsStep.SetSysctls change => Text(writer => PrintSysctls(writer, change.Sysctls)),
        IpvsStep.ChangeSets change => Text(writer => PrintCommands(writer, change.Commands, family)),
        IpvsStep.ChangeRules change => IptablesBackend.Instance.PrintStep(change.Block, family),
        IpvsStep.ChangeServers change => Text(writer => PrintCommands(writer, change.Commands)),
        IpvsStep.Bind change => Text(writer => PrintBatch(writer, "add", change.Addresses)),
        IpvsStep.Unbind change => Text(writer => PrintBatch(writer, "del", change.Addresses)),
        IpvsStep.Reap change => Text(writer => PrintCommands(
            writer, change.Commands.Select(ServerCommand (command) => command).ToSeq())),
        _ => throw new UnreachableException(),
    };

    private static string Text(Action<ArtifactWriter> print)
    {
        var writer = new ArtifactWriter();
        print(writer);
        return writer.ToString();
    }

    private static void PrintAddresses(ArtifactWriter writer, SortedSeq<Ip> addresses)
    {
        foreach (var address in addresses)
        {
            writer.Write(address);
            writer.Line();
        }
    }

    /// <summary>Input of ip -batch: addresses are bound as /32 or /128 (service-semantics §6.2).</summary>
    private static void PrintBatch(ArtifactWriter writer, string verb, Seq<Ip> addresses)
    {
        foreach (var address in addresses)
        {
            writer.Write("address ");
            writer.Write(verb);
            writer.Write(' ');
            writer.Write(Prefix.Host(address));
            writer.Write(" dev ");
            writer.Write(Names.Device);
            writer.Line();
        }
    }

    private static void PrintSysctls(ArtifactWriter writer, Seq<Sysctl> sysctls)
    {
        foreach (var sysctl in sysctls)
        {
            if (sysctl.Reason.Length > 0)
            {
                writer.Write("# ");
                writer.Write(sysctl.Reason);
                writer.Line();
            }

            writer.Write(sysctl.Name);
            writer.Write(" = ");
            writer.Write(sysctl.Value);
            writer.Line();
        }
    }

    /// <summary>
    /// Commands for ipvsadm -R, whose reader knows no comments, and which refuses a virtual server that is there: on a
    /// node that has some, a plan is what brings it here.
    /// </summary>
    private static void PrintServers(ArtifactWriter writer, IpvsArtifact artifact)
    {
        if (artifact.Timeouts is { } timeouts) PrintCommand(writer, new ServerCommand.SetTimeouts(timeouts));
        foreach (var server in artifact.Servers)
        {
            var key = server.Key;
            PrintCommand(writer, new ServerCommand.AddServer(key, server.Options));
            foreach (var real in server.RealServers)
                PrintCommand(writer, new ServerCommand.AddReal(key, real.Endpoint, real.Forwarding, real.Weight));
        }
    }

    private static void PrintCommands(ArtifactWriter writer, Seq<ServerCommand> commands)
    {
        foreach (var command in commands) PrintCommand(writer, command);
    }

    private static void PrintCommand(ArtifactWriter writer, ServerCommand command)
    {
        switch (command)
        {
            case ServerCommand.AddServer add:
                PrintHead(writer, "-A ", add.Key);
                PrintOptions(writer, add.Options);
                break;
            case ServerCommand.EditServer edit:
                PrintHead(writer, "-E ", edit.Key);
                PrintOptions(writer, edit.Options);
                break;
            case ServerCommand.DeleteServer delete:
                PrintHead(writer, "-D ", delete.Key);
                break;
            case ServerCommand.AddReal add:
                PrintHead(writer, "-a ", add.Key);
                PrintReal(writer, add.Endpoint, add.Forwarding, add.Weight);
                break;
            case ServerCommand.EditReal edit:
                PrintHead(writer, "-e ", edit.Key);
                PrintReal(writer, edit.Endpoint, edit.Forwarding, edit.Weight);
                break;
            case ServerCommand.DeleteReal delete:
                PrintHead(writer, "-d ", delete.Key);
                writer.Write(" -r ");
                writer.Write(delete.Endpoint);
                break;
            case ServerCommand.SetTimeouts set:
                writer.Write("--set ");
                writer.Write(set.Timeouts.TcpSeconds);
                writer.Write(' ');
                writer.Write(set.Timeouts.TcpFinSeconds);
                writer.Write(' ');
                writer.Write(set.Timeouts.UdpSeconds);
                break;
            case ServerCommand.Clear:
                writer.Write("-C");
                break;
            default:
                throw new UnreachableException();
        }

        writer.Line();
    }

    private static void PrintHead(ArtifactWriter writer, string command, ServerKey key)
    {
        writer.Write(command);
        writer.Write(key.Protocol switch
        {
            Protocol.Tcp => "-t ",
            Protocol.Udp => "-u ",
            Protocol.Sctp => "--sctp-service ",
            Protocol.Icmp or Protocol.Icmpv6 => throw NoServer(key.Protocol),
        });
        writer.Write(new Endpoint(key.Address, key.Port));
    }

    private static InvalidOperationException NoServer(Protocol protocol) => new($"no virtual server has {protocol}");

    /// <summary>In the order of ipvsadm -Sn (measured: ipvsadm 1.31).</summary>
    private static void PrintOptions(ArtifactWriter writer, ServerOptions options)
    {
        writer.Write(" -s ");
        writer.Write(NameOf(options.Scheduler));
        if (options.PersistenceSeconds is { } seconds)
        {
            writer.Write(" -p ");
            writer.Write(seconds);
        }

        if (options.Flags != SchedulerFlags.None)
        {
            writer.Write(" -b ");
            PrintFlags(writer, options.Scheduler, options.Flags);
        }

        if (options.OnePacket) writer.Write(" -o");
    }

    private static void PrintReal(ArtifactWriter writer, Endpoint endpoint, Forwarding forwarding, int weight)
    {
        writer.Write(" -r ");
        writer.Write(endpoint);
        writer.Write(forwarding switch
        {
            Forwarding.Masquerade => " -m -w ",
            Forwarding.Route => " -g -w ",
            Forwarding.Tunnel => " -i -w ",
        });
        writer.Write(weight);
    }
}
