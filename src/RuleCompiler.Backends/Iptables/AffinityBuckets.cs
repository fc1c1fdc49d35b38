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
    /// <summary>Clients per endpoint to be remembered where the lists allow it: four default lists.</summary>
    public const int ClientsMin = 400;

    /// <summary>
    /// Four buckets. Each costs two rules and a list per endpoint, so more would make sticky Services the bulk of a node's
    /// rules; who has more clients raises the module's ip_list_tot instead.
    /// </summary>
    public const int BitsMax = 2;

    /// <summary>
    /// Lists of a node that may be there because of buckets. The kernel finds a list by its name, one after the other, for
    /// every packet that meets the rule and for every rule at every legacy commit (net/netfilter/xt_recent.c:
    /// recent_table_lookup @v6.1): with 23,000 lists iptables-legacy-restore took half a minute. Far above what nodes
    /// have, and one step only, since crossing it renames every list and so forgets every client once.
    /// </summary>
    public const int ListsMax = 4096;

    public int Count => 1 << Bits;

    /// <param name="entries">Sources that one list holds.</param>
    /// <param name="endpoints">Endpoints that have a memory.</param>
    public static AffinityBuckets For(int entries, int endpoints, Family family)
    {
        var bits = 0;
        while (bits < BitsMax && (long)entries << bits < ClientsMin) bits++;
        return new AffinityBuckets(family, (long)endpoints << bits > ListsMax ? 0 : bits);
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
