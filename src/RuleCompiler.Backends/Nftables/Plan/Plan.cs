using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>From one state to another: README.md argues why no packet sees a third one.</content>
public sealed partial class NftablesBackend
{
    /// <summary>
    /// One transaction of what differs in our table, and where chains fell out of use a second that deletes them and
    /// the sets that they used: kernels before 6.2 notice late that no element leads to them (service-semantics §5.7).
    /// Other tables stay.
    /// </summary>
    public override Seq<NftTransaction> Plan(NftRuleset observed, NftRuleset desired)
    {
        var (from, to) = (observed.Find(Names.Table), desired.Find(Names.Table));
        List<NftCommand> commands = [], afterwards = [];
        if (to is null)
        {
            if (from is not null) commands.Add(new NftCommand.DeleteTable());
        }
        else if (from is null || !CanBeEdited(from, to))
        {
            if (from is not null) commands.Add(new NftCommand.DeleteTable());
            commands.Add(new NftCommand.AddTable());
            Edit(new NftTable(to.Name, [], []), to, commands, afterwards);
        }
        else
        {
            Edit(from, to, commands, afterwards);
        }

        return new[] { commands, afterwards }
            .Where(list => list.Count > 0)
            .Select(list => new NftTransaction(Names.Table, list.ToSeq())).ToSeq();
    }

    /// <summary>
    /// Sets that stay keep their types, and chains their hooks, or the table is made anew: that is another version of
    /// us.
    /// </summary>
    private static bool CanBeEdited(NftTable from, NftTable to)
    {
        return from.Sets.ChangesTo(to.Sets).Removed
                .All(set => !to.Sets.TryFind(set, out var other) || IsOfType(set, other))
            && from.Chains.ChangesTo(to.Chains).Removed
                .All(chain => !to.Chains.TryFind(chain, out var other) || other.Hook == chain.Hook);

        // What was read from nft -j does not say whose ports they are.
        static bool IsOfType(NftSet set, NftSet other) =>
            set with { Elements = [], PortsOf = set.PortsOf ?? other.PortsOf } == other with { Elements = [] };
    }

    /// <summary>
    /// What is referred to comes before what refers to it. Rules are compared as they are: all of a chain's are
    /// replaced. An element with another value, comment or timeout goes and comes.
    /// </summary>
    private static void Edit(NftTable from, NftTable to, List<NftCommand> commands, List<NftCommand> afterwards)
    {
        var (chains, sets) = (from.Chains.ChangesTo(to.Chains), from.Sets.ChangesTo(to.Sets));
        commands.AddRange(chains.Added.Where(chain => !from.Chains.TryFind(chain, out _))
            .Select(chain => new NftCommand.AddChain(chain.Name, chain.Hook)));
        commands.AddRange(sets.Added.Where(set => !from.Sets.TryFind(set, out _))
            .Select(set => new NftCommand.AddSet(set with { Elements = [] })));
        foreach (var chain in chains.Added)
        {
            if (from.Chains.TryFind(chain, out var old) && !old.Rules.IsEmpty)
                commands.Add(new NftCommand.FlushChain(chain.Name));
            commands.AddRange(chain.Rules.Select(rule => new NftCommand.AddRule(chain.Name, rule)));
        }

        List<NftCommand> additions = [];
        foreach (var set in sets.Added)
        {
            var elements = (from.Sets.TryFind(set, out var old) ? old.Elements : []).ChangesTo(set.Elements);
            var (gone, come) = (elements.Removed.ToSortedSeq(), elements.Added.ToSortedSeq());
            if (!gone.IsEmpty) commands.Add(new NftCommand.DeleteElements(set with { Elements = gone }));
            if (!come.IsEmpty) additions.Add(new NftCommand.AddElements(set with { Elements = come }));
        }

        commands.AddRange(additions);
        var stale = chains.Removed.Where(chain => !to.Chains.TryFind(chain, out _)).ToArray();
        afterwards.AddRange(stale.Where(chain => !chain.Rules.IsEmpty)
            .Select(chain => new NftCommand.FlushChain(chain.Name)));
        afterwards.AddRange(stale.Select(chain => new NftCommand.DeleteChain(chain.Name)));
        afterwards.AddRange(sets.Removed.Where(set => !to.Sets.TryFind(set, out _))
            .Select(set => new NftCommand.DeleteSet(set.Name, IsMap: set.Data is not null)));
    }
}
