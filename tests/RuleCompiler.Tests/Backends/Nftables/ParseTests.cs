using RuleCompiler.Backends;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;
using Xunit;

namespace RuleCompiler.Tests.Backends.Nftables;

public sealed class ParseTests
{
    [Theory]
    [InlineData("nft-ip.txt", Family.Ipv4, 28, 174, 118, 216)]
    [InlineData("nft-ip6.txt", Family.Ipv6, 13, 32, 32, 55)]
    public void What_kube_proxy_programmed_is_read_whole(
        string file, Family family, int sets, int elements, int chains, int rules)
    {
        var parsed = Parse(File.ReadAllText(Checkout.PathOf("golden", "kubernetes-1.36", file)), family);
        Assert.Empty(parsed.Diagnostics.AsEnumerable());
        var table = Assert.Single(parsed.Artifact.Tables.AsEnumerable());
        Assert.Equal(
            (sets, elements, chains, rules),
            (table.Sets.Count, table.Sets.Sum(set => set.Elements.Count), table.Chains.Count,
                table.Chains.Sum(chain => chain.Rules.Count)));
    }

    [Theory]
    [InlineData("meta l4proto tcp", "meta l4proto 6")]
    [InlineData("ip protocol udp", "meta l4proto udp")]
    [InlineData("tcp dport 80 accept", "meta l4proto tcp th dport 80 accept")]
    [InlineData("mark and 0x4000 == 0", "meta mark & 0x00004000 == 0x00000000")]
    [InlineData("meta mark != 0x00000000/1", "meta mark & 0x80000000 != 0")]
    [InlineData("ct mark 0x40000000/2", "ct mark & 0xc0000000 == 0x40000000")]
    [InlineData("meta mark set mark or 0x4000", "meta mark set meta mark | 0x4000")]
    [InlineData("meta mark set mark and 0xff xor 0x10", "meta mark set meta mark & 0xff ^ 0x10")]
    [InlineData("ct status & dnat == 0 drop", "ct status ! dnat drop")]
    [InlineData("ct state new,established", "ct state established,new")]
    [InlineData("reject", "reject with icmp type port-unreachable")]
    [InlineData("reject with icmpx type no-route", "reject with icmp net-unreachable")]
    [InlineData("dnat ip addr . port to ip daddr . th dport map @m", "dnat to ip daddr . th dport map @m")]
    [InlineData("dnat to 10.0.0.1:80", "dnat ip to 10.0.0.1 . 80")]
    [InlineData("ip saddr { 10.1.0.0/16, 10.0.0.1 }", "ip saddr { 10.0.0.1, 10.1.0.0-10.1.255.255 }")]
    [InlineData("update @s { ip saddr timeout 1m30s }", "update @s { ip saddr timeout 90s }")]
    [InlineData("counter packets 5 bytes 300 accept", "counter accept")]
    [InlineData("iifname \"cni0\" accept", "meta iifname cni0 accept")]
    public void Two_spellings_of_a_rule_are_one(string one, string other) => Assert.Equal(Rule(one), Rule(other));

    [Fact]
    public void A_script_is_executed_command_by_command()
    {
        var parsed = Parse("""
            table ip t
            delete table ip t
            table ip t { set s { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 } }; chain c { }; }
            add chain ip t base { type nat hook prerouting priority dstnat - 10; policy accept; }
            add rule ip t c ip saddr @s drop
            delete element ip t s { 10.0.0.1 }
            add element ip t s { 10.0.0.3 comment "three" }
            table ip6 other { chain unknown { nonsense } }
            """, Family.Ipv4);
        Assert.Empty(parsed.Diagnostics.AsEnumerable());
        var table = Assert.Single(parsed.Artifact.Tables.AsEnumerable());
        Assert.Equal(["base", "c"], table.Chains.Select(chain => chain.Name));
        Assert.Equal(new NftHook(NftChainType.Nat, NftHookPoint.Prerouting, -110, false), table.Chains[0].Hook);
        Assert.Equal([null, "three"], table.Sets[0].Elements.Select(element => element.Comment));
    }

    [Fact]
    public void What_packets_added_is_no_rule()
    {
        var set = Assert.Single(Parse("""
            table ip t {
            	set s {
            		type ipv4_addr
            		size 65535
            		flags timeout
            		timeout 10m
            		elements = { 10.0.0.1 expires 9m59s992ms }
            	}

            	chain c {
            		update @s { ip saddr }
            	}
            }
            """, Family.Ipv4).Artifact.Tables[0].Sets.AsEnumerable());
        Assert.Equal(SetFlags.Dynamic | SetFlags.Timeout, set.Flags);
        Assert.Equal((600, 65535, 0), (set.TimeoutSeconds, set.Size, set.Elements.Count));
    }

