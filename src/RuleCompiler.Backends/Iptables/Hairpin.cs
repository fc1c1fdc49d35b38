using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// Finds flows whose chosen endpoint is their own source. They must be masqueraded, or the endpoint answers itself past
/// the node and the answer is never translated back.
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
    public static void Fill(
        TableBuilder nat, List<Rule> postrouting, ServiceGraph graph, NodeFacts node, Match unmarked, Target masquerade)
    {
        if (graph.ServicePorts.IsEmpty) return;
        if (node.Kernel.XtBpf)
        {
            postrouting.Add(new Rule(
                [unmarked, Matches.IsTranslated, new Match.Bpf(SourceIsDestination(graph.Family))], masquerade, Comment));
            return;
        }

        postrouting.Add(new Rule([unmarked, Matches.IsTranslated], new Target.Jump(Names.Hairpin), Comment));
        var items = EndpointAddresses(graph).Select(address => new DispatchItem(
            new DispatchKey(address, default, default),
            new Rule([Matches.From(address), Matches.To(address)], masquerade, Comment))).ToArray();
        DispatchTree.FillByAddress(nat, nat.Create(Names.Hairpin), Names.EndpointPrefix, items);
    }

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
