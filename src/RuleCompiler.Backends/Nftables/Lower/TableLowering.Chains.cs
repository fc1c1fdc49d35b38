using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>The chains, which do not depend on how many Services there are.</content>
internal sealed partial class TableLowering
{
    /// <summary>kube-proxy's hooks (service-semantics §5.2, §5.3).</summary>
    private IEnumerable<NftChain> HookChains()
    {
        var firewall = Words.Rule(Words.IsNew, Words.Jump(Names.FirewallCheck));
        var refusals = Words.Rule(
            Words.IsNew, Words.IsUntranslated, new Statement.VerdictMap(Words.Key(onNodePort: false), Words.In(Names.Refusals)));
        var nodePortRefusals = Words.Rule([
            Words.IsNew, Words.IsUntranslated, .. _words.Within(graph.NodePorts).Span,
            new Statement.VerdictMap(Words.Key(onNodePort: true), Words.In(Names.Refusals)),
        ]);
        var clusterIps = Words.Jump(Names.ClusterIpsCheck);
        var services = Words.Rule(Words.Jump(Names.Services));

        yield return Hook(Names.FilterPreroutingPreDnat, NftChainType.Filter, NftHookPoint.Prerouting, -110, firewall);
        yield return Hook(Names.FilterOutputPreDnat, NftChainType.Filter, NftHookPoint.Output, -110, firewall);
        yield return Hook(Names.FilterInput, NftChainType.Filter, NftHookPoint.Input, 0, refusals, nodePortRefusals);
        yield return Hook(
            Names.FilterForward, NftChainType.Filter, NftHookPoint.Forward, 0, refusals,
            Words.Rule(Words.IsNew, Words.IsUntranslated, clusterIps));
        yield return Hook(
            Names.FilterOutput, NftChainType.Filter, NftHookPoint.Output, 0, refusals,
            Words.Rule(Words.IsNew, Words.IsUntranslated, Words.DestinationIsForeign, clusterIps));
        yield return Hook(Names.NatPrerouting, NftChainType.Nat, NftHookPoint.Prerouting, -100, services);
        yield return Hook(Names.NatOutput, NftChainType.Nat, NftHookPoint.Output, -100, services);
        yield return Hook(Names.NatPostrouting, NftChainType.Nat, NftHookPoint.Postrouting, 100, [.. Masquerading()]);

        static NftChain Hook(string name, NftChainType type, NftHookPoint point, int priority, params Seq<NftRule> rules) =>
            new(name, new NftHook(type, point, priority, DropsByDefault: false), rules);
    }

    /// <summary>
    /// A slot is taken off before a queueing discipline sees it. The mark goes, so that the packet is not masqueraded
    /// again when it passes once more in a tunnel.
    /// </summary>
    private IEnumerable<NftRule> Masquerading()
    {
        var mark = MarkBit;
        var masquerade = new Statement.Masquerade(graph.Node.Kernel.RandomFully);
        yield return Words.Rule(Words.HasSlot, Unbound);
        yield return Words.Rule(
            new Statement.Match(new Expression.Bitwise(Words.Mark, mark, 0), Relation.NotEqual, [new(0)]),
            Words.SetMark(uint.MaxValue, mark), masquerade);
        yield return Words.Rule(
            Words.IsTranslated,
            new Statement.Lookup(
                new Expression.Concat([Words.Source, Words.Destination]), Words.In(Names.Hairpins), Inverted: false),
            masquerade);
    }

    private IEnumerable<NftChain> FixedChains()
    {
        yield return new NftChain(Names.Services, null,
        [
            .. Dispatch(onNodePort: false),
            Words.Rule([.. _words.Within(graph.NodePorts).Span, Words.Goto(Names.NodePorts)]),
        ]);
        yield return new NftChain(Names.NodePorts, null, [.. Dispatch(onNodePort: true)]);
        yield return new NftChain(Names.FirewallCheck, null,
        [
            Words.Rule(
                new Statement.Lookup(Words.Key(onNodePort: false), Words.In(Names.Firewalled), Inverted: false),
                new Statement.Lookup(Words.Key(onNodePort: false, Words.Source), Words.In(Names.SourceRanges), Inverted: true),
                Words.Drop),
        ]);
        yield return new NftChain(Names.ClusterIpsCheck, null,
        [
            Words.Rule(
                new Statement.Lookup(Words.Destination, Words.In(Names.ClusterIps), Inverted: false),
                new Statement.Reject(NftRejectKind.PortUnreachable)),
            Words.Rule(new Statement.Lookup(Words.Destination, Words.In(Names.ServiceCidrs), Inverted: false), Words.Drop),
        ]);
        yield return new NftChain(
            Names.RejectChain, null, [Words.Rule(new Statement.Reject(NftRejectKind.PortUnreachable))]);
    }

