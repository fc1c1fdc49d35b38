using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Tests.Gen;
using FsCheck.Xunit;
using Xunit;

namespace RuleCompiler.Tests.Backends.Iptables;

/// <summary>
/// Every row was run through iptables-nft-restore --noflush and iptables-legacy-restore --noflush 1.8.9 on Linux 6.18; both
/// gave what is written here. They differ in one thing that is left out: a loop of chains that a packet can reach is
/// refused by the nft flavour and taken by the legacy one.
/// </summary>
public sealed class ApplyTests
{
    private const string Two = ":A - [0:0]\n-A A -j ACCEPT\n-A A -s 10.0.0.1/32 -j DROP\n";
    private const string Referenced = ":A - [0:0]\n-A INPUT -j A\n";

    [Theory]
    [InlineData(Two, ":A - [0:0]\n-A A -j DROP\n:A - [0:0]\n-A A -j RETURN\n", ":A - [0:0]\n-A A -j RETURN\n")]
    [InlineData(Two, ":A - [0:0]\n", ":A - [0:0]\n")]
    [InlineData(Two, "-I A 3 -j RETURN\n", Two + "-A A -j RETURN\n")]
    [InlineData(Two, "-I A -j RETURN\n", ":A - [0:0]\n-A A -j RETURN\n-A A -j ACCEPT\n-A A -s 10.0.0.1/32 -j DROP\n")]
    [InlineData(Two, "-R A 2 -j RETURN\n", ":A - [0:0]\n-A A -j ACCEPT\n-A A -j RETURN\n")]
    [InlineData(Two, "-D A 1\n", ":A - [0:0]\n-A A -s 10.0.0.1/32 -j DROP\n")]
    [InlineData(Two, "-A A -j RETURN\n-I A 3 -s 10.9.9.9\n-D A 1\n-R A 1 -s 10.8.8.8\n",
        ":A - [0:0]\n-A A -s 10.8.8.8/32\n-A A -s 10.9.9.9/32\n-A A -j RETURN\n")]
    [InlineData(Two, "-A A -j ACCEPT\n-D A -j ACCEPT\n", ":A - [0:0]\n-A A -s 10.0.0.1/32 -j DROP\n-A A -j ACCEPT\n")]
    [InlineData(Two, "-F A\n", ":A - [0:0]\n")]
    [InlineData(Two, ":A - [0:0]\n-X A\n", "")]
    [InlineData(Two, "-F A\n-X A\n:A - [0:0]\n-A A -j RETURN\n", ":A - [0:0]\n-A A -j RETURN\n")]
    [InlineData(Two, "-A A -j RETURN\n:B - [0:0]\n-A B -j RETURN\n", Two + "-A A -j RETURN\n:B - [0:0]\n-A B -j RETURN\n")]
    [InlineData(Two, "-A A -j A\n", Two + "-A A -j A\n")]
    [InlineData(Referenced, "-D INPUT -j A\n-X A\n", "")]
    [InlineData("-A INPUT -j ACCEPT\n", ":INPUT DROP [0:0]\n", ":INPUT DROP [0:0]\n-A INPUT -j ACCEPT\n")]
    [InlineData("-A INPUT -j ACCEPT\n", ":INPUT - [0:0]\n", "-A INPUT -j ACCEPT\n")]
    [InlineData("-A INPUT -j ACCEPT\n", "-F INPUT\n", "")]
    public void Commands_do_what_both_flavours_do(string before, string commands, string after) =>
        Assert.Equal(Read(after), IptablesBackend.Instance.Apply(Read(before), Block(commands)));

    [Theory]
    [InlineData(Two, "-X A", 0)]
    [InlineData(Two, "-X A\n-F A", 0)]
    [InlineData(Referenced, "-X A", 0)]
    [InlineData(Referenced, "-X A\n-D INPUT -j A", 0)]
    [InlineData(Referenced, ":B - [0:0]\n-I INPUT -g A\n-D INPUT -j A\n-X B\n-X A", 4)]
    [InlineData(Two, "-X B", 0)]
    [InlineData(Two, "-X INPUT", 0)]
    [InlineData(Two, "-D A -s 1.1.1.1 -j DROP", 0)]
    [InlineData(Two, "-D B -s 1.1.1.1 -j DROP", 0)]
    [InlineData(Two, "-D A 3", 0)]
    [InlineData(Two, "-A B -j ACCEPT", 0)]
    [InlineData(Two, "-I A 4 -j ACCEPT", 0)]
    [InlineData(Two, "-R A 3 -j ACCEPT", 0)]
    [InlineData(Two, "-A A -j NOPE", 0)]
    [InlineData(Two, "-A A -g NOPE", 0)]
    [InlineData(Two, "-A A -j LATER\n:LATER - [0:0]", 0)]
    [InlineData(Two, "-A A -j INPUT", 0)]
    [InlineData(Two, "-F NOPE", 0)]
    [InlineData(Two, "-A PREROUTING -j A", 0)]
    [InlineData(Two, ":B - [0:0]\n-X B\n-A A -j B", 2)]
    public void A_command_that_both_flavours_refuse_refuses_the_block(string before, string commands, int index)
    {
        var exception = Assert.Throws<BlockRefusedException>(() => IptablesBackend.Instance.Apply(Read(before), Block(commands)));
        Assert.Equal(index, exception.Index);
        Assert.Equal(TableName.Filter, exception.Table);
    }

