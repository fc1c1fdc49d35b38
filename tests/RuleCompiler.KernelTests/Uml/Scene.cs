using System.Diagnostics;
using System.Globalization;
using System.Text;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.KernelTests.Packets;
using RuleCompiler.KernelTests.Probing;

namespace RuleCompiler.KernelTests.Uml;

/// <summary>
/// What <c>scene.c</c> is to do: a node like <see cref="NodeNetwork"/>'s, rules into it, probes at it, in this order.
/// The far end of interface number N is farN.
/// </summary>
internal sealed class Scene
{
    private const string Dummy = "kube-ipvs0";

    /// <summary>scene.c keeps its namespaces at these descriptors, which its children inherit.</summary>
    private const string NodeSpace = "/proc/self/fd/50", WorldSpace = "/proc/self/fd/51";

    /// <summary>
    /// Nobody listens on the node: its resets would close connections of IPVS that a server would have kept, and change
    /// what schedulers count. raw's OUTPUT comes before IPVS.
    /// </summary>
    private const string NoResets = "*raw\n-A OUTPUT -p tcp -m tcp --tcp-flags RST RST -j DROP\nCOMMIT\n";

    public static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(100);

    private readonly StringBuilder _commands = new();
    private readonly List<string> _files = [];
    private readonly List<string> _interfaces = [];
    private readonly byte[] _frame = new byte[ProbePacket.FrameBytesMax];
    private uint _probes;

    /// <summary>With <c>kube-ipvs0</c>, which has no addresses yet.</summary>
    public static Scene Of(params HostNetwork[] hosts)
    {
        var scene = new Scene();
        scene.Command("world");
        scene.Sysctl(NodeSettings.WorldSysctl);
        scene.Command("node");
        foreach (var setting in NodeSettings.Sysctls(hosts)) scene.Sysctl(setting);
        scene._interfaces.AddRange(hosts.SelectMany(host => host.Interfaces).Select(device => device.Name).Distinct());
        scene.Ip(scene._interfaces.Select((name, i) => NodeSettings.Cable(name, Far(i), NodeSpace, WorldSpace)));
        scene.Command("world");
        scene.Ip(scene._interfaces.Select((_, i) => NodeSettings.FarEnd(Far(i))));
        scene.Command("node");
        scene.Ip(scene._interfaces.Select(NodeSettings.NearEnd)
            .Prepend("link set lo up").Append($"link add {Dummy} type dummy")
            .Concat(hosts.SelectMany(NodeSettings.AddressesAndRoutes)));
        scene.Run(NoResets, "iptables-legacy-restore --noflush");
        scene.Run(NoResets, "ip6tables-legacy-restore --noflush");
        for (var i = 0; i < scene._interfaces.Count; i++) scene.Command($"watch {Far(i)} {scene._interfaces[i]}");
        scene.Command("listen");
        return scene;
    }

    /// <summary>One file of an IPVS artifact, by the tool that its name stands for.</summary>
    public void Apply(ArtifactFile file)
    {
        switch (file.Name)
        {
            case "ipset.restore" or "ipset6.restore":
                Run(file.Text, "ipset restore");
                break;
            case "addresses.txt" or "addresses6.txt":
                Ip(Lines(file.Text).Select(line => NodeSettings.Address(Ir.Net.Ip.Parse(line), Dummy)));
                break;
            case "ipvs.restore" or "ipvs6.restore":
                Run(file.Text, "ipvsadm -R");
                break;
            case "iptables.rules":
                Run(file.Text, "iptables-legacy-restore --noflush");
                break;
            case "ip6tables.rules":
                Run(file.Text, "ip6tables-legacy-restore --noflush");
                break;
            case "sysctl.conf" or "sysctl6.conf":
                foreach (var line in Lines(file.Text)) Setting(line);
                break;
            default:
                throw new ArgumentException($"no tool for {file.Name}", nameof(file));
        }
    }

