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
        var sets = to.Sets.ToDictionary(set => set.Name);
        var chains = to.Chains.ToDictionary(chain => chain.Name);
        return from.Sets.All(set => !sets.TryGetValue(set.Name, out var other) || IsOfType(set, other))
            && from.Chains.All(chain => !chains.TryGetValue(chain.Name, out var other) || other.Hook == chain.Hook);

        // What was read from nft -j does not say whose ports they are.
        static bool IsOfType(NftSet set, NftSet other) =>
            set with { Elements = [], PortsOf = set.PortsOf ?? other.PortsOf } == other with { Elements = [] };
    }

    /// <summary>
    /// What is referred to comes before what refers to it. Rules are compared as they are: all of a chain's are replaced.
    /// </summary>
    private static void Edit(NftTable from, NftTable to, List<NftCommand> commands, List<NftCommand> afterwards)
    {
        var oldSets = from.Sets.ToDictionary(set => set.Name);
        var oldChains = from.Chains.ToDictionary(chain => chain.Name);
        var newChains = to.Chains.Select(chain => chain.Name).ToHashSet();
        var newSets = to.Sets.Select(set => set.Name).ToHashSet();
        foreach (var chain in to.Chains)
        {
            if (!oldChains.ContainsKey(chain.Name)) commands.Add(new NftCommand.AddChain(chain.Name, chain.Hook));
        }

        foreach (var set in to.Sets)
        {
            if (!oldSets.ContainsKey(set.Name)) commands.Add(new NftCommand.AddSet(set with { Elements = [] }));
        }

        foreach (var chain in to.Chains)
        {
            var old = oldChains.GetValueOrDefault(chain.Name)?.Rules ?? [];
            if (old == chain.Rules) continue;
            if (!old.IsEmpty) commands.Add(new NftCommand.FlushChain(chain.Name));
            foreach (var rule in chain.Rules) commands.Add(new NftCommand.AddRule(chain.Name, rule));
        }

        List<NftCommand> additions = [];
        foreach (var set in to.Sets)
        {
            var (gone, come) = Differences(oldSets.GetValueOrDefault(set.Name)?.Elements ?? [], set.Elements);
            if (!gone.IsEmpty) commands.Add(new NftCommand.DeleteElements(set with { Elements = gone }));
            if (!come.IsEmpty) additions.Add(new NftCommand.AddElements(set with { Elements = come }));
        }

        commands.AddRange(additions);
        var stale = from.Chains.Where(chain => !newChains.Contains(chain.Name)).ToArray();
        afterwards.AddRange(stale.Where(chain => !chain.Rules.IsEmpty).Select(chain => new NftCommand.FlushChain(chain.Name)));
        afterwards.AddRange(stale.Select(chain => new NftCommand.DeleteChain(chain.Name)));
        afterwards.AddRange(from.Sets.Where(set => !newSets.Contains(set.Name))
            .Select(set => new NftCommand.DeleteSet(set.Name, IsMap: set.Data is not null)));
    }

    /// <summary>
    /// A merge of two sorted lists. An element with another value, comment or timeout goes and comes.
    /// </summary>
    private static (Seq<Element> Gone, Seq<Element> Come) Differences(Seq<Element> old, Seq<Element> desired)
    {
        List<Element> gone = [], come = [];
        var (i, j) = (0, 0);
        while (i < old.Count || j < desired.Count)
        {
            var order = i == old.Count ? 1 : j == desired.Count ? -1 : ElementOrder.Compare(old[i], desired[j]);
            if (order < 0)
            {
                gone.Add(old[i++]);
            }
            else if (order > 0)
            {
                come.Add(desired[j++]);
            }
            else
            {
                if (old[i] != desired[j])
                {
                    gone.Add(old[i]);
                    come.Add(desired[j]);
                }

                (i, j) = (i + 1, j + 1);
            }
        }

        return (gone.ToSeq(), come.ToSeq());
    }
}
