using RuleCompiler.Backends;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Backends.Iptables;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Backends.Ipvs;

public sealed class ParseTests
{
    /// <summary>What ipvsadm 1.31 printed on Linux 6.1 for servers of every kind.</summary>
    private const string Saved =
        """
        -A -t 255.255.255.255:65535 -s wlc
        -A -t 10.96.0.1:443 -s rr -p 10800
        -a -t 10.96.0.1:443 -r 10.64.0.4:6443 -m -w 0
        -a -t 10.96.0.1:443 -r 10.64.0.5:6443 -m -w 1
        -A -u 10.96.0.2:53 -s mh -b mh-port
        -A -u 10.96.0.2:54 -s sh -p 60 -b sh-fallback,sh-port
        -A -u 10.96.0.2:55 -s rr -o
        -a -u 10.96.0.2:55 -r 10.64.0.5:55 -g -w 10
        -a -u 10.96.0.2:55 -r 10.64.0.6:55 -i -w 10 --tun-type ipip
        -A -u 10.96.0.2:57 -s rr -b flag-3
        -A --sctp-service 10.96.0.3:99 -s wrr
        -a --sctp-service 10.96.0.3:99 -r 10.64.0.5:99 -m -w 65535
        -A -t [fd00:10:96::1]:443 -s rr -p 10800
        -a -t [fd00:10:96::1]:443 -r [fd00:10:64::5]:6443 -m -w 1
        -a -t [fd00:10:96::1]:443 -r [fd00:10:64:1234:5678:9abc:def0:1234]:6443 -m -w 100000

        """;

    /// <summary>The same from ipvsadm -Ln; lines of real servers end in blanks.</summary>
    private static readonly string _listed = string.Join('\n',
        "IP Virtual Server version 1.2.1 (size=4096)",
        "Prot LocalAddress:Port Scheduler Flags",
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
        "TCP  255.255.255.255:65535 wlc",
        "TCP  10.96.0.1:443 rr persistent 10800",
        "  -> 10.64.0.4:6443               Masq    0      0          0         ",
        "  -> 10.64.0.5:6443               Masq    1      0          0         ",
        "UDP  10.96.0.2:53 mh (mh-port)",
        "UDP  10.96.0.2:54 sh (sh-fallback,sh-port) persistent 60",
        "UDP  10.96.0.2:55 rr ops",
        "  -> 10.64.0.5:55                 Route   10     0          0         ",
        "  -> 10.64.0.6:55                 Tunnel  10     0          0         ",
        "UDP  10.96.0.2:57 rr (flag-3)",
        "SCTP 10.96.0.3:99 wrr",
        "  -> 10.64.0.5:99                 Masq    65535  0          0         ",
        "");

    private static readonly string _listedIpv6 = string.Join('\n',
        "TCP  [fd00:10:96::1]:443 rr persistent 10800",
        "  -> [fd00:10:64::5]:6443         Masq    1      0          0         ",
        "  -> [fd00:10:64:1234:5678:9abc:def0:1234]:6443 Masq    100000 0          0         ",
        "");

    private const string SavedSets =
        """
        create KUBE-LOAD-BALANCER-SOURCE-CIDR hash:ip,port,net family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xb2370374
        add KUBE-LOAD-BALANCER-SOURCE-CIDR 10.0.0.1,tcp:80,10.0.0.0/8
        add KUBE-LOAD-BALANCER-SOURCE-CIDR 10.0.0.1,sctp:80,10.0.0.9
        create KUBE-6-LOOP-BACK hash:ip,port,ip family inet6 hashsize 1024 maxelem 262144 bucketsize 12 initval 0x95dc6c34
        add KUBE-6-LOOP-BACK fd00::1,udp:53,fd00::1
        create KUBE-NODE-PORT-TCP bitmap:port range 0-65535
        add KUBE-NODE-PORT-TCP 30080
        create KUBE-6-NODE-PORT-TCP bitmap:port range 0-65535
        add KUBE-6-NODE-PORT-TCP 30081
        create KUBE-IPVS-IPS hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xe7c5cb8d
        add KUBE-IPVS-IPS 10.0.0.1

        """;