    /// <summary>One step of a plan, by its tool; <paramref name="change"/> may change its text.</summary>
    public void Apply(IpvsStep step, Family family, Func<string, string> change)
    {
        var text = change(IpvsBackend.Instance.PrintStep(step, family));
        switch (step)
        {
            case IpvsStep.SetSysctls:
                foreach (var line in Lines(text)) Setting(line);
                break;
            case IpvsStep.ChangeSets:
                Run(text, "ipset restore");
                break;
            case IpvsStep.ChangeRules:
                Run(text, family == Family.Ipv4
                    ? "iptables-legacy-restore --noflush"
                    : "ip6tables-legacy-restore --noflush");
                break;
            case IpvsStep.ChangeServers or IpvsStep.Reap:
                Run(text, "ipvsadm -R");
                break;
            case IpvsStep.Bind or IpvsStep.Unbind:
                Run(text, "ip -batch -");
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>Its output is in <see cref="Observations.Said"/>.</summary>
    public void Run(string input, string commandLine)
    {
        if (input.Length == 0)
        {
            Command($"run /dev/null {commandLine}");
            return;
        }

        Command($"run NAME-{_files.Count} {commandLine}");
        _files.Add(input);
    }

    /// <summary>Sends a probe and waits for all that comes of it.</summary>
    /// <returns>Its number, by which <see cref="Observations"/> knows it.</returns>
    public uint Send(Probe probe)
    {
        var number = ++_probes;
        if (probe.InputInterface is null)
        {
            Hex("packet", _frame.AsSpan(0, ProbePacket.Write(_frame, probe.Tuple, number, probe.Tcp)));
            return number;
        }

        var at = _interfaces.IndexOf(probe.InputInterface);
        if (at < 0) throw new ArgumentException($"no interface {probe.InputInterface}", nameof(probe));
        var length = ProbePacket.WriteFrame(_frame, NodeNetwork.MacOf(at), probe.Tuple, number, probe.Tcp);
        Hex($"frame {probe.InputInterface}", _frame.AsSpan(0, length));
        return number;
    }

    public void Pause(TimeSpan time) =>
        Command(string.Create(CultureInfo.InvariantCulture, $"pause {(int)time.TotalMilliseconds}"));

    /// <summary>
    /// Connections to real servers that went are gone after this: the kernel ends them a jiffy later
    /// (include/net/ip_vs.h:ip_vs_enqueue_expire_nodest_conns @v6.1), in a worker. Where the machine is busy the jiffy and
    /// the first pause may end at the same moment; the worker has the second one for itself.
    /// </summary>
    public void Settle()
    {
        for (var i = 0; i < 2; i++) Pause(Settling / 2);
    }

    /// <summary>Everything that was sent so far comes to its end before what follows.</summary>
    public void Collect() => Command("collect");

    public void Write(string folder, string name)
    {
        for (var i = 0; i < _files.Count; i++) File.WriteAllText(Path.Combine(folder, $"{name}-{i}"), _files[i]);
        File.WriteAllText(
            Path.Combine(folder, name),
            _commands.ToString().Replace("run NAME-", $"run {name}-", StringComparison.Ordinal) + "collect\n");
    }

    private static string Far(int number) => $"far{number}";

    private static IEnumerable<string> Lines(string text) =>
        text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != '#');

    private void Setting(string line)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        var (name, value) = (line[..equals].Trim(), line[(equals + 1)..].Trim());
        Command($"write /proc/sys/{name.Replace('.', '/')} {value}");
    }

    private void Sysctl((string Name, int? Value) setting) =>
        Command($"write /proc/sys/{setting.Name} {setting.Value}");

    private void Ip(IEnumerable<string> lines) => Run(string.Join('\n', lines) + "\n", "ip -batch -");

    private void Hex(string command, ReadOnlySpan<byte> bytes) => Command($"{command} {Convert.ToHexString(bytes)}");

    private void Command(string line) => _commands.Append(line).Append('\n');
}
