namespace RuleCompiler.Emulator;

internal enum StationKind : byte
{
    Track,
    Rules,
    Nat,

    /// <summary>ip_vs_out_hook.</summary>
    IpvsOut,

    /// <summary>ip_vs_in_hook.</summary>
    IpvsIn,

    /// <summary>ip_vs_forward_icmp.</summary>
    IpvsError,
}

/// <summary>What a hook does to a packet, in order of priority.</summary>
/// <param name="Base">Index into <see cref="PacketProgram.Bases"/>; -1 for conntrack, NAT and IPVS.</param>
internal readonly record struct Station(StationKind Kind, int Base)
{
    /// <summary>Per hook, in the order of the enum.</summary>
    public static Station[][] Of(PacketProgram program)
    {
        var hooks = Enum.GetValues<Hook>();
        var hasNat = program.Bases.Any(chain => chain.Kind == ChainKind.Nat);
        var result = new Station[hooks.Length][];
        foreach (var hook in hooks)
        {
            var entries = new List<(int Priority, Station Station)>();
            if (hook is Hook.Prerouting or Hook.Output)
                entries.Add((BuiltinChains.ConntrackPriority, new Station(StationKind.Track, -1)));
            if (hasNat && hook != Hook.Forward)
                entries.Add((NatPriority(hook), new Station(StationKind.Nat, -1)));
            for (var i = 0; i < program.Bases.Count; i++)
            {
                var chain = program.Bases[i];
                if (chain.Hook == hook && chain.Kind == ChainKind.Filter)
                    entries.Add((chain.Priority, new Station(StationKind.Rules, i)));
            }

            if (program.Ipvs is not null) entries.AddRange(IpvsOf(hook));
            result[(int)hook] = entries.OrderBy(entry => entry.Priority).Select(entry => entry.Station).ToArray();
        }

        return result;
    }

    /// <summary>ip_vs_ops4 and ip_vs_ops6 (net/netfilter/ipvs/ip_vs_core.c @v6.1), around NAT's priorities.</summary>
    private static (int Priority, Station Station)[] IpvsOf(Hook hook)
    {
        var (leave, enter) = (new Station(StationKind.IpvsOut, -1), new Station(StationKind.IpvsIn, -1));
        return hook switch
        {
            Hook.Input => [(98, leave), (99, enter)],
            Hook.Forward => [(99, new Station(StationKind.IpvsError, -1)), (100, leave)],
            Hook.Output => [(-99, leave), (-98, enter)],
            Hook.Prerouting or Hook.Postrouting => [],
        };
    }

    /// <summary>
    /// Indices into <see cref="PacketProgram.Bases"/> per hook. A nat chain's own priority orders it among nat chains only:
    /// they all run from the one hook function of NAT (net/netfilter/nf_nat_core.c:nf_nat_register_fn @v6.1).
    /// </summary>
    public static int[][] NatChainsOf(PacketProgram program) => Enum.GetValues<Hook>()
        .Select(hook => Enumerable.Range(0, program.Bases.Count)
            .Where(i => program.Bases[i].Hook == hook && program.Bases[i].Kind == ChainKind.Nat)
            .OrderBy(i => program.Bases[i].Priority).ToArray())
        .ToArray();

    /// <summary>nf_nat_ipv4_ops and nf_nat_ipv6_ops (net/netfilter/nf_nat_proto.c @v6.1).</summary>
    private static int NatPriority(Hook hook) => hook is Hook.Prerouting or Hook.Output ? -100 : 100;
}