    [Fact]
    public void What_ipvsadm_saves_and_lists_is_the_same_table()
    {
        var saved = Read(Saved);
        var listed = Read(_listed + _listedIpv6);
        Assert.Equal(WithoutCounts(listed), saved);
        Assert.Equal(new Connections(0, 0), listed.Servers[0].RealServers[0].Connections);
        Assert.Equal(_listed, IpvsBackend.PrintTable(saved));
        Assert.Equal(
            string.Concat(_listed.Split('\n').Take(3).Select(line => line + "\n")) + _listedIpv6,
            IpvsBackend.PrintTable(Read(Saved, Family.Ipv6)));
    }

    [Fact]
    public void Connections_are_read_and_listed()
    {
        const string Table = "TCP  10.96.0.1:443 rr\n  -> 10.64.0.4:6443               Masq    0      3          14        \n";
        var artifact = Read(Table);
        Assert.Equal(new Connections(3, 14), artifact.Servers[0].RealServers[0].Connections);
        Assert.EndsWith(Table, IpvsBackend.PrintTable(artifact), StringComparison.Ordinal);
    }

    /// <summary>The tool subtracts addresses as signed numbers (measured).</summary>
    [Fact]
    public void The_table_is_in_the_tools_order() => Assert.Equal(
        ["203.0.113.1:80", "10.0.0.1:80", "10.0.0.1:81", "10.0.0.1:53"],
        IpvsBackend.PrintTable(Read("-A -u 10.0.0.1:53\n-A -t 10.0.0.1:81\n-A -t 203.0.113.1:80\n-A -t 10.0.0.1:80\n"))
            .Split('\n').Skip(3).SkipLast(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));

    [Fact]
    public void A_dump_of_sets_holds_both_families()
    {
        var ipv4 = Read(SavedSets);
        Assert.Equal(["KUBE-IPVS-IPS", "KUBE-LOAD-BALANCER-SOURCE-CIDR", "KUBE-NODE-PORT-TCP"], ipv4.Sets.Select(set => set.Name));
        Assert.Equal(
            ["KUBE-IPVS-IPS 10.0.0.1", "KUBE-LOAD-BALANCER-SOURCE-CIDR 10.0.0.1,tcp:80,10.0.0.0/8",
             "KUBE-LOAD-BALANCER-SOURCE-CIDR 10.0.0.1,sctp:80,10.0.0.9", "KUBE-NODE-PORT-TCP 30080"],
            LowerTests.EntriesOf(ipv4));
        var ipv6 = Read(SavedSets, Family.Ipv6);
        Assert.Equal(["KUBE-6-LOOP-BACK", "KUBE-6-NODE-PORT-TCP"], ipv6.Sets.Select(set => set.Name));
        Assert.Equal(262_144, ipv6.Sets[0].MaxElements);
    }

    [Fact]
    public void Dumps_of_all_tools_may_share_a_file()
    {
        const string Rules = "*filter\n:INPUT ACCEPT [0:0]\n:KUBE-X - [0:0]\n-A INPUT -j KUBE-X\nCOMMIT\n";
        var artifact = Read($"{SavedSets}{Rules}{Saved}10.96.0.1\nTimeout (tcp tcpfin udp): 900 120 300\nnet.ipv4.vs.conntrack = 1\n");
        Assert.Equal(new Timeouts(900, 120, 300), artifact.Timeouts);
        Assert.Equal([new Sysctl("net.ipv4.vs.conntrack", "1", "")], artifact.Sysctls);
        Assert.Equal([Ip.Parse("10.96.0.1")], artifact.Addresses);
        Assert.Equal(2, Assert.Single(artifact.Rules.Tables).Chains.Count);
        Assert.Equal(7, artifact.Servers.Count);
    }

