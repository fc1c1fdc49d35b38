using System.Text;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using Xunit;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class NamesTests
{
    /// <summary>Vectors of service-semantics §4.3.</summary>
    [Theory]
    [InlineData("ns1", "svc1", "p80", null, "XPGD46QRK7WJZT7O")]
    [InlineData("ns1", "svc1", "p80", "10.180.0.1:80", "SXIVWICOYRO3J4NJ")]
    [InlineData("ns2", "svc2", "p80", null, "GNZBNJ2PO5MGZ6GT")]
    [InlineData("ns5", "svc5", "p80", "10.180.0.3:80", "I77PXRDZVX7PMWMN")]
    [InlineData("ns1", "svc1", "", null, "AQI2S6QIMU7PVVRP")]
    public void Names_are_kube_proxys(string ns, string name, string port, string? endpoint, string expected)
    {
        var servicePort = new ServicePortName(new ObjectName(ns, name), port, Protocol.Tcp);
        Assert.Equal(
            endpoint is null ? expected : Names.EndpointPrefix + expected,
            endpoint is null ? Names.HashOf(servicePort) : Names.Endpoint(servicePort, Endpoint.Parse(endpoint)));
    }

    [Fact]
    public void The_longest_names_fit()
    {
        var hashed = Names.ClusterPrefix + new string('A', 16);
        string[] longest =
        [
            Names.Group(hashed, Names.GroupsMax - 1), Names.Bucket(hashed, 15), Names.Variant(hashed, 9),
            Names.Branch(Names.ClusterPrefix, Prefix.Parse("255.255.255.255/32")),
            Names.Branch(Names.ClusterPrefix, Prefix.Parse("fd00:96::/122")),
            Names.Branch(Names.ExternalPrefix, Protocol.Sctp, new Port(30720), new Port(31231)),
            Names.Branch(Names.ExternalPrefix, Ip.Parse("255.255.255.255"), Protocol.Sctp, new Port(30720), new Port(31231)),
        ];
        Assert.All(longest, name => Assert.InRange(Encoding.UTF8.GetByteCount(name), 1, Names.BytesMax));
    }

    [Fact]
    public void Suffixes_never_meet()
    {
        const string Chain = "KUBE-SVC-XPGD46QRK7WJZT7O";
        var names = Enumerable.Range(0, Names.GroupsMax).Select(i => Names.Group(Chain, i))
            .Concat(Enumerable.Range(0, 1 << AffinityBuckets.BitsMax).Select(i => Names.Bucket(Chain, i)))
            .Append(Chain).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
    }

    [Fact]
    public void A_long_comment_is_cut_between_characters()
    {
        Assert.Equal("short", Comments.Clip("short"));
        var cut = Comments.Clip(new string('é', 200));
        Assert.Equal(new string('é', 127), cut);
    }
}
