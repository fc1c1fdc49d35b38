using RuleCompiler.Backends.Iptables;
using Xunit;
using static RuleCompiler.Tests.Backends.Iptables.SmallCluster;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class LowerTests
{
    [Fact]
    public void A_ClusterIp_is_dispatched_marked_and_balanced_in_its_own_chain()
    {
        var ruleset = Lower([Cart], [Cart.Slice("10.64.0.5@node-0", "10.64.1.5", "10.64.1.6")]).Artifact;
        Assert.Equal(
            """
            -A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "shop/cart:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-I5LIAMPLWKMBJ54B
            -A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
            -A KUBE-SVC-I5LIAMPLWKMBJ54B ! -s 10.64.0.0/16 -d 10.96.0.10/32 -p tcp -m comment --comment "shop/cart:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
            -A KUBE-SVC-I5LIAMPLWKMBJ54B -p tcp -m comment --comment "shop/cart:http" -m statistic --mode random --probability 0.33333333348855 -j DNAT --to-destination 10.64.0.5:8080
            -A KUBE-SVC-I5LIAMPLWKMBJ54B -p tcp -m comment --comment "shop/cart:http" -m statistic --mode random --probability 0.50000000000000 -j DNAT --to-destination 10.64.1.5:8080
            -A KUBE-SVC-I5LIAMPLWKMBJ54B -p tcp -m comment --comment "shop/cart:http" -j DNAT --to-destination 10.64.1.6:8080

            """,
            RulesOf(ruleset, TableName.Nat, chain => chain.StartsWith("KUBE-S", StringComparison.Ordinal)));
    }
}
