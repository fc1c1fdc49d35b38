using System.Globalization;
using System.Text;
using RuleCompiler.Backends;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Probing;
using RuleCompiler.KernelTests.Uml;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>
/// How a Linux 6.1 kernel's IPVS behaves where documentation is silent: what the emulator and the IPVS room rely on.
/// The tables are written by hand, so that nothing of ours is between the fact and the kernel.
/// </summary>
public sealed class IpvsFactTests(GuestKernel kernel)
{
    private const int Clients = 12;
    private const int Alternations = 600;
    private const int FirstPort = 20_000;

    private static readonly Ip _client = Ip.Parse("172.16.0.9");
    private static readonly Ip _nodeAddress = Ip.Parse("192.168.77.2");
    private static readonly Endpoint _service = Endpoint.Parse("10.96.0.10:80");

    /// <summary>
    /// Twelve clients, each with another address and port, at 10.64.0.5, .6 and .7 of weights 1, 2 and 3, added in this
    /// order, at a virtual address for each row, 10.96.0.10 and up: dh hashes that. The kernel keeps the newest server
    /// first (net/netfilter/ipvs/ip_vs_ctl.c:__ip_vs_update_dest @v6.1).
    /// </summary>
    private static readonly (string Scheduler, string Servers)[] _weights123 =
    [
        ("rr", "7 6 5 7 6 5 7 6 5 7 6 5"),
        ("wrr", "7 6 5 7 7 6 7 6 5 7 7 6"),
        ("lc", "7 6 5 7 6 5 7 6 5 7 6 5"),
        ("wlc", "7 6 5 7 6 7 7 6 5 7 6 7"),
        ("lblc", "7 7 7 7 6 6 6 5 5 5 5 5"),
        ("lblcr", "7 7 7 7 6 6 6 5 5 7 6 7"),
        ("dh", "6 6 6 6 6 6 6 6 6 6 6 6"),
        ("sh", "6 7 6 5 6 5 7 6 7 7 7 7"),
        ("sed", "7 6 7 7 6 5 7 6 7 7 6 5"),
        ("nq", "7 6 5 7 7 6 7 6 7 7 6 5"),
        ("mh", "7 6 7 7 7 6 7 7 6 6 7 7"),
        ("fo", "7 7 7 7 7 7 7 7 7 7 7 7"),
        ("ovf", "7 7 7 7 6 6 6 5 5 refused refused refused"),
    ];

    /// <summary>The same clients and servers, of weights 1, 1 and 0.</summary>
    private static readonly (string Scheduler, string Servers)[] _weights110 =
    [
        ("rr", "6 5 6 5 6 5 6 5 6 5 6 5"),
        ("sh", "6 refused 6 5 refused 5 6 6 refused 5 refused 5"),
        ("sh -b sh-fallback", "6 5 6 5 6 5 6 6 5 5 6 5"),
    ];

    [Fact]
    public void Each_scheduler_chooses_by_its_own_formula()
    {
        Assert.Equal(Lines(_weights123), Lines(Choices(_weights123, 1, 2, 3)));
        Assert.Equal(Lines(_weights110), Lines(Choices(_weights110, 1, 1, 0)));
    }

    [Fact]
    public void A_flow_stays_while_its_server_drains()
    {
        var scene = Start("-s rr", 1, 1);
        var first = From(_client, 20_000);
        Probe[] probes = [first, first, From(_client, 20_001), From(_client, 20_002)];
        var numbers = new List<uint> { scene.Send(probes[0]) };
        scene.Collect();
        scene.Run("", $"ipvsadm -e -t {_service} -r 10.64.0.6:8080 -m -w 0");
        numbers.AddRange(probes[1..].Select(scene.Send));
        var seen = kernel.Play(scene);
        var servers = probes.Select((probe, i) => Server(seen.EndingOf(numbers[i], probe)));
        Assert.Equal("6 6 5 5", string.Join(' ', servers));
    }

