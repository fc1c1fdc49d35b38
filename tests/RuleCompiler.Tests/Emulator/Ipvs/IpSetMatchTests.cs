using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using Xunit;
using static RuleCompiler.Tests.Emulation.World;

namespace RuleCompiler.Tests.Emulation;

/// <summary>-m set and the other matches that need IPVS's state, and what a translation refuses.</summary>
public sealed class IpSetMatchTests
{
    private const SetDimension Src = SetDimension.Source, Dst = SetDimension.Destination;

    private static SetText Set(IpSetType type, params string[] entries) => new(type, entries);

    private sealed record SetText(IpSetType Type, string[] Entries)
    {
        public IpSet Build() => new("S", Type, 1024, 65536, Entries.Select(Entry).ToSortedSeq());

        /// <summary>"10.0.0.1,tcp:80,10.0.0.0/8", "80" for a bitmap.</summary>
        private IpSetEntry Entry(string text)
        {
            if (Type == IpSetType.BitmapPort) return new IpSetEntry(null, null, Port(text), null);
            var parts = text.Split(',');
            var port = parts.Length > 1 ? parts[1].Split(':') : null;
            return new IpSetEntry(
                Ip.Parse(parts[0]),
                port is null ? null : Enum.Parse<Protocol>(port[0], ignoreCase: true),
                port is null ? null : Port(port[1]),
                parts.Length < 3 ? null
                : parts[2].Contains('/') ? Prefix.Parse(parts[2]) : Prefix.Host(Ip.Parse(parts[2])));
        }

