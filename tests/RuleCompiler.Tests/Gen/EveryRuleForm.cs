using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Gen;

/// <summary>
/// One rule of every form that the iptables backend prints, arranged so that both flavours of both tools load it:
/// print → restore → save → parse must give this very ruleset back. Needs the nfacct object <see cref="Counter"/>
/// (<c>nfacct add</c>) and the ipsets <see cref="Sets"/> in the network namespace. <c>-m ipvs</c> is not among them: it needs
/// a kernel that has ip_vs.
/// </summary>
internal static class EveryRuleForm
{
    public const string Counter = "rulec_every_form";

    /// <summary>ipsets of one to three dimensions that must be there, <see cref="SetCommand"/> makes them.</summary>
    public static readonly Seq<string> Sets = ["RULEC-FORM-1", "RULEC-FORM-2", "RULEC-FORM-3"];

    /// <summary>Arguments for ipset.</summary>
    public static Seq<string> SetCommand(int set, Family family) =>
        set == 0
            ? ["create", Sets[set], "bitmap:port", "range", "0-65535"]
            : ["create", Sets[set], set == 1 ? "hash:ip,port" : "hash:ip,port,ip", "family",
                family == Family.Ipv4 ? "inet" : "inet6"];

    public static IptablesRuleset For(Family family) => new(family,
    [
        new Table(TableName.Raw, [new Chain("OUTPUT", null, [new Rule([], null, "counts only")])]),
        new Table(TableName.Mangle,
        [
            new Chain("PREROUTING", null, [new Rule([new Match.InInterface("lo")], new Target.Accept())]),
            new Chain("FORWARD", Policy.Accept, []),
            new Chain("POSTROUTING", null, [new Rule([], new Target.Jump("KUBE-MARKS"))]),
            new Chain("KUBE-MARKS", null, Marks()),
        ]),
        new Table(TableName.Nat,
        [
            new Chain("PREROUTING", null,
            [
                new Rule([], new Target.Jump("KUBE-MATCHES"), "first"),
                new Rule([], new Target.Jump("KUBE-DNAT")),
            ]),
            new Chain("OUTPUT", null,
                [new Rule([new Match.OutInterface("eth+", true)], new Target.Jump("KUBE-MATCHES"))]),
            new Chain("POSTROUTING", null, [new Rule([], new Target.Jump("KUBE-SNAT"))]),
            new Chain("EMPTY", null, []),
            new Chain("KUBE-DNAT", null, Translations(family)),
            new Chain("KUBE-MATCHES", null, Matches(family)),
            new Chain("KUBE-SNAT", null,
            [
                new Rule([new Match.Bpf(Hairpin(family))], new Target.Masquerade(true), "hairpin"),
                new Rule([], new Target.Masquerade(false)),
            ]),
        ]),
        new Table(TableName.Filter,
        [
            new Chain("INPUT", null, [new Rule([], new Target.Jump("KUBE-REJECT"))]),
            new Chain("FORWARD", Policy.Drop, [new Rule([], new Target.Goto("KUBE-REJECT"))]),
            new Chain("KUBE-REJECT", null, Rejections(family)),
        ]),
    ]);

    /// <summary>Without the rules that ask for sets or bridge ports: all that iptables rules decide by themselves.</summary>
    public static IptablesRuleset StandingAlone(Family family) => With(For(family), rules => rules
        .Where(rule => !rule.Matches.Any(match => match is Match.InSet or Match.IsFromBridgePort)).ToSeq());

    private static IptablesRuleset With(IptablesRuleset all, Func<Seq<Rule>, Seq<Rule>> change) => all with
    {
        Tables = all.Tables.Select(table => table with
        {
            Chains = table.Chains.Select(chain => chain with { Rules = change(chain.Rules) }).ToSeq(),
        }).ToSeq(),
    };

    /// <summary>What a save shows of a ruleset in an otherwise empty namespace: every built-in chain, with its policy.</summary>
    public static IptablesRuleset AsSaved(IptablesRuleset ruleset) => ruleset with
    {
        Tables = ruleset.Tables.Select(table => table with
        {
            Chains =
            [
                .. table.Name.BuiltInChains().ToArray()
                    .Select(name => table.Chains.FirstOrDefault(chain => chain.Name == name) ?? new Chain(name, null, []))
                    .Select(chain => chain with { Policy = chain.Policy ?? Policy.Accept }),
                .. table.Chains.Where(chain => !table.Name.IsBuiltIn(chain.Name)),
            ],
        }).ToSeq(),
    };

