using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>A table, and what service-ports have in common in it.</summary>
/// <param name="Hairpins">Addresses of local endpoints, counted by service-port.</param>
/// <param name="Choices">What makes chains, counted by frontend and class of source.</param>
/// <param name="Notes">Of the service-ports that have any.</param>
internal sealed record NftLowering(
    ServiceGraph Graph, NftTable Table, Multiset<Ip> Hairpins, Multiset<Choice> Choices,
    SortedSeq<Noted<ServicePortName>> Notes)
    : Lowering<NftRuleset>(
        Graph, new NftRuleset(Graph.Family, [Table]), Notes.SelectMany(note => note.Diagnostics).ToSeq());