    /// <summary>Measured: wlc, 360 seconds, direct routing, weight 1.</summary>
    [Fact]
    public void What_ipvsadm_is_not_told_it_knows() => Assert.Equal(
        "-A -t 10.0.0.1:80 -s wlc -p 360\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 1\n",
        IpvsBackend.Instance.Print(Read("-A -t 10.0.0.1:80 -p\n-a -t 10.0.0.1:80 -r 10.0.0.2:80\n"))[2].Text);

    [Fact]
    public void Commands_change_what_is_there() => Assert.Equal(
        "-A -t 10.0.0.1:80 -s sed -b flag-1,flag-2\n-a -t 10.0.0.1:80 -r 10.0.0.3:80 -m -w 7\n",
        IpvsBackend.Instance.Print(Read(
            """
            -A --tcp-service 10.0.0.1:80 --scheduler rr
            -A -t 10.0.0.1:81 -s rr
            -E -t 10.0.0.1:80 -s sed -b flag-2,flag-1
            -a -t 10.0.0.1:80 -r 10.0.0.2:80 -m
            -a -t 10.0.0.1:80 -r 10.0.0.3:80 -m -w 0
            -e -t 10.0.0.1:80 -r 10.0.0.3:80 -m -w 7
            -d -t 10.0.0.1:80 -r 10.0.0.2:80
            -D -t 10.0.0.1:81
            create A hash:ip
            create B hash:ip -exist
            add A 10.0.0.1
            swap A B
            destroy A
            flush B
            destroy B

            """))[2].Text);