    /// <summary>
    /// A packet has one class of source: pods are told first, then the node (service-semantics §3.8).
    /// </summary>
    private IEnumerable<NftRule> Dispatch(bool onNodePort)
    {
        if (Words.LocalPod(graph.LocalTraffic, inverted: false) is { } fromPod)
            yield return Words.Rule(fromPod, In(Names.PodServices));
        yield return Words.Rule(Words.SourceIsLocal, In(Names.NodeServices));
        yield return Words.Rule(In(Names.Services));

        Statement In(string map) => new Statement.VerdictMap(Words.Key(onNodePort), Words.In(map));
    }

    private NftChain ChainOf(Choice choice)
    {
        var name = Names.Of(choice);
        var mark = MarkBit;
        if (choice.Guard == MasqueradeGuard.Nobody)
        {
            return new NftChain(
                name, null, choice.AffinitySeconds is { } seconds ? Remember(choice, seconds) : Pick(choice));
        }

        var set = Words.SetMark(~mark, mark);
        var marks = choice.Guard == MasqueradeGuard.NotPods && Words.LocalPod(graph.LocalTraffic, inverted: true) is { } others
            ? Words.Rule(others, set)
            : Words.Rule(set);
        return new NftChain(name, null, [marks, Words.Rule(Words.Goto(Names.Of(choice with { Guard = MasqueradeGuard.Nobody })))]);
    }

    private static Seq<NftRule> Pick(Choice choice) => _protocols.Select(protocol => Words.Rule(
        Words.Is(protocol),
        new Statement.Dnat(new Expression.Map(
            Words.KeyWithoutProtocol(choice.OnNodePort, IndexOf(choice)),
            Words.In(Names.EndpointsOf(protocol)))))).ToSeq();

    /// <summary>
    /// The slot that the client is bound to, if its endpoint is still there; else another one. <c>update</c> renews the
    /// timeout of a binding and leaves its slot (nft_dynset.c:nft_dynset_eval @v6.1), so an old one is deleted first.
    /// To renew one that is about to be deleted does no harm; kernels before 6.5 could not ask whether a map has a key.
    /// </summary>
    private static Seq<NftRule> Remember(Choice choice, int seconds)
    {
        var node = choice.OnNodePort;
        var slots = Words.In(choice.Local ? Names.LocalSlots : Names.Slots);
        var slot = Words.Key(node, Words.Priority);
        var (binding, affinity) = (Words.Binding(choice), Names.AffinityOf(choice.Owner));
        var renew = Bind(DynamicAction.Update, seconds);
        var dnat = new Statement.Dnat(new Expression.Map(slot, slots));
        return
        [
            Words.Rule(Unbound),
            Words.Rule(SetSlot(binding, affinity)),
            Words.Rule(Words.HasSlot, renew),
            Words.Rule(dnat),
            Words.Rule(Bind(DynamicAction.Delete, null)),
            Words.Rule(SetSlot(Words.Key(node, IndexOf(choice)), Names.StickyEndpoints)),
            Words.Rule(renew),
            Words.Rule(dnat),
        ];

        Statement Bind(DynamicAction action, int? timeout) =>
            new Statement.Dynamic(action, affinity, binding, timeout, Words.Priority);

        static Statement SetSlot(Expression key, string map) =>
            new Statement.SetMeta(MetaKey.Priority, new Expression.Map(key, Words.In(map)));
    }

    private static Statement Unbound => new Statement.SetMeta(MetaKey.Priority, new Expression.Constant([0]));

    private static Expression.Numgen IndexOf(Choice choice) =>
        new(Random: true, (uint)choice.Endpoints, choice.Local ? Choice.LocalOffset : 0);

    /// <summary>The bit that means "masquerade me".</summary>
    private uint MarkBit => 1u << graph.Node.Config.Nftables.MasqueradeBit;
}