    [Fact]
    public void A_user_defined_chain_has_no_policy() => Assert.Throws<BlockRefusedException>(() => IptablesBackend.Instance.Apply(
        Read(Two), new TableBlock(TableName.Filter, [new RestoreCommand.Declare("B", Policy.Drop)])));

    [Fact]
    public void A_block_leaves_other_tables_and_chains_as_they_are()
    {
        var before = EveryRuleForm.For(Family.Ipv4);
        var after = IptablesBackend.Instance.Apply(before, Block(":KUBE-NEW - [0:0]\n-I INPUT 1 -j KUBE-NEW\n"));
        Assert.Equal(before.Find(TableName.Nat), after.Find(TableName.Nat));
        var chains = after.Find(TableName.Filter)!.Chains;
        Assert.Equal(["INPUT", "FORWARD", "KUBE-NEW", "KUBE-REJECT"], chains.Select(chain => chain.Name));
        Assert.Equal(2, chains[0].Rules.Count);
        Assert.Equal(before, IptablesBackend.Instance.Apply(after, Block("-D INPUT -j KUBE-NEW\n-X KUBE-NEW\n")));
    }

    /// <summary>Law 4's mechanics: one block per table that empties and fills makes any ruleset of any other.</summary>
    [Property(Arbitrary = [typeof(RulesetGen)], MaxTest = 60)]
    public void Blocks_turn_any_ruleset_into_any_other(IptablesRuleset from, IptablesRuleset to)
    {
        var result = from;
        foreach (var name in TableFacts.All) result = IptablesBackend.Instance.Apply(result, Rewrite(name, from.Find(name), to.Find(name)));
        Assert.Equal(to.Tables, WithoutPolicies(result, to).Tables);
    }

    private static TableBlock Rewrite(TableName name, Table? from, Table? to)
    {
        var (old, wanted) = (from?.Chains ?? [], to?.Chains ?? []);
        return new TableBlock(name, Seq.Create<RestoreCommand>(
        [
            .. old.Where(chain => name.IsBuiltIn(chain.Name)).Select(chain => new RestoreCommand.Flush(chain.Name)),
            .. old.Where(chain => !name.IsBuiltIn(chain.Name)).Select(chain => new RestoreCommand.Flush(chain.Name)),
            .. wanted.Select(chain => new RestoreCommand.Declare(chain.Name, chain.Policy)),
            .. wanted.SelectMany(chain => chain.Rules.Select(rule => new RestoreCommand.Append(chain.Name, rule))),
            .. old.Where(chain => !name.IsBuiltIn(chain.Name) && wanted.All(other => other.Name != chain.Name))
                .Select(chain => new RestoreCommand.DeleteChain(chain.Name)),
        ]));
    }

    /// <summary>A policy cannot be taken back, only changed: those that the goal leaves open are forgotten.</summary>
    private static IptablesRuleset WithoutPolicies(IptablesRuleset ruleset, IptablesRuleset goal) => ruleset with
    {
        Tables = ruleset.Tables.Select(table => table with
        {
            Chains = table.Chains
                .Select(chain => chain with { Policy = Find(goal, table.Name, chain.Name)?.Policy })
                .Where(chain => Find(goal, table.Name, chain.Name) is not null || !chain.Rules.IsEmpty).ToSeq(),
        }).Where(table => !table.Chains.IsEmpty).ToSeq(),
    };

    private static Chain? Find(IptablesRuleset ruleset, TableName table, string chain) =>
        ruleset.Find(table)?.Chains.FirstOrDefault(other => other.Name == chain);

    private static IptablesRuleset Read(string commands)
    {
        var parsed = IptablesBackend.Instance.Parse([new ArtifactFile("before", $"*filter\n{commands}COMMIT\n")], Family.Ipv4);
        Assert.Empty(parsed.Diagnostics);
        return parsed.Artifact;
    }

    private static TableBlock Block(string commands)
    {
        var parsed = IptablesBackend.ParseBlocks(new ArtifactFile("block", $"*filter\n{commands}\nCOMMIT\n"), Family.Ipv4);
        Assert.Empty(parsed.Diagnostics);
        return Assert.Single(parsed.Artifact.ToArray());
    }
}