    [Theory]
    [InlineData("type ipv4_addr . inet_service : ipv4_addr . inet_service", null)]
    [InlineData("typeof ip daddr . th dport : ip daddr . th dport", null)]
    [InlineData("typeof ip daddr . th dport : ip daddr . tcp dport", Protocol.Tcp)]
    [InlineData("typeof ip daddr . sctp dport : ip daddr . sctp sport", Protocol.Sctp)]
    public void The_type_of_a_map_says_whose_ports_it_holds(string type, Protocol? protocol)
    {
        var set = Assert.Single(Parse($"table ip t {{ map m {{ {type}; }}; }}", Family.Ipv4).Artifact.Tables[0].Sets.AsEnumerable());
        Assert.Equal<FieldType>([FieldType.Ipv4Addr, FieldType.InetService], set.Key.AsEnumerable());
        Assert.Equal(protocol, set.PortsOf);
    }

    [Theory]
    [InlineData("\t\tip saddr 10.0.0.1 frobnicate\n", "RC4102", 3, 21)]
    [InlineData("\t\tlimit rate 10/second accept\n", "RC4102", 3, 3)]
    [InlineData("\t\tip saddr fd00::1 drop\n", "RC4103", 3, 12)]
    [InlineData("\t\tip6 saddr fd00::1 drop\n", "RC4105", 3, 7)]
    [InlineData("\t\tth dport 65536 drop\n", "RC4103", 3, 12)]
    [InlineData("\t\tmeta mark 0x40/33 drop\n", "RC4103", 3, 13)]
    [InlineData("\t\tmeta mark 0x40/ drop\n", "RC4103", 3, 13)]
    [InlineData("\t\tip saddr . th dport 80 drop\n", "RC4101", 3, 23)]
    [InlineData("\t\tip daddr @s jump\n", "RC4101", 3, 19)]
    public void A_rule_that_is_not_understood_is_left_out_with_its_place(string rule, string id, int line, int column)
    {
        var parsed = Parse($"table ip t {{\n\tchain c {{\n{rule}\t\tdrop\n\t}}\n}}\n", Family.Ipv4);
        var diagnostic = Assert.Single(parsed.Diagnostics.AsEnumerable());
        Assert.Equal((id, line, column), (diagnostic.Rule.Id, diagnostic.Location.Line, diagnostic.Location.Column));
        Assert.Single(parsed.Artifact.Tables[0].Chains[0].Rules.AsEnumerable());
    }

    [Theory]
    [InlineData("table ip t {\n\tset s {\n\t\ttype ipv4_addr . colour\n\t}\n}\n", "RC4104")]
    [InlineData("table ip t {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { fd00::1 }\n\t}\n}\n", "RC4103")]
    [InlineData("table ip t {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.0/8 }\n\t}\n}\n", "RC4103")]
    [InlineData(
        "table ip t {\n\tmap m {\n\t\ttype ipv4_addr : verdict\n\t\telements = { 10.0.0.1 }\n\t}\n}\n", "RC4101")]
    [InlineData("table ip t {\n\tmap m {\n\t\ttypeof tcp dport : ip daddr . udp dport\n\t}\n}\n", "RC4103")]
    [InlineData("table ip6 t {\n}\n", "RC4105")]
    [InlineData("delete table ip t\n", "RC4106")]
    [InlineData("add rule ip t c accept\n", "RC4106")]
    [InlineData("include \"x\"\n", "RC4102")]
    [InlineData("}\n", "RC4101")]
    public void What_is_wrong_has_a_diagnostic(string text, string id) =>
        Assert.Equal(id, Assert.Single(Parse(text, Family.Ipv4).Diagnostics.AsEnumerable()).Rule.Id);

    [Fact]
    public void Noise_is_not_reported_for_ever()
    {
        var parsed = Parse(string.Concat(Enumerable.Repeat("noise\n", 5000)), Family.Ipv4);
        Assert.Equal("RC4107", parsed.Diagnostics[^1].Rule.Id);
        Assert.Equal(1001, parsed.Diagnostics.Count);
    }

    private static Parsed<NftRuleset> Parse(string text, Family family) =>
        NftablesBackend.Instance.Parse([new ArtifactFile("dump", text)], family);

    private static NftRule Rule(string text)
    {
        var parsed = Parse($"table ip t {{ chain c {{ {text}; }}; }}", Family.Ipv4);
        Assert.Empty(parsed.Diagnostics.AsEnumerable());
        return Assert.Single(parsed.Artifact.Tables[0].Chains[0].Rules.AsEnumerable());
    }
}
