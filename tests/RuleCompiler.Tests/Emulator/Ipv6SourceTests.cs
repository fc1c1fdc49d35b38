using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;
using Xunit;
using static RuleCompiler.Tests.Emulation.World;

namespace RuleCompiler.Tests.Emulation;

/// <summary>The address that MASQUERADE gives where a node has several: each row seen on a 6.18 kernel.</summary>
public sealed class Ipv6SourceTests
{
    private static readonly HostNetwork _host = new(
        [
            new HostInterface("eth0", [Ip.Parse("fd00:77::2"), Ip.Parse("2001:db8::2"), Ip.Parse("fd00:77::3")]),
            new HostInterface("cni0", []),
        ],
        [new Route(Prefix.Parse("fd00:64::/64"), "cni0"), new Route(Prefix.Parse("::/0"), "eth0")]);

    [Theory]
    [InlineData("fd00:64::5", "fd00:77::3")] // both fd00 addresses share its label and 25 bits: the last added
    [InlineData("fd00:77::2:1", "fd00:77::3")]
    [InlineData("2001:4860::8888", "2001:db8::2")] // label 1
    public void Source_is_chosen_for_the_destination(string endpoint, string source)
    {
        var rules = new IptablesRuleset(Family.Ipv6,
        [
            Nat(
                Chain("PREROUTING", If(Dnat($"[{endpoint}]:8080"), Is(Protocol.Tcp))),
                Chain("POSTROUTING", If(Masquerade))),
        ]);
        var passage = new World(rules, _host).Send(First("tcp [fd00:16::9]:4000 > [fd00:96::1]:80", "eth0"));
        Assert.Equal(Ip.Parse(source), passage.Sent.Tuple.Source);
    }
}