    public static TheoryData<string, string, int, int> Faults => new()
    {
        { "RC4001", "hello", 1, 1 },
        { "RC4001", "10.0.0.1 up", 1, 10 },
        { "RC4001", "Prot LocalAddress:Port               Conns   InPkts", 1, 1 },
        { "RC4001", "= 1", 1, 1 },
        { "RC4001", "create A hash:ip\nadd A 10.0.0.1 timeout 5", 2, 16 },
        { "RC4001", "-C now", 1, 4 },
        { "RC4007", "-A -t 10.0.0.1:80 --pe sip", 1, 19 },
        { "RC4007", "TCP  10.0.0.1:80 rr syn-proxy", 1, 21 },
        { "RC4007", "create A hash:ip timeout 10", 1, 18 },
        { "RC4008", "-A -t 10.0.0.1 -s rr", 1, 7 },
        { "RC4008", "-A -t fd00::1:80", 1, 7 },
        { "RC4008", "-A -t 10.0.0.1:80 -s random", 1, 22 },
        { "RC4008", "-A -t 10.0.0.1:80 -s rr -p 0", 1, 28 },
        { "RC4008", "-A -t 10.0.0.1:80 -s rr -p 100000000", 1, 28 },
        { "RC4008", "-A -t 10.0.0.1:80 -s rr -p 300 -M 255.255.0.0", 1, 35 },
        { "RC4008", "-A -t 10.0.0.1:80 -s rr -b mh-port", 1, 35 },
        { "RC4008", "-A -f 7 -s rr", 1, 4 },
        { "RC4008", "FWM  7 rr", 1, 1 },
        { "RC4008", "-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r [fd00::1]:80", 2, 22 },
        { "RC4008", "-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -w -1", 2, 37 },
        { "RC4008", "-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -i --tun-type gue", 2, 48 },
        { "RC4008", "TCP  10.0.0.1:80 rr\n  -> 10.0.0.2:80 Fwd 1 0 0", 2, 18 },
        { "RC4008", "--set 900 120 lots", 1, 15 },
        { "RC4008", "net.ipv4.vs.conntrack =", 1, 1 },
        { "RC4008", "create A hash:ip\nadd A fd00::1", 2, 7 },
        { "RC4008", "create A hash:ip,port\nadd A 10.0.0.1,80", 2, 7 },
        { "RC4008", "create A hash:ip,port\nadd A 10.0.0.1,icmp:80", 2, 7 },
        { "RC4008", "create A hash:ip,port,net\nadd A 10.0.0.1,tcp:80,0.0.0.0/0", 2, 7 },
        { "RC4008", "create A bitmap:port range 0-65535\nadd A 65536", 2, 7 },
        { "RC4008", "create A bitmap:port range 0-1023", 1, 28 },
        { "RC4008", "create a-name-of-thirty-two-characters-no hash:ip", 1, 8 },
        { "RC4008", "# excludeCIDRs: 10.0.0.0/8 fd00::/8", 1, 28 },
        { "RC4009", "-A -s rr", 1, 9 },
        { "RC4009", "-A -t 10.0.0.1:80 -u 10.0.0.1:80", 1, 19 },
        { "RC4009", "-A -t 10.0.0.1:80 -r 10.0.0.2:80", 1, 33 },
        { "RC4009", "-a -t 10.0.0.1:80", 1, 18 },
        { "RC4009", "-A -t", 1, 6 },
        { "RC4009", "--set 900 120", 1, 14 },
        { "RC4009", "TCP  10.0.0.1:80", 1, 17 },
        { "RC4009", "TCP  10.0.0.1:80 rr\n  -> 10.0.0.2:80 Masq 1 0", 2, 26 },
        { "RC4009", "create A hash:ip\nadd A", 2, 6 },
        { "RC4011", "-Z", 1, 1 },
        { "RC4011", "-A PREROUTING -j KUBE-SERVICES\n-P INPUT DROP", 2, 1 },
        { "RC4012", "-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m", 1, 36 },
        { "RC4012", "-A -t 10.0.0.1:80\n-A -t 10.0.0.1:80 -s rr", 2, 24 },
        { "RC4012", "-D -t 10.0.0.1:80", 1, 18 },
        { "RC4012", "add A 10.0.0.1", 1, 5 },
        { "RC4012", "create A hash:ip\ncreate A hash:ip", 2, 17 },
        { "RC4012", "create A hash:ip\nadd A 10.0.0.1\nadd A 10.0.0.1", 3, 15 },
        { "RC4012", "create A hash:ip maxelem 1\nadd A 10.0.0.1\nadd A 10.0.0.2", 3, 15 },
        { "RC4012", "create A hash:ip\ncreate B hash:ip,port\nswap A B", 3, 9 },
        { "RC4012", "destroy A", 1, 10 },
        { "RC4031", "create A hash:net\nadd A 10.0.0.0/8", 1, 10 },
        { "RC4032", "-A -t [fd00::1]:80 -s rr", 1, 7 },
        { "RC4032", "TCP  [fd00::1]:80 rr", 1, 6 },
        { "RC4032", "create A hash:ip family inet6\nadd A fd00::1", 1, 1 },
        { "RC4008", "TCP  10.0.0.1:80 rr\n  -> [fd00::1]:80 Masq 1 0 0", 2, 6 },
        { "RC4004", "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP", 3, 1 },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_has_its_place(string rule, string text, int line, int column)
    {
        var parsed = IpvsBackend.Instance.Parse([new ArtifactFile("f", text + "\n")], Family.Ipv4);
        var found = parsed.Diagnostics[^1];
        Assert.Equal((rule, new Location("f", line, column)), (found.Rule.Id, found.Location));
    }

    [Fact]
    public void What_is_wrong_is_left_out_and_the_rest_is_read()
    {
        var parsed = IpvsBackend.Instance.Parse([new ArtifactFile("f", "-A -t 10.0.0.1:80 -s best\n-A -t 10.0.0.1:81 -s rr\n")], Family.Ipv4);
        Assert.Equal(
            "f(1,22): error RC4008: found 'best', expected one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, mh, fo, ovf " +
            "in: -A -t 10.0.0.1:80 -s best",
            Assert.Single(parsed.Diagnostics.ToArray()).ToString());
        Assert.Equal(81, Assert.Single(parsed.Artifact.Servers.ToArray()).Port.Value);
    }

    public static TheoryData<string, Family> Dumps => new()
    {
        { Saved, Family.Ipv4 }, { Saved, Family.Ipv6 }, { _listed, Family.Ipv4 }, { _listedIpv6, Family.Ipv6 },
        { SavedSets, Family.Ipv4 }, { SavedSets, Family.Ipv6 },
    };

    /// <summary>
    /// ipset save, ipvsadm -Sn and -Ln have no last line of their own: one that ends with a line is a shorter dump. One that
    /// ends inside a line is an error there, and what is read is what the whole lines say.
    /// </summary>
    [Theory]
    [MemberData(nameof(Dumps))]
    public void A_dump_that_is_cut_off_is_reported(string text, Family family)
    {
        for (var length = 1; length < text.Length; length++)
        {
            var (whole, start) = (text[..length].LastIndexOf('\n') + 1, text[..length].Count(letter => letter == '\n'));
            var expected = IpvsBackend.Instance.Parse([new ArtifactFile("f", text[..whole])], family);
            var parsed = IpvsBackend.Instance.Parse([new ArtifactFile("f", text[..length])], family);
            Assert.Equal(expected.Artifact, parsed.Artifact);
            Assert.Equal(whole < length, parsed.HasErrors);
            if (whole == length) continue;
            Assert.Contains(
                parsed.Diagnostics.Select(diagnostic => (diagnostic.Rule.Id, diagnostic.Location)),
                found => found == ("RC4014", new Location("f", start + 1, length - whole + 1)));
        }
    }

    /// <summary>Every cut of every file, and bytes turned over: diagnostics at most, and what is read prints and comes back.</summary>
    [Fact]
    public void No_text_is_too_broken()
    {
        var service = SmallCluster.Balancer with { LoadBalancerSourceRanges = [Prefix.Parse("192.168.0.0/16")] };
        var printed = IpvsBackend.Instance.Print(LowerTests.Lower([service, SmallCluster.Cart], [service.Slice("10.64.1.5", "10.64.0.5@node-0")]))
            .Select(file => file.Text).Append(_listed).Append(SavedSets).ToArray();
        var random = new Emulator.SeededRandom(Fuzz.Seed);
        for (var i = 0; i < Fuzz.Cases(1_500); i++)
        {
            var text = printed[random.Next() % printed.Length].ToCharArray();
            var from = (int)(random.Next() % text.Length);
            text = text[from..(from + (int)(random.Next() % Math.Min(text.Length - from, 600)))];
            for (var flips = random.Next() % 4; flips > 0 && text.Length > 0; flips--)
                text[random.Next() % text.Length] = (char)(random.Next() % 128);
            var parsed = IpvsBackend.Instance.Parse([new ArtifactFile("f", new string(text))], Family.Ipv4);
            Assert.All(parsed.Diagnostics.ToArray(), diagnostic => Assert.Equal("f", diagnostic.Location.Path));
            var again = IpvsBackend.Instance.Parse(IpvsBackend.Instance.Print(WithoutCounts(parsed.Artifact)), Family.Ipv4);
            Assert.Equal(WithoutCounts(parsed.Artifact), again.Artifact);
        }
    }

    private static IpvsArtifact Read(string text, Family family = Family.Ipv4)
    {
        var parsed = IpvsBackend.Instance.Parse([new ArtifactFile("dump", text)], family);
        Assert.Empty(parsed.Diagnostics);
        return parsed.Artifact;
    }

    /// <summary>-Sn and the text of -R have no counts.</summary>
    private static IpvsArtifact WithoutCounts(IpvsArtifact artifact) => artifact with
    {
        Servers = artifact.Servers.Select(server => server with
        {
            RealServers = server.RealServers.Select(real => real with { Connections = null }).ToSeq(),
        }).ToSortedSeq(),
    };
}
