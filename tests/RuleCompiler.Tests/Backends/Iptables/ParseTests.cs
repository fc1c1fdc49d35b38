using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class ParseTests
{
    private static readonly Ip AllOnes = Ip.V4(uint.MaxValue);

    [Theory]
    [InlineData(Family.Ipv4)]
    [InlineData(Family.Ipv6)]
    public void Every_rule_form_is_read_back(Family family)
    {
        var parsed = IptablesBackend.Instance.Parse(IptablesBackend.Instance.Print(EveryRuleForm.For(family)), family);
        Assert.Empty(parsed.Diagnostics);
        Assert.Equal(EveryRuleForm.For(family), parsed.Artifact);
    }

    /// <summary>The dumps were written by iptables 1.8.9 on Linux 6.18 after the golden text had been restored.</summary>
    [Theory]
    [InlineData(Family.Ipv4, "iptables-save.nft")]
    [InlineData(Family.Ipv4, "iptables-save.legacy")]
    [InlineData(Family.Ipv6, "ip6tables-save.nft")]
    [InlineData(Family.Ipv6, "ip6tables-save.legacy")]
    public void Both_flavours_dumps_of_every_rule_form_give_it_back(Family family, string dump)
    {
        var text = File.ReadAllText(Checkout.PathOf("tests/RuleCompiler.Tests/Backends/Iptables", $"EveryRuleForm.{dump}.txt"));
        var parsed = IptablesBackend.Instance.Parse([new ArtifactFile(dump, text)], family);
        Assert.Empty(parsed.Diagnostics);
        Assert.Equal(EveryRuleForm.AsSaved(EveryRuleForm.For(family)), parsed.Artifact);
    }

    [Theory]
    [InlineData(Family.Ipv4, "iptables-save.txt", 559, 190)]
    [InlineData(Family.Ipv6, "ip6tables-save.txt", 110, 52)]
    public void A_real_kube_proxy_dump_is_read_whole(Family family, string dump, int rules, int chains)
    {
        var text = File.ReadAllText(Checkout.PathOf("golden/kubernetes-1.36", dump));
        var parsed = IptablesBackend.Instance.Parse([new ArtifactFile(dump, text)], family);
        Assert.Empty(parsed.Diagnostics);
        Assert.Equal(text.Split('\n').Count(line => line.StartsWith("-A ", StringComparison.Ordinal)), rules);
        Assert.Equal(rules, parsed.Artifact.Tables.Sum(table => table.Chains.Sum(chain => chain.Rules.Count)));
        Assert.Equal(chains, parsed.Artifact.Tables.Sum(table => table.Chains.Count));
        var again = IptablesBackend.Instance.Parse(IptablesBackend.Instance.Print(parsed.Artifact), family);
        Assert.Empty(again.Diagnostics);
        Assert.Equal(parsed.Artifact, again.Artifact);
    }

    /// <summary>What the tool takes, and the one spelling in which it is printed.</summary>
    [Theory]
    [InlineData("-s 10.0.0.1", "-s 10.0.0.1/32")]
    [InlineData("-s 10.1.2.3/8", "-s 10.0.0.0/8")]
    [InlineData("-s 10.1.2.3/255.255.0.0", "-s 10.1.0.0/16")]
    [InlineData("-s 0.0.0.0/0 -d 0/0.0.0.0", null)]
    [InlineData("-d 0.0.0.0/0 -i + -p all", "")]
    [InlineData("--source 10.0.0.1 --in-interface lo --protocol tcp", "-s 10.0.0.1/32 -i lo -p tcp")]
    [InlineData("-m tcp -p tcp --dport 80 -d 10.0.0.1/32", "-d 10.0.0.1/32 -p tcp -m tcp --dport 80")]
    [InlineData("-p tcp --dport 80", "-p tcp -m tcp --dport 80")]
    [InlineData("-p 17 -m udp --dport 0:65535", "-p udp")]
    [InlineData("-p tcp -m tcp --dport :80 --sport 5:", "-p tcp -m tcp --sport 5:65535 --dport 0:80")]
    [InlineData("-m comment --comment plain", "-m comment --comment \"plain\"")]
    [InlineData("-m comment --comment \"it\\'s \\\"q\\\" \\\\\" -j ACCEPT", "-m comment --comment \"it's \\\"q\\\" \\\\\" -j ACCEPT")]
    [InlineData("-m mark --mark 16384/0x4000", "-m mark --mark 0x4000/0x4000")]
    [InlineData("-m mark --mark 0X4000", "-m mark --mark 0x4000")]
    [InlineData("-m statistic --mode random --probability 0.33333333349", "-m statistic --mode random --probability 0.33333333348855")]
    [InlineData("-m statistic --mode random --probability 1", "-m statistic --mode random --probability 1.00000000000000")]
    [InlineData("-m recent --set", "-m recent --set --name DEFAULT --mask 255.255.255.255 --rsource")]
    [InlineData("-m addrtype --dst-type LOCAL ! --src-type LOCAL", "-m addrtype ! --src-type LOCAL -m addrtype --dst-type LOCAL")]
    [InlineData("-m conntrack --ctstate ESTABLISHED,RELATED", "-m conntrack --ctstate RELATED,ESTABLISHED")]
    [InlineData("-m nfacct --nfacct-name  x", "-m nfacct --nfacct-name x")]
    [InlineData("-m set ! --match-set KUBE-X dst,dst,src", "-m set ! --match-set KUBE-X dst,dst,src")]
    [InlineData("-m physdev ! --physdev-is-in", "-m physdev ! --physdev-is-in")]
    [InlineData("-m ipvs ! --ipvs", "-m ipvs ! --ipvs")]
    [InlineData("-m ipvs --vaddr 10.96.0.1/32 --vport 80 --vproto tcp", "-m ipvs --vproto 6 --vaddr 10.96.0.1 --vport 80")]
    [InlineData("-j MARK --set-mark 0x1/0x3", "-j MARK --set-xmark 0x1/0x3")]
    [InlineData("-j MARK --set-mark 0x7/0x3", "-j MARK --set-xmark 0x7/0x7")]
    [InlineData("-j MARK --set-xmark 5", "-j MARK --set-xmark 0x5/0xffffffff")]
    [InlineData("-j MARK --or-mark 0x4000", "-j MARK --set-xmark 0x4000/0x4000")]
    [InlineData("-j MARK --xor-mark 0x4000", "-j MARK --set-xmark 0x4000/0x0")]
    [InlineData("-j MARK --and-mark 0x4000", "-j MARK --set-xmark 0x0/0xffffbfff")]
    [InlineData("-j REJECT", "-j REJECT --reject-with icmp-port-unreachable")]
    [InlineData("-c 12 345 -j DROP", "-j DROP")]
    [InlineData("-j DROP -s 10.0.0.1", "-s 10.0.0.1/32 -j DROP")]
    [InlineData("-m bpf --bytecode \"1,6 0 0 1,\"", "-m bpf --bytecode \"1,6 0 0 1\"")]
    public void Other_spellings_have_one_canonical_form(string written, string? canonical)
    {
        var parsed = IptablesBackend.Instance.Parse([new ArtifactFile("f", $"*nat\n:A - [0:0]\n[1:2] -A A {written}\nCOMMIT\n")], Family.Ipv4);
        if (canonical is null)
        {
            Assert.NotEmpty(parsed.Diagnostics);
            return;
        }

        Assert.Empty(parsed.Diagnostics);
        var rule = Assert.Single(parsed.Artifact.Tables[0].Chains[0].Rules.ToArray());
        Assert.Equal(canonical, IptablesBackend.PrintRule(rule, Family.Ipv4));
    }

    [Fact]
    public void Recent_options_are_all_read()
    {
        var parsed = IptablesBackend.Instance.Parse([new ArtifactFile("f", "*nat\n:A - [0:0]\n-A A -m recent --update --seconds 60 --reap --hitcount 3 " +
            "--name L --mask 255.255.255.255 --rsource\nCOMMIT\n")], Family.Ipv4);
        var rule = Assert.Single(parsed.Artifact.Tables[0].Chains[0].Rules.ToArray());
        Assert.Equal(new Match.Recent(RecentAction.Update, "L", 60, 3, true, AllOnes), Assert.Single(rule.Matches.ToArray()));
    }

    [Fact]
    public void An_interpolated_probability_of_every_save_gives_its_threshold_back()
    {
        for (var n = 1u; n <= 20_000; n += 7)
        {
            var threshold = (uint)(((1ul << 31) + (n / 2)) / n);
            var text = (threshold / (double)(1u << 31)).ToString("F11", System.Globalization.CultureInfo.InvariantCulture);
            var parsed = IptablesBackend.Instance.Parse([new ArtifactFile("f", $"*nat\n:A - [0:0]\n-A A -m statistic --mode random --probability {text}\nCOMMIT\n")], Family.Ipv4);
            Assert.Equal(new Match.Statistic(threshold), parsed.Artifact.Tables[0].Chains[0].Rules[0].Matches[0]);
        }
    }

    public static TheoryData<string, string, int, int> Faults => new()
    {
        { "RC4001", "hello", 3, 1 },
        { "RC4001", "-A A -m comment --comment \"open", 3, 27 },
        { "RC4001", "-A A\0", 3, 5 },
        { "RC4001", "-A A -j DROP\r", 3, 13 },
        { "RC4001", ":- - [0:0]", 3, 2 },
        { "RC4001", ":B - [0:x]", 3, 6 },
        { "RC4001", "[1:2 -A A", 3, 1 },
        { "RC4001", "-F A B", 3, 6 },
        { "RC4002", "COMMIT\n*natt", 4, 2 },
        { "RC4003", "COMMIT\n-A A -j DROP", 4, 1 },
        { "RC4004", "*filter", 3, 1 },
        { "RC4007", "-A A -m physdev --physdev-in eth0", 3, 17 },
        { "RC4005", "-A A -m multiport --dports 1,2", 3, 9 },
        { "RC4006", "-A A -j LOG", 3, 1 },
        { "RC4006", "-A A -j LOG --log-prefix x", 3, 13 },
        { "RC4006", "-A A -j QUEUE", 3, 9 },
        { "RC4006", "-A A -g NOWHERE", 3, 1 },
        { "RC4006", "-A A -j INPUT", 3, 1 },
        { "RC4007", "-A A --physdev-in eth0", 3, 6 },
        { "RC4007", "-A A -m mark --dport 80", 3, 14 },
        { "RC4007", "-A A ! -j DROP", 3, 8 },
        { "RC4007", "-A A ! ! -s 10.0.0.1", 3, 8 },
        { "RC4007", "-A A -j DROP --reject-with tcp-reset", 3, 14 },
        { "RC4007", "-A A -j DROP -m mark --mark 1", 3, 17 },
        { "RC4007", "-A A -m recent --set --rdest", 3, 22 },
        { "RC4008", "-A A -s fd00::1", 3, 9 },
        { "RC4008", "-A A -s 10.0.0.1/33", 3, 9 },
        { "RC4008", "-A A -s host.example", 3, 9 },
        { "RC4008", "-A A -s 10.0.0.1,10.0.0.2", 3, 9 },
        { "RC4008", "-A A -s", 3, 8 },
        { "RC4008", "-A A -i sixteen-chars-no", 3, 9 },
        { "RC4008", "-A A -p gre", 3, 9 },
        { "RC4008", "-A A -p tcp --dport http", 3, 21 },
        { "RC4008", "-A A -p tcp --dport 90:80", 3, 21 },
        { "RC4008", "-A A -p tcp --dport 65536", 3, 21 },
        { "RC4008", "-A A -m mark --mark 010", 3, 21 },
        { "RC4008", "-A A -m mark --mark 0x1ffffffff", 3, 21 },
        { "RC4008", "-A A -m addrtype --src-type UNICAST", 3, 29 },
        { "RC4008", "-A A -m statistic --mode nth --every 2", 3, 26 },
        { "RC4008", "-A A -m statistic --mode random --probability 1.5", 3, 47 },
        { "RC4008", "-A A -m conntrack --ctstate NEW,OLD", 3, 29 },
        { "RC4008", "-A A -m bpf --bytecode \"2,6 0 0 1\"", 3, 24 },
        { "RC4008", "-A A -m bpf --bytecode \"1,6 0 256 1\"", 3, 24 },
        { "RC4008", "-A A -m recent --rcheck --seconds 0", 3, 35 },
        { "RC4008", "-A A -j REJECT --reject-with icmp6-no-route", 3, 30 },
        { "RC4008", "-A A -p tcp -j DNAT --to-destination 10.0.0.1", 3, 38 },
        { "RC4008", "-A A -p tcp -j DNAT --to-destination [fd00::1]:80", 3, 38 },
        { "RC4008", "-A A -m set --match-set KUBE-X both", 3, 32 },
        { "RC4008", "-A A -m set --match-set KUBE-X src,src,src,src,src,src,src", 3, 32 },
        { "RC4008", "-A A -m set --match-set a-name-of-thirty-two-characters-no dst", 3, 25 },
        { "RC4008", "-A A -m ipvs --vaddr 10.0.0.0/8", 3, 22 },
        { "RC4008", "-A A -m ipvs --vport 1:2", 3, 22 },
        { "RC4008", "-A A -m ipvs --vproto icmp", 3, 23 },
        { "RC4008", "-I A 0 -j DROP", 3, 6 },
        { "RC4008", "-R A -j DROP", 3, 6 },
        { "RC4008", "-A", 3, 3 },
        { "RC4008", "-A ACCEPT", 3, 4 },
        { "RC4008", ":B RETURN [0:0]", 3, 4 },
        { "RC4009", "-A A -s 10.0.0.1 -s 10.0.0.2", 3, 18 },
        { "RC4009", "-A A -j DROP -j DROP", 3, 17 },
        { "RC4009", "-A A -m mark -j DROP", 3, 14 },
        { "RC4009", "-A A -m mark --mark 1 --mark 2", 3, 30 },
        { "RC4009", "-A A -m tcp --dport 80", 3, 23 },
        { "RC4009", "-A A -m statistic --mode random", 3, 32 },
        { "RC4009", "-A A -m recent --name X", 3, 24 },
        { "RC4009", "-A A -m recent --set --seconds 5", 3, 33 },
        { "RC4009", "-A A -m recent --rcheck --reap", 3, 31 },
        { "RC4009", "-A A -m ipvs --vproto tcp --vport 80", 3, 37 },
        { "RC4009", "-A A -m ipvs --vport 80 --vport 81", 3, 25 },
        { "RC4009", "-A A -m ipvs ! --ipvs --vport 81", 3, 33 },
        { "RC4009", "-A A -m set -j DROP", 3, 13 },
        { "RC4009", "-A A -j MARK", 3, 13 },
        { "RC4009", "-A A -p tcp -j DNAT", 3, 20 },
        { "RC4009", "-A A -j DNAT --to-destination 10.0.0.1:80", 3, 42 },
        { "RC4009", "-A A -j REJECT --reject-with tcp-reset", 3, 39 },
        { "RC4010", "-A A -m comment --comment " + new string('x', 1_024), 3, 27 },
        { "RC4010", "-A A " + new string(' ', 11_000), 3, 1 },
        { "RC4011", "-N B", 3, 1 },
        { "RC4011", "-P INPUT DROP", 3, 1 },
        { "RC4012", "-A B -j DROP", 3, 1 },
        { "RC4012", "-D A -j DROP", 3, 1 },
        { "RC4012", "-X B", 3, 1 },
        { "RC4012", "-I A 2 -j DROP", 3, 1 },
        { "RC4012", ":B ACCEPT [0:0]", 3, 1 },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_named_with_its_place_and_reading_goes_on(string id, string lines, int line, int column)
    {
        var text = $"*nat\n:A - [0:0]\n{lines}\nCOMMIT\n*nat\n-A A -m comment --comment last\nCOMMIT\n";
        var parsed = IptablesBackend.Instance.Parse([new ArtifactFile("rules", text)], Family.Ipv4);
        Assert.Equal(id, parsed.Diagnostics[0].Rule.Id);
        Assert.Equal(new Location("rules", line, column), parsed.Diagnostics[0].Location);
        Assert.True(parsed.HasErrors);
        if (id != "RC4002" && id != "RC4003" && id != "RC4004") Assert.Single(parsed.Diagnostics.ToArray());
        var rule = parsed.Artifact.Tables[0].Chains[^1].Rules[^1];
        Assert.Equal("last", rule.Comment);
    }

    [Fact]
    public void An_unknown_match_shows_the_rule()
    {
        var parsed = IptablesBackend.Instance.Parse([new ArtifactFile("f", "*nat\n:A - [0:0]\n-A A -m owner --uid-owner 0 -j DROP\nCOMMIT\n")], Family.Ipv4);
        Assert.Equal(
            "f(3,9): error RC4005: found the match 'owner', which is not understood in: -A A -m owner --uid-owner 0 -j DROP; " +
            "the rule is left out; a trace or check of these rules would not be the kernel's",
            Assert.Single(parsed.Diagnostics.ToArray()).ToString());
        Assert.Equal(DiagnosticCatalog.RuleMatchUnknown, parsed.Diagnostics[0].Rule);
    }

    [Fact]
    public void A_truncated_file_is_reported_and_what_is_there_is_kept()
    {
        var parsed = IptablesBackend.Instance.Parse([new ArtifactFile("f", "*nat\n:A - [0:0]\n-A A -j DROP")], Family.Ipv4);
        Assert.Equal("RC4004", Assert.Single(parsed.Diagnostics.ToArray()).Rule.Id);
        Assert.Single(parsed.Artifact.Tables[0].Chains[0].Rules.ToArray());
    }

    [Fact]
    public void A_file_that_is_something_else_ends_with_RC4013()
    {
        var parsed = IptablesBackend.Instance.Parse([new ArtifactFile("f", string.Concat(Enumerable.Repeat("apiVersion: v1\n", 100_000)))], Family.Ipv4);
        Assert.Equal("RC4013", parsed.Diagnostics[^1].Rule.Id);
        Assert.Equal(1_001, parsed.Diagnostics.Count);
    }
}