    /// <summary>
    /// ip_vs_ctl.c:__ip_vs_del_dest: with expire_nodest_conn connections to a server that is deleted end a jiffy later,
    /// and a flow begins anew; without it they wait, even while the virtual server is gone.
    /// </summary>
    [Theory]
    [InlineData(1, "6 5 5")]
    [InlineData(0, "6 nothing 6")]
    public void What_a_flow_meets_when_its_server_goes_and_comes_back(int expireNodestConn, string expected)
    {
        var scene = Start("-s rr", 1, 1);
        scene.Apply(new ArtifactFile("sysctl.conf", $"net.ipv4.vs.expire_nodest_conn = {expireNodestConn}\n"));
        var probe = From(_client, 20_000);
        List<uint> numbers = [scene.Send(probe)];
        scene.Run("", $"ipvsadm -d -t {_service} -r 10.64.0.6:8080");
        scene.Settle();
        numbers.Add(scene.Send(probe));
        scene.Run("", $"ipvsadm -D -t {_service}");
        scene.Run(
            $"-A -t {_service} -s rr\n-a -t {_service} -r 10.64.0.6:8080 -m\n-a -t {_service} -r 10.64.0.5:8080 -m\n",
            "ipvsadm -R");
        scene.Settle();
        numbers.Add(scene.Send(probe));
        var seen = kernel.Play(scene);
        Assert.Equal(expected, string.Join(' ', numbers.Select(number => Server(seen.EndingOf(number, probe)))));
    }

    /// <summary>
    /// ip_vs_conn.c:ip_vs_conn_expire: a template ends after its time, but not before its connections; it looks again
    /// after a minute (not waited for here).
    /// </summary>
    [Theory]
    [InlineData(1, "6 5")]
    [InlineData(60, "6 6")]
    public void Affinity_lasts_as_long_as_said_and_as_its_connections_do(int udpSeconds, string expected)
    {
        var scene = Scene.Of(HostNetworks.For(TinyCluster.Node, Family.Ipv4));
        scene.Apply(new ArtifactFile("addresses.txt", $"{_service.Address}\n"));
        scene.Apply(new ArtifactFile("ipvs.restore",
            $"--set 0 0 {udpSeconds}\n-A -u {_service} -s rr -p 2\n" +
            $"-a -u {_service} -r 10.64.0.5:8080 -m\n-a -u {_service} -r 10.64.0.6:8080 -m\n"));
        var probe = From(_client, 20_000);
        probe = probe with { Tuple = probe.Tuple with { Protocol = Protocol.Udp } };
        var later = probe with { Tuple = probe.Tuple with { SourcePort = new Port(20_001) } };
        var first = scene.Send(probe);
        scene.Pause(TimeSpan.FromSeconds(3.5));
        var second = scene.Send(later);
        var seen = kernel.Play(scene);
        Assert.Equal(expected, $"{Server(seen.EndingOf(first, probe))} {Server(seen.EndingOf(second, later))}");
    }

    /// <summary>
    /// What comes by a cable must not be overtaken by what a process of the node sends after it, or rr tells. guest.sh
    /// sees to that. Here another process wants the processor all the time, and ksoftirqd would be the last to get it.
    /// </summary>
    [Fact]
    public void Packets_reach_the_scheduler_in_the_order_in_which_they_were_sent()
    {
        var scene = Start("-s rr", 1, 1);
        scene.Run(
            "renice -n 19 -p $(pgrep ksoftirqd)\ntimeout 3 sh -c 'while :; do :; done' >/dev/null 2>&1 &\n", "sh");
        var probes = Enumerable.Range(0, Alternations).Select(i => i % 2 == 0
            ? From(_client, FirstPort + i)
            : From(_nodeAddress, FirstPort + i, null)).ToArray();
        var expected = string.Join(' ', probes.Select((_, i) => i % 2 == 0 ? "6" : "5"));
        Assert.Equal(expected, Servers(scene, probes));
    }

    /// <summary>The template is the client's and the VIP and port's; it decides before the scheduler is asked.</summary>
    [Fact]
    public void A_persistent_client_stays_with_its_server()
    {
        var scene = Start("-s rr -p 60", 1, 1, 1);
        Probe[] probes =
            [From(Client(0), 1), From(Client(1), 2), From(Client(0), 3), From(Client(2), 4), From(Client(1), 5)];
        Assert.Equal("7 6 7 5 6", Servers(scene, probes));
    }

    [Fact]
    public void A_persistent_client_of_a_drained_server_moves_on_where_quiescent_templates_expire()
    {
        var scene = Start("-s rr -p 60", 1, 1);
        scene.Apply(new ArtifactFile("sysctl.conf", "net.ipv4.vs.expire_quiescent_template = 1\n"));
        Probe[] probes = [From(_client, 1), From(_client, 2), From(_client, 3)];
        var numbers = new List<uint> { scene.Send(probes[0]) };
        scene.Collect();
        scene.Run("", $"ipvsadm -e -t {_service} -r 10.64.0.6:8080 -m -w 0");
        numbers.AddRange(probes[1..].Select(scene.Send));
        var seen = kernel.Play(scene);
        Assert.Equal("6 5 5", string.Join(' ', probes.Select((probe, i) => Server(seen.EndingOf(numbers[i], probe)))));
    }