        private static Port Port(string text) =>
            new(ushort.Parse(text, System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>True when a rule with the match drops the packet.</summary>
    private static bool Holds(IpSet set, Match match, string flow)
    {
        var family = Tuple(flow).Source.Family;
        var artifact = new IpvsArtifact(family, [set], [], [], new IptablesRuleset(
            family, [new Table(TableName.Raw, [Chain("PREROUTING", If(Drop, match))])]), []);
        var network = family == Family.Ipv4 ? Network4 : Network6;
        var emulator = new NetfilterMachine(
            IpvsTranslator.Translate(artifact), network, new ManualClock(), new SeededRandom(1));
        return emulator.Send(First(flow, "eth0")).Fate is Fate.Dropped;
    }

    [Theory]
    [InlineData(IpSetType.BitmapPort, "80", "tcp 10.0.0.1:1 > 10.0.0.2:80", true)]
    [InlineData(IpSetType.BitmapPort, "80", "udp 10.0.0.1:1 > 10.0.0.2:80", true)]
    [InlineData(IpSetType.BitmapPort, "80", "tcp 10.0.0.1:80 > 10.0.0.2:1", false)]
    [InlineData(IpSetType.BitmapPort, "80", "sctp 10.0.0.1:1 > 10.0.0.2:80", false)] // ip_set_bitmap_port.c
    [InlineData(IpSetType.HashIp, "10.0.0.2", "tcp 10.0.0.1:1 > 10.0.0.2:80", true)]
    [InlineData(IpSetType.HashIp, "10.0.0.1", "tcp 10.0.0.1:1 > 10.0.0.2:80", false)]
    [InlineData(IpSetType.HashIp, "10.0.0.2", "icmp 10.0.0.1:7 > 10.0.0.2:0", true)]
    [InlineData(IpSetType.HashIpPort, "10.0.0.2,tcp:80", "tcp 10.0.0.1:1 > 10.0.0.2:80", true)]
    [InlineData(IpSetType.HashIpPort, "10.0.0.2,udp:80", "tcp 10.0.0.1:1 > 10.0.0.2:80", false)]
    [InlineData(IpSetType.HashIpPort, "10.0.0.2,sctp:80", "sctp 10.0.0.1:1 > 10.0.0.2:80", true)]
    [InlineData(IpSetType.HashIpPort, "10.0.0.2,icmp:2048", "icmp 10.0.0.1:7 > 10.0.0.2:0", true)] // type 8, code 0
    [InlineData(IpSetType.HashIpPort, "fd00::2,tcp:80", "tcp [fd00::1]:1 > [fd00::2]:80", true)]
    public void Destinations_are_found_in_a_set(IpSetType type, string entry, string flow, bool expected)
    {
        var dimensions = new[] { Dst, Dst }.Take(IpSetQuery.DimensionsOf(type)).ToSeq();
        Assert.Equal(expected, Holds(Set(type, entry).Build(), new Match.InSet("S", dimensions), flow));
        var inverted = new Match.InSet("S", dimensions, Inverted: true);
        Assert.Equal(!expected, Holds(Set(type, entry).Build(), inverted, flow));
    }

    [Theory]
    [InlineData(IpSetType.HashIpPortIp, "10.0.0.2,tcp:80,10.0.0.1", true)]
    [InlineData(IpSetType.HashIpPortIp, "10.0.0.2,tcp:80,10.0.0.2", false)]
    [InlineData(IpSetType.HashIpPortNet, "10.0.0.2,tcp:80,10.0.0.0/24", true)]
    [InlineData(IpSetType.HashIpPortNet, "10.0.0.2,tcp:80,10.0.1.0/24", false)]
    [InlineData(IpSetType.HashIpPortNet, "10.0.0.2,tcp:81,10.0.0.0/24", false)]
    public void The_third_part_is_taken_from_the_end_that_the_rule_names(IpSetType type, string entry, bool expected) =>
        Assert.Equal(expected, Holds(
            Set(type, entry, "10.0.0.2,tcp:80,10.9.0.0/16").Build(),
            new Match.InSet("S", [Dst, Dst, Src]), "tcp 10.0.0.1:1 > 10.0.0.2:80"));

    [Fact]
    public void Too_few_dimensions_never_match_and_more_are_not_looked_at()
    {
        // ip_set_core.c:ip_set_test @v6.1.
        var set = Set(IpSetType.HashIpPort, "10.0.0.2,tcp:80").Build();
        const string flow = "tcp 10.0.0.1:1 > 10.0.0.2:80";
        Assert.False(Holds(set, new Match.InSet("S", [Dst]), flow));
        Assert.True(Holds(set, new Match.InSet("S", [Dst, Dst, Src]), flow));
        Assert.True(Holds(set, new Match.InSet("S", [Dst], Inverted: true), flow));
    }

    [Fact]
    public void Packets_through_IPVS_show_their_virtual_server()
    {
        // xt_ipvs.c:ipvs_mt: only after IPVS has rewritten the packet, thus in OUTPUT but not in INPUT.
        var count = If(null, new Match.ToVirtualServer(Ip.Parse("10.96.0.1"), Protocol.Tcp, new Port(80)));
        var other = If(null, new Match.ToVirtualServer(Ip.Parse("10.96.0.1"), Protocol.Tcp, new Port(81)));
        var through = If(null, new Match.IsThroughIpvs());
        var artifact = IpvsWorld.Of("tcp 10.96.0.1:80", Scheduler.Rr, "10.64.0.9:8080") with
        {
            Rules = Rules(Filter(Chain("INPUT", count, through), Chain("OUTPUT", count, other, through))),
        };
        var passage = new IpvsWorld(artifact).Send("tcp 10.64.0.5:1000 > 10.96.0.1:80", "cni0");
        Assert.Equal([("OUTPUT", 1), ("OUTPUT", 3)], passage.Steps
            .Where(step => step.RuleNumber > 0).Select(step => (step.Hook, step.RuleNumber)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_bridge_port_is_one_where_the_interface_is_a_bridge(bool isBridge)
    {
        var artifact = new IpvsArtifact(Family.Ipv4, [], [], [], Rules(
            new Table(TableName.Raw, [Chain("PREROUTING", If(Drop, new Match.IsFromBridgePort()))])), []);
        var network = Network4 with
        {
            Interfaces = [Network4.Interfaces[0], new HostInterface("cni0", []) { IsBridge = isBridge }],
        };
        var passage = new IpvsWorld(artifact, network).Send("tcp 10.64.0.5:1 > 10.64.0.6:2", "cni0");
        Assert.Equal(isBridge, passage.Fate is Fate.Dropped);
    }

    [Fact]
    public void What_no_kernel_takes_is_refused()
    {
        var web = IpvsWorld.Server("tcp 10.96.0.1:80", Scheduler.Rr, "10.64.0.9:80");
        var good = IpvsWorld.Of(web);
        Refuses(DiagnosticCatalog.IpvsRefused, good with
        {
            Servers = [web with { RealServers = web.RealServers.Concat(web.RealServers).ToSeq() }],
        });
        Refuses(DiagnosticCatalog.IpvsRefused, IpvsWorld.Of("tcp 10.96.0.1:80", Scheduler.Rr, "10.64.0.9:80=-1"));
        var set = Set(IpSetType.HashIp, "10.0.0.1").Build();
        Refuses(DiagnosticCatalog.IpvsRefused, good with { Sets = [set with { Type = IpSetType.HashIpPort }] });
        Refuses(DiagnosticCatalog.WrongFamily, good with { Sets = [Set(IpSetType.HashIp, "fd00::1").Build()] });
        Refuses(DiagnosticCatalog.WrongFamily, IpvsWorld.Of("tcp 10.96.0.1:80", Scheduler.Rr, "[fd00::1]:80"));
        Refuses(DiagnosticCatalog.IpvsNotEmulated, good with { Servers = [web with { OnePacket = true }] });
        Refuses(DiagnosticCatalog.IpvsNotEmulated, good with
        {
            Servers = [web with { RealServers = [web.RealServers[0] with { Forwarding = Forwarding.Route }] }],
        });
        Refuses(DiagnosticCatalog.MissingSet, good with
        {
            Rules = Rules(Filter(Chain("INPUT", If(Drop, new Match.InSet("NOT-THERE", [Src]))))),
        });
    }

    private static void Refuses(DiagnosticRule rule, IpvsArtifact artifact)
    {
        var (program, diagnostics) = IpvsTranslator.TryTranslate(artifact);
        Assert.Null(program);
        Assert.Equal(rule, Assert.Single(diagnostics).Rule);
    }
}
