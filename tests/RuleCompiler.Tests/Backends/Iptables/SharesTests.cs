using System.Numerics;
using RuleCompiler.Backends.Iptables;
using Xunit;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class SharesTests
{
    /// <summary>
    /// The promise of the backend: with the kernel's 31-bit comparison every endpoint gets 1/n within 2^-31. Masses are
    /// exact, as integers over 2^62: two random choices of 31 bits in groups; a single row multiplies out further.
    /// </summary>
    [Fact]
    public void Every_share_is_within_one_step_of_its_part()
    {
        for (var n = 1; n <= 1000; n++)
        {
            foreach (var (numerator, bits) in SharesOf(n))
            {
                // |numerator / 2^bits - 1/n| <= 2^-31
                var difference = BigInteger.Abs((numerator * n) - (BigInteger.One << bits));
                Assert.True(difference << 31 <= (BigInteger)n << bits, $"a share of {n} endpoints is off by more than 2^-31");
            }
        }
    }

    [Theory]
    [InlineData(1, 1, 1u << 31)]
    [InlineData(1, 2, 1u << 30)]
    [InlineData(1, 3, 715827883u)]
    [InlineData(2, 3, 1431655765u)]
    [InlineData(1, 100_000, 21475u)]
    public void Thresholds_are_the_nearest_integers(int share, int of, uint expected) =>
        Assert.Equal(expected, Shares.Threshold(share, of));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(64, 64)]
    [InlineData(65, 32)]
    [InlineData(1000, 32)]
    [InlineData(36 * 36 * 32, 32)]
    [InlineData((36 * 36 * 32) + 1, 33)]
    public void Groups_stay_few_enough_to_be_named(int endpoints, int size)
    {
        Assert.Equal(size, Shares.GroupSizeFor(endpoints));
        Assert.InRange((endpoints + size - 1) / size, 1, Names.GroupsMax);
    }

    /// <summary>Each endpoint's mass as numerator over 2^bits, from the thresholds alone.</summary>
    private static IEnumerable<(BigInteger Numerator, int Bits)> SharesOf(int n)
    {
        var size = Shares.GroupSizeFor(n);
        var (reaching, bits) = (BigInteger.One, 0);
        for (var first = 0; first < n; first += size)
        {
            var members = Math.Min(size, n - first);
            var threshold = Shares.Threshold(members, n - first);
            foreach (var (numerator, memberBits) in Row(members))
                yield return (reaching * threshold * numerator, bits + 31 + memberBits);
            (reaching, bits) = (reaching * ((1L << 31) - threshold), bits + 31);
        }
    }

    private static IEnumerable<(BigInteger Numerator, int Bits)> Row(int n)
    {
        var (reaching, bits) = (BigInteger.One, 0);
        for (var i = 0; i < n; i++)
        {
            var threshold = Shares.Threshold(1, n - i);
            yield return (reaching * threshold, bits + 31);
            (reaching, bits) = (reaching * ((1L << 31) - threshold), bits + 31);
        }
    }
}
