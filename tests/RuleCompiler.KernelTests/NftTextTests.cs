using RuleCompiler.Backends;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using RuleCompiler.KernelTests.Net;
using RuleCompiler.Linux;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>What we print is what nft takes, and both of its listings give it back: print → nft -f → list → parse.</summary>
public sealed class NftTextTests
{
    private static readonly HostNetwork _noNetwork = new([], []);

    [Theory]
    [InlineData(Family.Ipv4)]
    [InlineData(Family.Ipv6)]
    public void Every_form_comes_back_from_the_kernel(Family family)
    {
        KernelMachine.Require("nft");
        using var network = NodeNetwork.Create(_noNetwork);
        var ruleset = EveryNftForm.For(family);
        network.Node.Run(() => Tool.Run("nft", ["-f", "-"], NftablesBackend.Instance.Print(ruleset)[0].Text));
        var text = NftablesBackend.Instance.Parse([Listing(network, "-s", "list", "ruleset")], family);
        var json = NftablesBackend.Instance.Parse([Listing(network, "-j", "list", "ruleset")], family);
        Assert.Empty(text.Diagnostics);
        Assert.Empty(json.Diagnostics);
        Assert.Equal(NftablesBackend.Instance.Print(ruleset)[0].Text, NftablesBackend.Instance.Print(text.Artifact)[0].Text);
        Assert.Equal(text.Artifact, json.Artifact);
    }

    private static ArtifactFile Listing(NodeNetwork network, params string[] arguments) =>
        new(string.Join(' ', arguments), network.Node.Run(() => Tool.Run("nft", arguments)));
}