    /// <summary>ip_vs_core.c:ip_vs_leave sends the port-unreachable error itself; no rule is asked.</summary>
    [Fact]
    public void A_virtual_server_without_servers_refuses_everybody()
    {
        var scene = Start("-s rr");
        Assert.Equal("refused refused", Servers(scene, [From(_client, 20_000), From(_nodeAddress, 20_001, null)]));
    }

    /// <summary>
    /// From outside: PREROUTING and INPUT see the VIP, which kube-ipvs0 makes LOCAL; then IPVS takes the packet out of
    /// INPUT, behind filter and before nat. What it sends passes OUTPUT (but not nat's) and POSTROUTING, for the same
    /// flow, which is still NEW.
    /// </summary>
    [Fact]
    public void Which_tables_see_a_client_outside() => Assert.Equal(
        """
        mangle PREROUTING: VIP, LOCAL
        mangle INPUT: VIP, LOCAL
        mangle OUTPUT: endpoint, NEW; IPVS
        mangle POSTROUTING: endpoint, NEW; IPVS
        nat PREROUTING: VIP, LOCAL
        nat POSTROUTING: endpoint, NEW; IPVS
        filter INPUT: VIP, LOCAL
        filter OUTPUT: endpoint, NEW; IPVS
        """,
        Seen(From(_client, 20_000)));

    /// <summary>
    /// From a process of the node: nat's OUTPUT sees the VIP; IPVS is behind it and before filter's, which sees the
    /// endpoint only. mangle's comes first, and again for what IPVS sends.
    /// </summary>
    [Fact]
    public void Which_tables_see_a_process_of_the_node() => Assert.Equal(
        """
        mangle OUTPUT: VIP, LOCAL; endpoint, NEW; IPVS
        mangle POSTROUTING: endpoint, NEW; IPVS
        nat OUTPUT: VIP, LOCAL
        nat POSTROUTING: endpoint, NEW; IPVS
        filter OUTPUT: endpoint, NEW; IPVS
        """,
        Seen(From(_nodeAddress, 20_000, null)));

