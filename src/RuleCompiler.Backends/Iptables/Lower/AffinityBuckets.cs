using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// Session affinity remembers clients in recent lists, one per endpoint, and a list forgets its oldest source when it
/// is full: with the default of 100 entries, the 101st client of an endpoint moves one of the others to another
/// endpoint (service-semantics §13.2 #18). So an endpoint gets several lists, told apart by the low bits of the
/// client's address.
/// </summary>
internal sealed record AffinityBuckets(Family Family, int Bits)
{
    /// <summary>Clients per endpoint to be remembered where the lists allow it.</summary>
    public const int ClientsMin = 1024;

    /// <summary>
    /// Sixteen buckets, each with two rules and a list per endpoint: enough for default lists of 100.
    /// </summary>
    public const int BitsMax = 4;

    /// <summary>
    /// Lists of a node up to which an endpoint may have sixteen. The kernel finds a list by its name, one after the
    /// other, for each rule that a packet meets and for every rule at every legacy commit (net/netfilter/xt_recent.c:
    /// recent_table_lookup @v6.1), so a new connection costs (endpoints of the Service) × (lists of the node).
    /// </summary>
    public const int ListsMaxOfSixteen = 1024;

    /// <summary>
    /// The same with four lists for an endpoint: with 23,000 lists iptables-legacy-restore took half a minute. The steps
    /// are few, since crossing one renames every list and so forgets every client once.
    /// </summary>
    public const int ListsMaxOfFour = 4096;

    /// <summary>2^2 lists.</summary>
    private const int BitsOfFour = 2;

    public int Count => 1 << Bits;

    /// <param name="entries">Sources that one list holds.</param>
    /// <param name="endpoints">Endpoints that have a memory.</param>
    public static AffinityBuckets For(int entries, int endpoints, Family family)
    {
        var bits = 0;
        while (bits < BitsMax && (long)entries << bits < ClientsMin) bits++;
        if ((long)endpoints << bits > ListsMaxOfSixteen) bits = Math.Min(bits, BitsOfFour);
        if ((long)endpoints << bits > ListsMaxOfFour) bits = 0;
        return new AffinityBuckets(family, bits);
    }

    /// <summary>-s 0.0.0.b/0.0.0.(2^k-1): both flavours take masks that are no prefixes.</summary>
    public Match Sources(int bucket) =>
        new Match.Source(Ip.Create(Family, (UInt128)bucket), Ip.Create(Family, (UInt128)(Count - 1)));

    public Diagnostic? ShortOf(NodeFacts node) => (long)node.Kernel.RecentListEntries << Bits >= ClientsMin
        ? null
        : new Diagnostic(
            DiagnosticCatalog.AffinityListsShort, default,
            $"session affinity on node {node.Name} remembers {(long)node.Kernel.RecentListEntries << Bits} clients per " +
            $"endpoint in {Count} lists of {node.Kernel.RecentListEntries}; expected {ClientsMin} or more",
            "load the kernel module xt_recent with ip_list_tot=1024");
}
