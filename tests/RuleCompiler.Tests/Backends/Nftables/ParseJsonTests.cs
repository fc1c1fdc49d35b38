using System.Text;
using RuleCompiler.Backends;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;
using Xunit;

namespace RuleCompiler.Tests.Backends.Nftables;

public sealed class ParseJsonTests
{
    [Theory]
    [InlineData("nft-ip", Family.Ipv4)]
    [InlineData("nft-ip6", Family.Ipv6)]
    public void Both_listings_of_what_kube_proxy_programmed_are_one(string file, Family family)
    {
        var text = Parse(File.ReadAllText(Checkout.PathOf("golden/kubernetes-1.36", file + ".txt")), family);
        var json = Parse(File.ReadAllText(Checkout.PathOf("golden/kubernetes-1.36", file + ".json")), family);
        Assert.Empty(text.Diagnostics);
        Assert.Empty(json.Diagnostics);
        Assert.Equal(text.Artifact, json.Artifact);
    }

    /// <summary>Written by nft 1.0.6 on Linux 6.18 after EveryStatement.txt had been loaded, which it wrote too.</summary>
    [Fact]
    public void Both_listings_of_every_statement_are_one()
    {
        var text = Parse(File.ReadAllText(Checkout.PathOf("tests/RuleCompiler.Tests/Backends/Nftables", "EveryStatement.txt")));
        var json = Parse(File.ReadAllText(Checkout.PathOf("tests/RuleCompiler.Tests/Backends/Nftables", "EveryStatement.json")));
        Assert.Empty(text.Diagnostics);
        Assert.Empty(json.Diagnostics);
        Assert.Equal(text.Artifact, json.Artifact);
        Assert.Equal(49, text.Artifact.Tables.Sum(table => table.Chains.Sum(chain => chain.Rules.Count)));
    }

    [Theory]
    [InlineData("""{"log": null}""", "RC4102")]
    [InlineData("""{"counter": "named"}""", "RC4102")]
    [InlineData("""{"match": {"op": "==", "left": {"socket": {"key": "mark"}}, "right": 1}}""", "RC4102")]
    [InlineData("""{"match": {"op": "==", "left": {"meta": {"key": "skuid"}}, "right": 1}}""", "RC4102")]
    [InlineData("""{"match": {"op": "~", "left": {"meta": {"key": "mark"}}, "right": 1}}""", "RC4101")]
    [InlineData("""{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "fd00::1"}}""", "RC4103")]
    [InlineData("""{"match": {"op": "==", "left": {"payload": {"protocol": "ip6", "field": "saddr"}}, "right": "fd00::1"}}""", "RC4105")]
    [InlineData("""{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": -1.5e300}}""", "RC4103")]
    [InlineData("""{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": "1 accept"}}""", "RC4101")]
    [InlineData("""{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": "1\naccept"}}""", "RC4101")]
    [InlineData("""{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": "\ud800"}}""", "RC4101")]
    [InlineData("""{"jump": {"target": "c; drop"}}""", "RC4101")]
    [InlineData("""{"dnat": {"addr": "10.0.0.1", "flags": "random"}}""", "RC4102")]
    [InlineData("""{"reject": {"type": "icmpv6", "expr": "no-route"}}""", "RC4101")]
    [InlineData("\"add @m { ip saddr }; accept\"", "RC4101")]
    [InlineData("[]", "RC4101")]
    [InlineData("{}", "RC4101")]
    [InlineData("null", "RC4101")]
    public void A_rule_that_is_not_understood_is_left_out_with_its_place(string statement, string id)
    {
        var parsed = Parse($$$"""
            {"nftables": [
            {"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}},
            {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"drop": null}]}},
              {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{{{statement}}}]}},
            {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"accept": null}]}}]}
            """);
        var diagnostic = Assert.Single(parsed.Diagnostics);
        Assert.Equal((id, 4, 3), (diagnostic.Rule.Id, diagnostic.Location.Line, diagnostic.Location.Column));
        Assert.Equal(2, parsed.Artifact.Tables[0].Chains[0].Rules.Count);
    }

    [Theory]
    [InlineData("""{"nftables": 5}""", "RC4101")]
    [InlineData("""{"other": []}""", "RC4101")]
    [InlineData("{", "RC4101")]
    [InlineData("""{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"ch""", "RC4101")]
    [InlineData("""{"nftables": [{"table": {"family": "ip", "name": "t"}}]""", "RC4101")]
    [InlineData("""{"nftables": [{"table": {"family": "inet", "name": "t"}}]}""", "RC4105")]
    [InlineData("""{"nftables": [{"table": {"family": "ip6", "name": "t"}}]}""", "RC4105")]
    [InlineData("""{"nftables": [{"flowtable": {"family": "ip", "name": "f", "table": "t"}}]}""", "RC4102")]
    [InlineData("""{"nftables": [{"rule": {"family": "ip", "table": "t", "chain": "c", "expr": []}}]}""", "RC4106")]
    public void What_is_wrong_has_a_diagnostic(string json, string id) =>
        Assert.Equal(id, Assert.Single(Parse(json).Diagnostics).Rule.Id);

    [Fact]
    public void Deep_nesting_is_refused()
    {
        var deep = new StringBuilder("{\"nftables\": ").Append('[', 100_000).Append(']', 100_000).Append('}');
        Assert.Equal("RC4101", Assert.Single(Parse(deep.ToString()).Diagnostics).Rule.Id);
    }

    [Fact]
    public void Errors_are_not_reported_for_ever()
    {
        var noise = string.Join(", ", Enumerable.Repeat("{\"noise\": 1}", 5000));
        var parsed = Parse($"{{\"nftables\": [{noise}]}}");
        Assert.InRange(parsed.Diagnostics.Count, 1000, 1001);
    }

    private static Parsed<NftRuleset> Parse(string text, Family family = Family.Ipv4) =>
        NftablesBackend.Instance.Parse([new ArtifactFile("dump", text)], family);
}