    /// <summary>
    /// A local destination is its own source (net/ipv4/route.c:ip_route_output_key_hash_rcu): without a masquerade the
    /// endpoint would see the VIP.
    /// </summary>
    [Fact]
    public void A_process_of_the_node_speaks_to_a_virtual_address_from_that_very_address()
    {
        var scene = Start("-s rr", 1);
        scene.Run("", $"ip route get {_service.Address}");
        Assert.Contains($"src {_service.Address}", kernel.Play(scene).Said[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "192.168.77.2")]
    [InlineData(0, "172.16.0.9")]
    public void POSTROUTING_masquerades_only_where_conntrack_knows_the_flows_of_IPVS(int conntrack, string source)
    {
        var scene = Start("-s rr", 1);
        scene.Apply(new ArtifactFile("iptables.rules", "*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n"));
        scene.Apply(new ArtifactFile("sysctl.conf", $"net.ipv4.vs.conntrack = {conntrack}\n"));
        var (probe, number) = (From(_client, 20_000), scene.Send(From(_client, 20_000)));
        var ending = Assert.IsType<Ending.Sent>(kernel.Play(scene).EndingOf(number, probe));
        Assert.Equal(Ip.Parse(source), ending.Source);
    }

    private static Scene Start(string settings, params int[] weights)
    {
        var scene = Scene.Of(HostNetworks.For(TinyCluster.Node, Family.Ipv4));
        scene.Apply(new ArtifactFile("addresses.txt", $"{_service.Address}\n"));
        scene.Apply(new ArtifactFile("ipvs.restore", $"-A -t {_service} {settings}\n" + string.Concat(
            weights.Select((weight, i) => $"-a -t {_service} -r 10.64.0.{i + 5}:8080 -m -w {weight}\n"))));
        scene.Apply(new ArtifactFile("sysctl.conf", "net.ipv4.vs.conntrack = 1\n"));
        return scene;
    }

    private static Probe From(Ip source, int port, string? inputInterface = HostNetworks.Uplink) => new(
        new FlowTuple(source, new Port((ushort)port), Protocol.Tcp, _service.Address, _service.Port), inputInterface);

    private static Ip Client(int number) => Ip.V4((uint)_client.Bits + (uint)number);

    /// <summary>Last bytes of the servers' addresses, in the order of the probes.</summary>
    private string Servers(Scene scene, Probe[] probes)
    {
        var numbers = Array.ConvertAll(probes, scene.Send);
        var seen = kernel.Play(scene);
        return string.Join(' ', probes.Select((probe, i) => Server(seen.EndingOf(numbers[i], probe))));
    }

    private static string Server(Ending ending) => ending switch
    {
        Ending.Sent sent => (sent.To.Address.Bits & 0xFF).ToString(CultureInfo.InvariantCulture),
        Ending.Rejected => "refused",
        Ending.Nothing => "nothing",
        _ => ending.ToString(),
    };

    private static string Lines(IEnumerable<(string Scheduler, string Servers)> table) =>
        string.Join('\n', table.Select(row => $"{row.Scheduler}: {row.Servers}"));

    /// <summary>A virtual address for each scheduler, all in one scene: booked apart, they do not meet.</summary>
    private IEnumerable<(string Scheduler, string Servers)> Choices(
        (string Scheduler, string Servers)[] table, params int[] weights)
    {
        var scene = Scene.Of(HostNetworks.For(TinyCluster.Node, Family.Ipv4));
        var (servers, sent) = (new StringBuilder(), new List<(int Row, Probe Probe, uint Number)>());
        foreach (var (row, (scheduler, _)) in table.Index())
        {
            servers.Append($"-A -t {VipOf(row)}:80 -s {scheduler}\n");
            foreach (var (i, weight) in weights.Index())
                servers.Append($"-a -t {VipOf(row)}:80 -r 10.64.0.{i + 5}:8080 -m -w {weight}\n");
        }

        scene.Apply(new ArtifactFile(
            "addresses.txt", string.Concat(table.Index().Select(row => $"{VipOf(row.Index)}\n"))));
        scene.Apply(new ArtifactFile("ipvs.restore", servers.ToString()));
        for (var row = 0; row < table.Length; row++)
        {
            for (var i = 0; i < Clients; i++)
            {
                var probe = From(Client(i), 20_000 + i);
                probe = probe with { Tuple = probe.Tuple with { Destination = VipOf(row) } };
                sent.Add((row, probe, scene.Send(probe)));
            }
        }

        var seen = kernel.Play(scene);
        return table.Index().Select(row => (row.Item.Scheduler, string.Join(' ', sent
            .Where(one => one.Row == row.Index).Select(one => Server(seen.EndingOf(one.Number, one.Probe))))));
    }

    private static Ip VipOf(int row) => Ip.V4((uint)_service.Address.Bits + (uint)row);

    /// <summary>Tables and chains, each with those of three rules that met the packet.</summary>
    private string Seen(Probe probe)
    {
        (string Name, string Match)[] rules =
        [
            ("VIP, LOCAL", $"-d {_service.Address} -m addrtype --dst-type LOCAL"),
            ("endpoint, NEW", "-d 10.64.0.5 -m conntrack --ctstate NEW"),
            ("IPVS", "-m ipvs --ipvs"),
        ];
        (string Table, string[] Chains)[] tables =
        [
            ("mangle", ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]),
            ("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
            ("filter", ["INPUT", "FORWARD", "OUTPUT"]),
        ];
        var scene = Start("-s rr", 1);
        scene.Apply(new ArtifactFile("iptables.rules", string.Concat(tables.Select(table =>
        {
            var lines =
                from chain in table.Chains
                from rule in rules
                select $"-A {chain} {rule.Match} -m comment --comment \"{table.Table} {chain}: {rule.Name}\"\n";
            return $"*{table.Table}\n{string.Concat(lines)}COMMIT\n";
        }))));
        scene.Send(probe);
        scene.Collect();
        foreach (var (table, _) in tables) scene.Run("", $"iptables-legacy-save -c -t {table}");
        var met = kernel.Play(scene).Said
            .Where(line => !line.StartsWith("[0:0]", StringComparison.Ordinal)).ToArray();
        return string.Join('\n',
            from table in tables
            from chain in table.Chains
            let names = rules.Select(rule => rule.Name).Where(name => met.Any(line =>
                line.Contains($"\"{table.Table} {chain}: {name}\"", StringComparison.Ordinal))).ToArray()
            where names.Length > 0
            select $"{table.Table} {chain}: {string.Join("; ", names)}");
    }
}
