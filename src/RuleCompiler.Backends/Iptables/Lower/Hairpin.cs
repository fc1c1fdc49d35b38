using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// Finds flows whose chosen endpoint is their own source. They must be masqueraded, or the endpoint answers itself past
/// the node and the answer is never translated back. kube-proxy marks them, and its FORWARD accepts what is marked;
/// here they bear no mark, so FORWARD has to find them as well.
/// </summary>
internal static class Hairpin
{
    // Operations of classic BPF (include/uapi/linux/bpf_common.h, filter.h @v6.1).
    private const ushort LoadWord = 0x20; // BPF_LD | BPF_W | BPF_ABS: A = word at K
    private const ushort ToX = 0x07; // BPF_MISC | BPF_TAX: X = A
    private const ushort JumpIfEqualX = 0x1d; // BPF_JMP | BPF_JEQ | BPF_X
    private const ushort Return = 0x06; // BPF_RET | BPF_K

    private const string Comment = "kubernetes service traffic from an endpoint to itself";

    /// <summary>
    /// One rule for all endpoints where the kernel can compare two fields of a header; else one rule for each, found by
    /// a tree over their addresses.
    /// </summary>
    /// <param name="unmarked">Marked flows are masqueraded anyway, and lose their mark on the way.</param>
    public static void FillPostrouting(
        TableBuilder nat, ServiceGraph graph, NodeFacts node, Match unmarked, Target masquerade) =>
        Fill(nat, nat.Get(Names.Postrouting), graph, node, [unmarked], masquerade);

    /// <summary>Lets them pass: at the end of the chain, where only the first packets of flows arrive.</summary>
    public static void FillForward(TableBuilder filter, ServiceGraph graph, NodeFacts node) =>
        Fill(filter, filter.Get(Names.Forward), graph, node, [], new Target.Accept());

    private static void Fill(
        TableBuilder table, List<Rule> chain, ServiceGraph graph, NodeFacts node, Seq<Match> where, Target target)
    {
        if (graph.ServicePorts.IsEmpty) return;
        where = [.. where, Matches.IsTranslated];
        if (node.Kernel.XtBpf)
        {
            chain.Add(new Rule([.. where, new Match.Bpf(SourceIsDestination(graph.Family))], target, Comment));
            return;
        }

        chain.Add(new Rule(where, new Target.Jump(Names.Hairpin), Comment));
        FillTree(table, EndpointAddresses(graph), target);
    }

    private static void FillTree(TableBuilder table, IEnumerable<Ip> inOrder, Target target)
    {
        var items = inOrder.Select(address => new DispatchItem(
            new DispatchKey(address, default, default),
            new Rule([Matches.From(address), Matches.To(address)], target, Comment))).ToArray();
        DispatchTree.FillByAddress(table, table.Create(Names.Hairpin), Names.EndpointPrefix, items);
    }

    /// <summary>
    /// Forwarding while nat changes: <paramref name="between"/> has the desired rules, and gets those old ones that let
    /// marked flows and hairpins pass, which the old nat table still makes.
    /// </summary>
    public static void KeepForwarding(TableBuilder between, Table filter, Table desired)
    {
        var chain = between.Get(Names.Forward);
        if (filter.Chains.FirstOrDefault(one => one.Name == Names.Forward) is { } old)
            chain.AddRange(old.Rules.Where(IsForwarding).Except(chain).ToArray());
        if (!chain.Exists(rule => rule.Target is Target.Jump)) return;
        FillTree(between, new SortedSet<Ip>(AddressesOf(filter).Concat(AddressesOf(desired))), new Target.Accept());
    }

    private static bool IsForwarding(Rule rule) => rule switch
    {
        { Target: Target.Accept, Matches: [Match.Mark { Inverted: false }] } => true,
        { Target: Target.Accept, Matches: [Match.ConntrackState, Match.Bpf] } => true,
        { Target: Target.Jump(Names.Hairpin) } => true,
        _ => false,
    };

    private static IEnumerable<Ip> AddressesOf(Table filter) =>
        from chain in filter.Chains.AsEnumerable()
        where chain.Name.StartsWith(Names.EndpointPrefix, StringComparison.Ordinal)
        from rule in chain.Rules
        where rule.Target is Target.Accept
        from source in rule.Matches.OfType<Match.Source>()
        select source.Address;

    private static SortedSet<Ip> EndpointAddresses(ServiceGraph graph)
    {
        var addresses = new SortedSet<Ip>();
        foreach (var servicePort in graph.ServicePorts)
        {
            foreach (var endpoint in servicePort.ClusterSet) addresses.Add(endpoint.Address);
            foreach (var endpoint in servicePort.LocalSet) addresses.Add(endpoint.Address);
        }

        return addresses;
    }

    /// <summary>
    /// Compares the header's addresses word by word; no other match can compare two fields (layouts.md). IPv4 has them
    /// at bytes 12 and 16 (RFC 791 §3.1), IPv6 at 8 and 24 (RFC 8200 §3).
    /// </summary>
    private static Seq<BpfInstruction> SourceIsDestination(Family family)
    {
        var (source, destination, words) = family == Family.Ipv4 ? (12u, 16u, 1u) : (8u, 24u, 4u);
        var program = new List<BpfInstruction>();
        for (uint word = 0; word < words; word++)
        {
            program.Add(new BpfInstruction(LoadWord, 0, 0, source + (4 * word)));
            program.Add(new BpfInstruction(ToX, 0, 0, 0));
            program.Add(new BpfInstruction(LoadWord, 0, 0, destination + (4 * word)));

            // Unequal: over the four instructions of each word left and over "return yes".
            program.Add(new BpfInstruction(JumpIfEqualX, 0, (byte)((4 * (words - 1 - word)) + 1), 0));
        }

        program.Add(new BpfInstruction(Return, 0, 0, ushort.MaxValue));
        program.Add(new BpfInstruction(Return, 0, 0, 0));
        return program.ToSeq();
    }
}
