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

    /// <summary>One list of matches for each rule: a single program, or one pair of addresses per local endpoint.</summary>
    public static IEnumerable<Seq<Match>> Conditions(ServiceGraph graph, NodeFacts node)
    {
        if (graph.ServicePorts.IsEmpty) return [];
        return node.Kernel.XtBpf
            ? [[new Match.Bpf(SourceIsDestination(graph.Family))]]
            : LocalEndpoints(graph).Select(address =>
                (Seq<Match>)[Matches.From(address), Matches.To(address)]);
    }

    private static SortedSet<Ip> LocalEndpoints(ServiceGraph graph)
    {
        var addresses = new SortedSet<Ip>();
        foreach (var servicePort in graph.ServicePorts)
        {
            foreach (var candidate in servicePort.Candidates)
            {
                if (candidate.IsLocal && (candidate.InClusterSet || candidate.InLocalSet))
                    addresses.Add(candidate.Endpoint.Address);
            }
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
