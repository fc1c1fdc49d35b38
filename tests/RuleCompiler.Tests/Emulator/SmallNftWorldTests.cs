using RuleCompiler.Emulator;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

/// <summary>As <see cref="SmallWorldTests"/>, for nftables and <see cref="NaiveNft"/>.</summary>
public sealed class SmallNftWorldTests
{
    private const int WorldsMin = 100;

    [Fact]
    public void The_emulator_and_a_naive_interpreter_agree_on_every_packet_of_every_world()
    {
        var worlds = Fuzz.Cases(WorldsMin);
        var (outcomes, split) = SmallWorld.Check(worlds, seed =>
        {
            var rules = new SmallNftWorlds(new Random(seed), SmallWorld.Addresses).Next();
            var naive = new NaiveNft(rules, ip => ip == SmallWorld.Node, SmallWorld.RouteTo, SmallWorld.Node);
            return new SmallWorld(NftablesTranslator.Translate(rules), naive.Outcomes, rules.ToString);
        });
        if (worlds < WorldsMin) return;
        Assert.Equal(4, outcomes);
        Assert.True(split > 500, $"only {split} packets had a choice");
    }
}