    private static Seq<Rule> Matches(Family family)
    {
        Match.OfProtocol tcp = new(Protocol.Tcp), udp = new(Protocol.Udp), sctp = new(Protocol.Sctp);
        var ipv4 = family == Family.Ipv4;
        var (host, all) = (Ip.Parse(ipv4 ? "10.1.2.3" : "fd00::1:2:3"), Ip.Create(family, UInt128.MaxValue));
        var (net, netMask) = (Ip.Parse(ipv4 ? "10.1.0.0" : "fd00::"), Ip.Parse(ipv4 ? "255.255.0.0" : "ffff:ffff::"));
        var (low, lowMask) = (Ip.Parse(ipv4 ? "0.0.0.3" : "::3"), Ip.Parse(ipv4 ? "0.0.0.7" : "::7"));
        var icmp = ipv4 ? Protocol.Icmp : Protocol.Icmpv6;
        Seq<Seq<Match>> conditions =
        [
            [new Match.Source(host, all)],
            [new Match.Source(net, netMask, true), new Match.Destination(host, all, true)],
            [new Match.Source(low, lowMask), new Match.Destination(low, lowMask, true)],
            [new Match.InInterface("cni0"), new Match.OutInterface("veth+", true), new Match.OfProtocol(icmp)],
            [new Match.OfProtocol(Protocol.Sctp, true)],
            [tcp, new Match.SourcePort(new(1), new(1)), new Match.DestinationPort(new(80), new(443), true)],
            [udp, new Match.SourcePort(new(1024), new(65535), true)],
            [sctp, new Match.DestinationPort(new(0), new(36412))],
            [new Match.ConntrackState(ConntrackStates.Invalid | ConntrackStates.New | ConntrackStates.Untracked)],
            [new Match.ConntrackState(
                ConntrackStates.Related | ConntrackStates.Established | ConntrackStates.Snat | ConntrackStates.Dnat, true)],
            [new Match.Mark(0x4000, 0x4000), new Match.Mark(0x8000, 0x8000, true)],
            [new Match.Mark(7, uint.MaxValue)],
            [new Match.SourceIsLocal(), new Match.DestinationIsLocal(true)],
            [new Match.SourceIsLocal(true), new Match.DestinationIsLocal()],
            [new Match.Statistic(715827883)],
            [new Match.Statistic(1, true), new Match.Statistic(48806447), new Match.Statistic(int.MaxValue)],
            [new Match.Recent(RecentAction.Check, "KUBE-A", 10800, 0, true, all)],
            [new Match.Recent(RecentAction.Update, "KUBE-A", 60, 3, false, netMask, true)],
            [new Match.Recent(RecentAction.Set, "KUBE-B", 0, 0, false, all)],
            [new Match.Recent(RecentAction.Remove, "KUBE-B", 0, 0, false, all)],
            [new Match.Nfacct(Counter)],
            [new Match.InSet(Sets[0], [SetDimension.Destination])],
            [new Match.InSet(Sets[1], [SetDimension.Destination, SetDimension.Destination], true)],
            [
                new Match.InSet(Sets[1], [SetDimension.Source, SetDimension.Destination]),
                new Match.InSet(Sets[2], [SetDimension.Destination, SetDimension.Destination, SetDimension.Source]),
            ],
            [new Match.IsFromBridgePort()],
            [new Match.IsFromBridgePort(true), new Match.SourceIsLocal(true)],
            [tcp, new Match.ConntrackState(ConntrackStates.New), new Match.DestinationPort(new(53), new(53))],
        ];
        return
        [
            .. conditions.Select(matches => new Rule(matches, new Target.Return())),
            new Rule([tcp, new Match.DestinationPort(new(80), new(80))], new Target.Goto("EMPTY"),
                """ns/name:port "quoted" \back\\slash\ it's # not a remark"""),
        ];
    }

    private static Seq<Rule> Translations(Family family) =>
    [
        .. new[] { Protocol.Tcp, Protocol.Udp, Protocol.Sctp }.Select(protocol => new Rule(
            [new Match.OfProtocol(protocol), new Match.Statistic(1u << 30)],
            new Target.Dnat(new Endpoint(Ip.Parse(family == Family.Ipv4 ? "10.64.0.5" : "fd00:10:64::5"), new(8080))))),
    ];

    private static Seq<Rule> Marks() =>
    [
        new Rule([], new Target.SetMark(0x4000, 0x4000)),
        new Rule([], new Target.SetMark(0, 0x4000)),
        new Rule([], new Target.SetMark(0x4000, 0)),
        new Rule([], new Target.SetMark(uint.MaxValue, 0xdeadbeef)),
    ];

    private static Seq<Rule> Rejections(Family family) =>
    [
        .. Enum.GetValues<RejectKind>()
            .Where(kind => family == Family.Ipv4 || kind != RejectKind.ProtocolUnreachable)
            .Select(kind => new Rule([new Match.OfProtocol(Protocol.Tcp)], new Target.Reject(kind))),
        new Rule([new Match.ConntrackState(ConntrackStates.New)], new Target.Drop(), "dropped"),
    ];

    /// <summary>Source equals destination (layouts.md, "Hairpin"): one 32-bit word for IPv4, four for IPv6.</summary>
    private static Seq<BpfInstruction> Hairpin(Family family)
    {
        var (source, words) = family == Family.Ipv4 ? (12u, 1u) : (8u, 4u);
        List<BpfInstruction> program = [];
        for (var word = 0u; word < words; word++)
        {
            var unequal = (byte)((4 * (words - word - 1)) + 1);
            program.Add(new(0x20, 0, 0, source + (4 * word)));
            program.Add(new(0x07, 0, 0, 0));
            program.Add(new(0x20, 0, 0, source + (4 * words) + (4 * word)));
            program.Add(new(0x1d, 0, unequal, 0));
        }

        return [.. program, new(0x06, 0, 0, 65535), new(0x06, 0, 0, 0)];
    }
}
